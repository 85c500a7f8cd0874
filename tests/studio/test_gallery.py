"""Batches, sheets, the trash, albums, search, archives and estimates, by the API of a studio without a worker."""

import io
import itertools
import json
import sqlite3
import time
import zipfile

import pytest
from studios import SMALL, enqueue, png, upload

from impasto.engine.estimate import Processor
from impasto.images import encode, read
from impasto.studio.errors import QuotaError
from impasto.studio.limits import Limits
from impasto.studio.server import queries
from impasto.studio.store import processors, queue, quota, trash
from impasto.studio.store.folder import Folder
from impasto.studio.store.thumbnails import encode_webp

pytestmark = pytest.mark.usefixtures("quick_uploads")


@pytest.fixture
def inputs(client):
    """Two photographs and a painting."""
    return [upload(client, 1), upload(client, 2)], upload(client, 3)


def order(inputs, **more):
    photos, painting = inputs
    return {"photos": photos, "paintings": [painting], "settings": SMALL, **more}


def ordered(client, body):
    answer = client.post("/api/batches", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def refused(client, address, body):
    """The message of a refusal; nothing was added."""
    before = client.get("/api/jobs?state=queued").json()["jobs"]
    answer = client.post(address, json=body)
    assert answer.status_code in {404, 409, 422, 429}, answer.text
    assert client.get("/api/jobs?state=queued").json()["jobs"] == before
    message = answer.json()
    assert "\n" not in message["problem"] + message["hint"]
    return message["problem"]


def finish(folder: Folder, job: int) -> None:
    """As the worker does it."""
    with sqlite3.connect(folder.database) as connection:
        connection.execute("UPDATE jobs SET state = 'running', started = 10.0 WHERE id = ?", (job,))
    picture = read(png(job))
    folder.result(job).write_bytes(encode(picture, "png"))
    folder.result_thumbnail(job).write_bytes(encode_webp(picture, 32))
    queue.finish(folder, job, (picture.width, picture.height), kept_early=False)


def listed(client, **query):
    return [job["id"] for job in client.get("/api/jobs", params=query).json()["jobs"]]


def test_a_batch_is_one_among_the_jobs_and_knows_its_counts(client, folder, inputs):
    single = enqueue(client, inputs[0][0], inputs[1])["id"]
    batch = ordered(
        client, order(inputs, name="  Holiday\n2026 ", refused=[{"name": "a.txt", "problem": "no picture"}])
    )
    assert (batch["name"], batch["kind"], batch["counts"]) == ("Holiday 2026", "photographs", {"queued": 2})
    first, second = listed(client, batch=batch["id"])[::-1]
    assert listed(client) == [second, single]
    page = client.get("/api/jobs").json()
    assert page["batches"] == [batch | {"refused": []}]
    assert (batch["unreadable"], batch["refused"][0]["name"]) == (1, "a.txt")
    finish(folder, first)
    found = client.get(f"/api/batches/{batch['id']}").json()
    assert found["counts"] == {"finished": 1, "queued": 1}
    assert found["covers"] == [f"/api/jobs/{first}/thumbnail"]
    changes, _ = queries.changes(folder, page["version"])
    assert [one.counts for one in changes.batches] == [found["counts"]]


def test_the_cells_of_a_sheet_have_every_combination_in_reading_order(client, inputs):
    axes = [{"name": "strength", "values": [0.2, 0.8]}, {"name": "style_scale", "values": [1, 2, 4]}]
    batch = ordered(client, order((inputs[0][:1], inputs[1]), axes=axes))
    assert batch["kind"] == "sheet"
    jobs = client.get("/api/jobs", params={"batch": batch["id"]}).json()["jobs"][::-1]
    cells = [(job["settings"]["style_scale"], job["settings"]["strength"]) for job in jobs]
    assert cells == list(itertools.product([1, 2, 4], [0.2, 0.8]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"photos": ["a" * 64]}, "no such picture"),
        ({"axes": [{"name": "strength", "values": [0.5, 7]}]}, "strength"),
        ({"axes": [{"name": "mask", "values": ["/etc/passwd"]}]}, "mask"),
        ({"axes": [{"name": "nothing", "values": [1]}]}, "there is no setting 'nothing'"),
        (
            {"axes": [{"name": "seed", "values": list(range(25))}, {"name": "strength", "values": [0.1, 0.2]}]},
            "25 cells",
        ),
        ({"axes": [{"name": "seed", "values": [1, 1]}]}, "twice"),
        ({"axes": [{"name": "seed", "values": [1]}, {"name": "seed", "values": [2]}]}, "one setting"),
        ({"name": "x" * 81}, "a name has at most 80 letters"),
        ({"settings": {"recipe": "/etc/passwd"}}, "there is no recipe"),
        ({"photos": [], "paintings": []}, "neither a photograph nor a painting"),
    ],
)
def test_a_batch_that_cannot_be_painted_is_refused_whole(client, inputs, change, said):
    one_photo = (inputs[0][:1], inputs[1])
    assert said in refused(client, "/api/batches", order(one_photo) | change).lower()


