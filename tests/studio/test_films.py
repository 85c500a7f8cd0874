"""Films in the studio: clips as they are uploaded, ordered, painted, stopped, gone on with, played and deleted."""

import io
import json
import os
import shutil
import signal
import sqlite3
import sys
import time
import zipfile

import av
import numpy as np
import pytest
from PIL import Image
from studios import PATIENCE, QUICK, animation, enqueue_film, film, film_frame, png, upload, upload_file

from impasto.engine.stylizer import Stylizer
from impasto.studio.limits import Limits
from impasto.studio.schemas import FilmOrder
from impasto.studio.store import cleanup, database, queue, quota
from impasto.studio.worker.films import frames_between
from impasto.studio.worker.worker import JobRun


def frames_of(data):
    with av.open(io.BytesIO(data)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def wait_until_painted(studio, job, painted):
    end = time.monotonic() + PATIENCE
    while (found := studio.client.get(f"/api/jobs/{job}").json())["film"]["painted"] < painted:
        assert time.monotonic() < end, found
        assert found["state"] in {"queued", "running"}, found["error"]
        time.sleep(0.02)
    return found


def assert_equal(frames, others):
    assert len(frames) == len(others)
    for one, another in zip(frames, others, strict=True):
        assert np.array_equal(one, another)


def refusal(client, name, data):
    answer = client.post("/api/pictures", params={"name": name}, content=data)
    assert answer.status_code == 422, answer.text
    return answer.json()


def test_an_uploaded_film_tells_its_length_size_and_rate_and_is_sent_to_a_player_in_parts(client):
    data = film()
    clip = upload_file(client, "walk.mp4", data)
    assert (clip["width"], clip["height"]) == (96, 64)
    facts = clip["clip"]
    assert (facts["frames"], facts["seconds"], facts["rate"], facts["has_audio"]) == (24, 2.0, 12.0, False)
    assert facts["media_type"] == "video/mp4"
    for address in (clip["thumbnail"], clip["display"]):
        with Image.open(io.BytesIO(client.get(address).content)) as poster:
            assert poster.size == (96, 64)
    whole = client.get(facts["url"])
    assert (whole.status_code, whole.content, whole.headers["accept-ranges"]) == (200, data, "bytes")
    part = client.get(facts["url"], headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(data)}"
    assert client.get(facts["url"], headers={"range": f"bytes={len(data)}-"}).status_code == 416
    assert "media-src 'self'" in part.headers["content-security-policy"]
    assert part.headers["x-content-type-options"] == "nosniff"


@pytest.mark.usefixtures("quick_uploads")
def test_any_frame_of_a_clip_can_be_shown_also_where_no_browser_plays_it(client):
    clip = upload_file(client, "odd.avi", film(suffix=".avi"))
    assert clip["clip"]["media_type"] == "application/octet-stream"
    address = f"/api/pictures/{clip['id']}/frame"
    answer = client.get(address, params={"at": 1.55})
    assert answer.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(answer.content)) as shown:
        pixels = np.asarray(shown.convert("RGB"), float)
    differences = [np.abs(pixels - film_frame(number)).mean() for number in range(24)]
    assert np.argmin(differences) == 18, "of 12 a second, it is shown from 1.5 to 1.58"
    assert client.get(address, params={"at": "nan"}).status_code == 422
    assert client.get(f"/api/pictures/{upload(client)}/frame").status_code == 404


@pytest.mark.usefixtures("quick_uploads")
def test_an_animation_is_a_film_and_a_picture_that_stands_still_is_none(client):
    for kind, media_type in (("GIF", "image/gif"), ("WebP", "image/webp"), ("PNG", "image/png")):
        clip = upload_file(client, "moves", animation(kind))["clip"]
        assert (clip["frames"], round(clip["seconds"], 3), clip["media_type"]) == (6, 0.6, media_type)
    still = upload_file(client, "still.png", png())
    assert still["clip"] is None
    assert client.get(f"/api/pictures/{still['id']}/file").status_code == 404, "pictures are not sent as they came"