def test_a_batch_larger_than_the_room_in_the_queue_adds_nothing(opened):
    client = opened(Limits(queued_jobs=2, batch_photos=3))
    painting, photos = upload(client, 9), [upload(client, number) for number in range(4)]
    assert "takes 2 more jobs, not 3" in refused(client, "/api/batches", order((photos[:3], painting)))
    assert "at most 3 photographs" in refused(client, "/api/batches", order((photos, painting)))


def test_a_batch_is_cancelled_and_retried_as_one(client, inputs):
    batch = ordered(client, order(inputs))["id"]
    assert client.post(f"/api/batches/{batch}/cancel").json()["counts"] == {"cancelled": 2}
    assert client.post(f"/api/batches/{batch}/retry").json()["counts"] == {"queued": 2}
    assert [job["queue_position"] for job in client.get("/api/jobs?state=queued").json()["jobs"]] == [2, 1]
    for address in ("/api/batches/99/cancel", "/api/batches/99/retry"):
        assert client.post(address).status_code == 404


def test_what_is_in_the_trash_is_nowhere_and_comes_back_whole(client, folder, inputs):
    one, other = (enqueue(client, photo, inputs[1])["id"] for photo in inputs[0])
    finish(folder, one)
    version = client.get("/api/jobs").json()["version"]
    assert client.post("/api/jobs/trash", json={"jobs": [one, other]}).status_code == 204
    assert listed(client) == []
    assert client.get(f"/api/jobs/{one}").status_code == 404
    assert client.get(f"/api/jobs/{one}/result").status_code == 404
    changes, _ = queries.changes(folder, version)
    assert sorted(changes.deleted) == [one, other]
    assert not queue.has_queued(folder), "a job in the trash is not painted"
    assert client.post("/api/jobs/restore", json={"jobs": [one, other]}).status_code == 204
    states = [client.get(f"/api/jobs/{job}").json()["state"] for job in (one, other)]
    assert states == ["finished", "cancelled"]
    assert client.get(f"/api/jobs/{one}/result").status_code == 200


def test_the_trash_is_emptied_after_a_while_and_where_space_is_short(client, folder, inputs):
    kept, gone = (enqueue(client, photo, inputs[1])["id"] for photo in inputs[0])
    finish(folder, gone)
    client.post("/api/jobs/trash", json={"jobs": [gone]})
    trash.empty(folder, 600)
    assert folder.result(gone).exists()
    with pytest.raises(QuotaError):
        quota.check(folder, Limits(folder_bytes=1))
    assert not folder.result(gone).exists()
    assert client.post("/api/jobs/restore", json={"jobs": [gone]}).status_code == 404
    assert listed(client) == [kept]


def test_what_was_brought_back_is_not_deleted_by_who_began_to_empty_the_trash(client, folder, inputs):
    job = enqueue(client, inputs[0][0], inputs[1])["id"]
    client.post("/api/jobs/trash", json={"jobs": [job]})
    began = time.time()
    client.post("/api/jobs/restore", json={"jobs": [job]})
    queue.delete(folder, job, trashed_before=began)
    assert listed(client) == [job]


def test_a_result_that_cannot_be_deleted_keeps_no_other_in_the_trash(client, folder, inputs, monkeypatch):
    stuck, gone = (enqueue(client, photo, inputs[1])["id"] for photo in inputs[0])
    client.post("/api/jobs/trash", json={"jobs": [stuck, gone]})
    delete_job = Folder.delete_job

    def delete(folder, job):
        if job == stuck:
            raise PermissionError(13, "read-only")
        delete_job(folder, job)

    monkeypatch.setattr(Folder, "delete_job", delete)
    trash.empty(folder, 0.0)
    assert client.post("/api/jobs/restore", json={"jobs": [gone]}).status_code == 404


def test_a_deleted_picture_changes_its_batch_for_everybody(client, folder, inputs):
    batch = ordered(client, order(inputs))["id"]
    first, second = listed(client, batch=batch)[::-1]
    version = client.get("/api/jobs").json()["version"]
    client.post("/api/jobs/trash", json={"jobs": [second]})
    changes, _ = queries.changes(folder, version)
    assert (changes.deleted, [job.id for job in changes.jobs]) == ([second], [first])
    assert [one.newest for one in changes.batches] == [first]
    client.post(f"/api/batches/{batch}/cancel")
    client.post(f"/api/batches/{batch}/retry")
    assert [job["id"] for job in client.get("/api/jobs?state=queued").json()["jobs"]] == [first]


def test_a_job_of_a_look_that_is_gone_can_be_painted_again(client, inputs):
    client.post(
        "/api/recipes", json={"name": "my-look", "description": "", "settings": {"recipe": "fast", "fill": 0.3}}
    )
    job = enqueue(client, inputs[0][0], inputs[1], recipe="my-look")["id"]
    assert client.delete("/api/recipes/my-look").status_code == 204
    again = client.post(f"/api/jobs/{job}/retry")
    assert again.status_code == 201, again.text
    assert again.json()["settings"]["fill"] == 0.3


def test_a_running_job_cannot_be_put_into_the_trash(client, folder, inputs):
    job = enqueue(client, inputs[0][0], inputs[1])["id"]
    assert queue.claim(folder)
    assert "is running" in refused(client, "/api/jobs/trash", {"jobs": [job]})


def test_search_finds_names_titles_recipes_and_dates(client):
    sample = client.post("/api/samples/starry_night").json()["id"]
    house, tree = (
        client.post("/api/pictures", params={"name": name}, content=png(seed)).json()["id"]
        for seed, name in enumerate(("Our House 50%.png", "tree_in_spring.png"))
    )
    one, other = enqueue(client, house, sample)["id"], enqueue(client, tree, sample, recipe="ink")["id"]
    today = time.strftime("%Y-%m-%d")
    for words, found in (
        ("house", [one]),
        ("HOUSE our", [one]),
        ("50%", [one]),
        ("starry night", [other, one]),
        ("ink", [other]),
        (today, [other, one]),
        ("house ink", []),
        ("' OR 1 --", []),
    ):
        assert listed(client, search=words) == found, words


def test_albums_and_favorites_narrow_the_list(client, inputs):
    one, other = (enqueue(client, photo, inputs[1])["id"] for photo in inputs[0])
    assert client.post("/api/jobs/edit", json={"jobs": [one], "album": " For  the wall "}).status_code == 204
    assert client.post("/api/jobs/edit", json={"jobs": [other], "favorite": True}).status_code == 204
    assert client.get("/api/albums").json() == [{"name": "For the wall", "jobs": 1}]
    assert listed(client, album="For the wall") == [one]
    assert listed(client, favorite=True) == [other]
    client.post("/api/jobs/edit", json={"jobs": [one, other], "album": "", "favorite": False})
    assert (client.get("/api/albums").json(), listed(client, favorite=True)) == ([], [])
    assert client.post("/api/jobs/edit", json={"jobs": [one, 99], "album": "x"}).status_code == 404
    assert client.get("/api/albums").json() == [], "all of it or nothing"
    assert "80 letters" in refused(client, "/api/jobs/edit", {"jobs": [one], "album": "y" * 81})