@pytest.mark.usefixtures("quick_uploads")
def test_what_is_no_film_or_too_long_is_refused_by_the_name_that_it_was_given(opened, folder):
    client = opened(Limits(clip_seconds=1.5))
    text = refusal(client, "holiday.mp4", b"this is no film at all, whatever its name says")
    assert text["problem"] == "holiday.mp4 is not a film that can be read"
    cut = refusal(client, "cut.mp4", film()[:300])
    assert cut["problem"].startswith("cut.mp4 has no index") or cut["problem"].startswith("cut.mp4 is not a film")
    long = refusal(client, "long.mp4", film(48))
    assert long["problem"].startswith("long.mp4 is")
    assert "minutes" in long["hint"]
    notes = refusal(client, "notes.txt", b"this is no film at all, and nobody says so")
    assert "film" not in notes["problem"]
    assert list(folder.incoming.iterdir()) == []
    assert folder.picture_files() == []


@pytest.mark.usefixtures("quick_uploads")
def test_a_film_that_ends_too_early_is_taken_and_says_so(client):
    data = film(suffix=".mkv")
    assert upload_file(client, "short.mkv", data[: len(data) * 2 // 3])["clip"]["problem"]


def test_a_film_may_have_more_bytes_than_a_picture(opened):
    client = opened(Limits(upload_bytes=200, clip_bytes=10**6))
    assert client.post("/api/pictures", params={"name": "a.png"}, content=png()).status_code == 413
    assert upload_file(client, "a.mp4", film())["clip"]
    client = opened(Limits(upload_bytes=200, clip_bytes=400))
    assert client.post("/api/pictures", params={"name": "a.mp4"}, content=film()).status_code == 413


@pytest.mark.usefixtures("quick_uploads")
@pytest.mark.parametrize("package", ["av", "cv2"])
def test_without_the_packages_for_films_one_line_says_what_to_install(client, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)  # what `import` sees when it is not installed
    answer = refusal(client, "walk.mp4", film() if package == "cv2" else b"whatever it is, nobody can tell")
    assert answer["problem"].startswith("walk.mp4 is a film")
    assert answer["hint"].startswith("Run: pip install ")
    assert upload_file(client, "moves.gif", animation())["clip"] is None, "it is the picture that it begins with"


@pytest.mark.usefixtures("quick_uploads")
def test_an_order_states_its_frames_and_a_preview_is_the_next_to_be_painted(client):
    clip, painting = upload_file(client, "walk.mp4", film())["id"], upload(client)
    first = enqueue_film(client, clip, painting)
    assert (first["film"]["frames"], first["film"]["seconds"], first["queue_position"]) == (24, 2.0, 1)
    part = enqueue_film(client, clip, painting, start=0.5, end=1.5, every=2, format="webm")
    assert (part["film"]["frames"], part["film"]["seconds"], part["queue_position"]) == (6, 1.0, 2)
    assert part["film"]["media_type"] == "video/webm"
    preview = enqueue_film(client, clip, painting, preview=True)
    assert preview["queue_position"] == 1
    assert client.get(f"/api/jobs/{first['id']}").json()["queue_position"] == 2
    again = client.post(f"/api/jobs/{part['id']}/retry").json()
    assert (again["film"]["start"], again["film"]["every"], again["film"]["format"]) == (0.5, 2, "webm")
    body = {"photo": clip, "paintings": [painting], "settings": {"recipe": "fast"}}
    estimate = client.post("/api/jobs/estimate", json=body).json()
    assert (estimate["frames"], estimate["width"], estimate["seconds"]) == (24, 96, None)
    assert client.post("/api/jobs", json=body).json()["settings"]["size"] == 96, "its own size, up to 512"
    assert client.post("/api/jobs/estimate", json=body).json()["same_as"] is not None


@pytest.mark.usefixtures("quick_uploads")
def test_orders_that_make_no_film_are_refused_in_one_line(opened):
    client = opened(Limits(film_frames=20))
    clip, still = upload_file(client, "walk.mp4", film())["id"], upload(client)
    moves = upload_file(client, "moves.gif", animation())["id"]
    order = {"photo": clip, "paintings": [still], "settings": QUICK}
    wrong = [
        (order, "24 frames"),
        (order | {"film": {"start": 2.0}}, "no frame"),
        (order | {"film": {"start": 1.0, "end": 0.5}}, "no frame"),
        (order | {"film": {"end": 1}, "keep": still}, "masks"),
        (order | {"film": {"end": 1}, "paintings": []}, "no painting"),
        (order | {"photo": still, "film": {}}, "only a clip"),
        (order | {"photo": still, "paintings": [clip]}, "no painting"),
        (order | {"film": {"end": 1}, "settings": {"recipe": "texture"}}, "without a photograph"),
    ]
    for body, problem in wrong:
        answer = client.post("/api/jobs", json=body)
        assert (answer.status_code, problem in answer.json()["problem"]) == (422, True), answer.text
    assert client.post("/api/batches", json={"photos": [clip, still], "paintings": [still]}).status_code == 422
    assert client.post("/api/jobs", json=order | {"photo": still, "paintings": [moves]}).status_code == 201
    small = opened(Limits(folder_bytes=150_000))
    answer = small.post("/api/jobs", json=order)
    assert "painted frames" in answer.json()["problem"]


def test_a_part_begins_with_the_frame_that_is_shown_then_and_has_at_least_one():
    times = [number / 10 for number in range(10)]
    assert frames_between(times, FilmOrder()) == range(10)
    assert frames_between(times, FilmOrder(start=0.25, end=0.5)) == range(2, 5)
    assert frames_between(times, FilmOrder(start=0.31, end=0.32)) == range(3, 4)
    assert frames_between(times, FilmOrder(end=5)) == range(10)


@pytest.mark.slow
def test_a_film_is_previewed_painted_played_and_downloaded(running):
    client = running.client
    clip, painting = upload_file(client, "walk.mp4", film(12)), upload(client)
    preview = enqueue_film(client, clip["id"], painting, preview=True)
    preview = running.wait_for(preview["id"], "finished", "failed")
    assert preview["state"] == "finished", preview["error"]
    assert preview["film"]["whole_seconds"] > 0
    order = {"photo": clip["id"], "paintings": [painting], "settings": QUICK}
    assert client.post("/api/jobs/estimate", json=order).json()["seconds"] == preview["film"]["whole_seconds"]
    job = running.wait_for(enqueue_film(client, clip["id"], painting)["id"], "finished", "failed")
    assert job["state"] == "finished", job["error"]
    assert (job["width"], job["height"], job["film"]["painted"], job["film"]["frames"]) == (64, 43, 12, 12)
    whole = client.get(job["result"])
    assert (whole.headers["content-type"], len(frames_of(whole.content))) == ("video/mp4", 12)
    part = client.get(job["result"], headers={"range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, whole.content[:10])
    named = client.get(job["result"], params={"download": True}).headers["content-disposition"]
    assert 'filename="walk-0.mp4"' in named
    for address in (job["thumbnail"], job["film"]["poster"]):
        assert client.get(address).headers["content-type"] == "image/webp"
    archive = zipfile.ZipFile(io.BytesIO(client.get("/api/jobs/zip", params={"jobs": [job["id"]]}).content))
    assert archive.read("walk-0.mp4") == whole.content
    assert client.get("/api/jobs", params={"search": "walk"}).json()["jobs"][0]["id"] == job["id"]
    assert client.get(f"/api/jobs/{job['id']}/result", params={"download": True, "format": "png"}).status_code == 200
    client.post("/api/jobs/trash", json={"jobs": [job["id"]]})
    assert client.get(job["result"]).status_code == 404
    client.post("/api/jobs/restore", json={"jobs": [job["id"]]})
    assert client.get(job["result"]).content == whole.content
    deleted = client.delete(f"/api/jobs/{job['id']}")
    assert deleted.status_code == 204
    assert [path.name for path in (running.data / "films").glob(f"{job['id']}.*")] == []
    assert [path.name for path in (running.data / "results").glob(f"{job['id']}*")] == []


@pytest.mark.slow
def test_a_cancelled_film_goes_on_where_it_was_and_is_equal_to_one_that_was_not(running):
    client = running.client
    clip, painting = upload_file(client, "walk.mp4", film(16))["id"], upload(client)
    job = enqueue_film(client, clip, painting)["id"]
    wait_until_painted(running, job, 3)
    assert client.post(f"/api/jobs/{job}/keep").status_code == 409
    assert client.post(f"/api/jobs/{job}/resume").status_code == 409
    client.post(f"/api/jobs/{job}/cancel")
    stopped = running.wait_for(job, "cancelled")
    painted = stopped["film"]["painted"]
    assert 3 <= painted < 16
    frames = running.data / "films" / f"{job}.mp4.frames"
    kept = {path.name: path.stat().st_mtime_ns for path in frames.glob("*.png")}
    assert len(kept) == painted
    resumed = client.post(f"/api/jobs/{job}/resume").json()
    assert (resumed["state"], resumed["film"]["painted"]) == ("queued", painted)
    wait_until_painted(running, job, painted + 1)
    for name, changed in kept.items():
        assert (frames / name).stat().st_mtime_ns == changed, "what was painted is not painted again"
    finished = running.wait_for(job, "finished", "failed")
    assert finished["state"] == "finished", finished["error"]
    assert not frames.exists()
    other = running.wait_for(enqueue_film(client, clip, painting)["id"], "finished")
    assert_equal(*(frames_of(client.get(one["result"]).content) for one in (finished, other)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["webm", "gif", "webp"])
def test_a_film_can_be_made_in_each_format(running, kind):
    clip, painting = upload_file(running.client, "moves.gif", animation())["id"], upload(running.client)
    job = running.wait_for(enqueue_film(running.client, clip, painting, format=kind)["id"], "finished", "failed")
    assert job["state"] == "finished", job["error"]
    answer = running.client.get(job["result"])
    assert answer.headers["content-type"] == job["film"]["media_type"]
    if kind == "webm":
        assert len(frames_of(answer.content)) == 6
    else:
        assert Image.open(io.BytesIO(answer.content)).n_frames == 6


@pytest.mark.slow
def test_a_film_that_cannot_be_painted_names_its_file_as_its_owner_does(running):
    clip = upload_file(running.client, "walk.mp4", film(4))["id"]
    job = enqueue_film(running.client, clip, upload(running.client), {"style_blend": [1.0]}, start=0.1)
    with (running.data / "pictures" / clip).open("r+b") as file:
        file.truncate(500)
    failed = running.wait_for(job["id"], "failed", "finished")
    assert "walk.mp4" in failed["error"]["problem"]
    assert "pictures/" not in failed["error"]["problem"]
    (running.data / "pictures" / clip).write_bytes(film(4))
    assert running.client.post(f"/api/jobs/{job['id']}/resume").status_code == 200
    assert running.wait_for(job["id"], "failed", "finished")["state"] == "finished"


@pytest.mark.slow
def test_a_film_survives_kills_of_worker_and_server_and_is_the_same(starts, tmp_path):
    data = tmp_path / "studio"
    studio = starts(data)
    clip, painting = upload_file(studio.client, "walk.mp4", film(40))["id"], upload(studio.client)
    whole = studio.wait_for(enqueue_film(studio.client, clip, painting)["id"], "finished")
    expected = frames_of(studio.client.get(whole["result"]).content)
    job = enqueue_film(studio.client, clip, painting, format="mp4", every=1)["id"]
    before = 0
    for kill, painted in enumerate((0, 1, 5, 9, 14, 18, 23, 28, 33, 38)):
        found = wait_until_painted(studio, job, max(painted, before))
        assert found["film"]["painted"] >= before, "nothing that was painted is lost"
        if kill % 2:
            if worker := studio.worker():
                os.kill(worker, signal.SIGKILL)
        else:
            studio.kill()
            studio = starts(data)
        before = studio.client.get(f"/api/jobs/{job}").json()["film"]["painted"]
    finished = studio.wait_for(job, "finished", "failed")
    assert finished["state"] == "finished", finished["error"]
    assert finished["attempt"] > 5
    assert_equal(frames_of(studio.client.get(finished["result"]).content), expected)
    assert [path.name for path in (data / "films").iterdir()] == [f"{whole['id']}.mp4", f"{job}.mp4"]


@pytest.fixture
def stopped(client, folder):
    """A film that was cancelled with frames, without a worker."""
    clip, painting = upload_file(client, "walk.mp4", film())["id"], upload(client)
    job = enqueue_film(client, clip, painting)["id"]
    queue.claim(folder)
    queue.record_frames(folder, job, painted=2, frames=24, remaining=60.0)
    assert client.get(f"/api/jobs/{job}").json()["film"]["remaining"] == 60.0
    frames = folder.film(job, ".mp4.frames")
    frames.mkdir()
    (frames / "000000.png").write_bytes(bytes(1000))
    queue.request_action(folder, job, "cancel")
    queue.mark_cancelled(folder, job)
    return job, frames


@pytest.mark.usefixtures("quick_uploads")
def test_frames_of_a_cancelled_film_go_with_its_job_or_when_space_runs_short(client, folder, stopped):
    job, frames = stopped
    found = client.get(f"/api/jobs/{job}").json()
    assert (found["state"], found["film"]["painted"], found["film"]["remaining"]) == ("cancelled", 2, None)
    cleanup.recover_on_startup(folder, Limits())
    assert frames.exists()
    with pytest.raises(Exception, match="quota"):
        quota.check(folder, Limits(folder_bytes=10))
    assert not frames.exists()
    assert client.get(f"/api/jobs/{job}").json()["film"]["painted"] == 0
    assert client.post(f"/api/jobs/{job}/resume").json()["state"] == "queued"
    frames.mkdir()
    client.delete(f"/api/jobs/{job}")
    assert not frames.exists()


@pytest.mark.usefixtures("quick_uploads")
def test_a_film_whose_frames_have_no_room_is_not_begun_and_can_be_resumed_later(client, folder, stopped):
    job, frames = stopped
    client.post(f"/api/jobs/{job}/resume")
    JobRun(folder, queue.claim(folder), Limits(folder_bytes=folder.size_bytes() + 50_000), "cpu").run(Stylizer("cpu"))
    failed = client.get(f"/api/jobs/{job}").json()
    assert (failed["state"], failed["film"]["painted"]) == ("failed", 2)
    assert "the studio's quota leaves" in failed["error"]["problem"]
    assert frames.exists()
    assert client.post(f"/api/jobs/{job}/resume").json()["state"] == "queued"


@pytest.mark.usefixtures("quick_uploads")
def test_frames_of_films_that_nobody_knows_are_deleted_at_the_start(folder, stopped):
    job, frames = stopped
    stray = folder.film(99, ".webm.frames")
    shutil.copytree(frames, stray)
    folder.film(98, ".mp4").write_bytes(b"film")
    cleanup.delete_orphans(folder)
    assert folder.film_files() == [frames]
    with database.write_transaction(folder.database) as connection:
        connection.execute("DELETE FROM jobs WHERE id = ?", (job,))
    cleanup.delete_orphans(folder)
    assert folder.film_files() == []


@pytest.mark.usefixtures("quick_uploads")
def test_a_worker_that_gets_on_with_a_film_is_not_given_up(client, folder):
    clip, painting = upload_file(client, "walk.mp4", film())["id"], upload(client)
    job = enqueue_film(client, clip, painting)["id"]
    for painted in range(1, 10):
        assert queue.claim(folder).id == job
        queue.record_frames(folder, job, painted=painted, frames=24, remaining=None)
        queue.recover(folder, Limits(crashes=3), exited="crash")
    assert client.get(f"/api/jobs/{job}").json()["state"] == "queued"
    for _ in range(3):
        queue.claim(folder)
        queue.recover(folder, Limits(crashes=3), exited="crash")
    assert client.get(f"/api/jobs/{job}").json()["state"] == "failed"


def test_jobs_of_the_fifth_version_are_pictures_still(folder, opened):
    database.migrate(folder.database, 5)
    with database.write_transaction(folder.database) as connection:
        connection.execute(
            "INSERT INTO pictures (id, name, width, height, bytes, added) VALUES (?, 'a.png', 8, 8, 8, 1e12)",
            ("a" * 64,),
        )
        connection.execute(
            "INSERT INTO jobs (version, state, position, settings, created) VALUES (1, 'queued', 1, ?, 0)",
            (json.dumps({"recipe": "fast"}),),
        )
        connection.execute("INSERT INTO inputs VALUES (1, 'photo', 0, ?)", ("a" * 64,))
    job = opened().get("/api/jobs/1").json()
    assert (job["film"], job["photo"]["clip"], job["queue_position"]) == (None, None, 1)
    assert queue.claim(folder).film is None
    with sqlite3.connect(folder.database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