def test_an_archive_has_every_result_under_a_name_of_its_own_and_a_manifest(client, folder):
    photos = [
        client.post("/api/pictures", params={"name": name}, content=png(seed)).json()["id"]
        for seed, name in enumerate(("../../a:b.png", "a_b.png", "A_B.png"))
    ]
    body = order((photos, upload(client, 9)), refused=[{"name": "notes.txt", "problem": "it is not a picture"}])
    batch = ordered(client, body)["id"]
    first, second, third = listed(client, batch=batch)[::-1]
    finish(folder, first)
    finish(folder, second)
    answer = client.get(f"/api/batches/{batch}/zip")
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert archive.namelist() == ["a_b-9.png", "a_b-9-2.png", "manifest.jsonl"]
    assert archive.read("a_b-9.png") == folder.result(first).read_bytes()
    lines = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
    assert [(line["output"], line["error"]) for line in lines] == [
        ("a_b-9.png", None),
        ("a_b-9-2.png", None),
        ("A_B-9-3.png", "it is queued"),
        ("notes.txt", "it is not a picture"),
    ]
    assert lines[0]["settings"]["recipe"] == "fast"
    assert lines[0]["inputs"][0]["sha256"] == photos[0]
    folder.result(second).unlink()
    answer = client.get("/api/jobs/zip", params={"jobs": [second, first, third, 99]})
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.namelist() == ["a_b-9-2.png", "manifest.jsonl"]


def test_an_estimate_says_what_a_job_will_be_and_refuses_what_the_job_would_be_refused_for(client, folder, inputs):
    body = {"photo": inputs[0][0], "paintings": [inputs[1]], "settings": {"recipe": "painterly", "size": 512}}
    before = client.post("/api/jobs/estimate", json=body).json()
    assert (before["width"], before["height"], before["seconds"], before["same_as"]) == (512, 384, None, None)
    processors.publish(folder, 0, Processor("cpu", "bfloat16", 2), 8 * 10**9)
    found = client.post("/api/jobs/estimate", json=body).json()
    assert 1 < found["seconds"] < 1000
    assert 300e6 < found["memory"] < 10e9
    larger = client.post("/api/jobs/estimate", json=body | {"settings": {"size": 1024}}).json()
    assert larger["seconds"] > 1.5 * found["seconds"]
    assert larger["memory"] > found["memory"]
    job = client.post("/api/jobs", json=body).json()["id"]
    assert client.post("/api/jobs/estimate", json=body).json()["same_as"] == job
    assert client.post("/api/jobs/estimate", json=body | {"settings": {"seed": 1}}).json()["same_as"] is None
    assert "too large" in refused(client, "/api/jobs/estimate", body | {"settings": {"size": 5000}})
    assert "neither" in refused(client, "/api/jobs/estimate", {})


def test_masks_belong_to_their_photograph_and_come_back_with_a_retry(client, inputs):
    (photo, mask), painting = inputs
    tall = client.post("/api/pictures", params={"name": "tall.png"}, content=png(7, 30, 90)).json()["id"]
    body = {"photo": photo, "paintings": [painting], "settings": SMALL, "masks": [mask], "keep": mask}
    job = client.post("/api/jobs", json=body).json()
    assert ([it["id"] for it in job["masks"]], job["keep"]["id"]) == ([mask], mask)
    again = client.post(f"/api/jobs/{job['id']}/retry").json()
    assert ([it["id"] for it in again["masks"]], again["keep"]["id"]) == ([mask], mask)
    for change, said in (
        ({"masks": [tall]}, "another shape"),
        ({"keep": tall}, "another shape"),
        ({"masks": [mask, mask]}, "2 masks for 1 painting"),
        ({"keep": "b" * 64}, "no such picture"),
        ({"photo": None, "settings": {"recipe": "texture"}}, "a mask needs a photograph"),
    ):
        assert said in refused(client, "/api/jobs", body | change), change
    assert "one photograph" in refused(client, "/api/batches", order(inputs, keep=mask))
    assert "one photograph" in refused(client, "/api/batches", order(inputs, axes=[{"name": "seed", "values": [1]}]))
