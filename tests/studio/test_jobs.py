"""A whole studio with its worker, from an upload to the result."""

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
from urllib.parse import unquote

import pillow_heif
import pytest
from PIL import Image
from studios import enqueue, events, png, upload

from impasto import Settings, images
from impasto.settings import INPUTS_KEY, METADATA_KEY, recipes
from impasto.studio.server import serve


@pytest.fixture(scope="module")
def finished(running):
    """A finished job that several tests look at."""
    job = enqueue(running.client, upload(running.client, 1), upload(running.client, 2), iterations=2)["id"]
    return running.wait_for(job, "finished")


def test_a_job_can_be_followed_to_its_result(running):
    job = enqueue(running.client, upload(running.client, 1), upload(running.client, 2))
    received = list(events(running.client, f"/api/jobs/{job['id']}/events"))
    numbers = [step["number"] for name, _, data in received if name == "steps" for step in data["steps"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 20
    name, _, last = received[-1]
    assert (name, last["state"], last["width"], last["height"]) == ("end", "finished", 48, 36)
    answer = running.client.get(last["result"])
    picture = Image.open(io.BytesIO(answer.content))
    assert (answer.headers["content-type"], picture.size) == ("image/png", (48, 36))
    settings = json.loads(picture.text["impasto:settings"])
    assert Settings(**settings) == Settings(recipe="fast", size=48)
    assert [it["name"] for it in json.loads(picture.text["impasto:inputs"])] == ["1.png", "2.png"]


def test_a_result_can_be_downloaded_in_three_formats_and_has_a_thumbnail(running, finished):
    here = f"/api/jobs/{finished['id']}"
    for name in ("png", "jpeg", "webp"):
        answer = running.client.get(f"{here}/result", params={"format": name, "download": True})
        assert Image.open(io.BytesIO(answer.content)).format == name.upper()
        assert answer.headers["content-disposition"].startswith(f'attachment; filename="1-2.{name}"')
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(running.client.get(f"{here}/thumbnail").content)).format == "WEBP"


def test_a_download_is_named_after_its_inputs_in_any_script(running):
    names = ["写真 1.png", 'a"b\\c:d\r\n.jpg']
    photo, painting = (
        running.client.post("/api/pictures", params={"name": name}, content=png(seed)).json()["id"]
        for seed, name in enumerate(names, 30)
    )
    job = enqueue(running.client, photo, painting, iterations=2)["id"]
    running.wait_for(job, "finished")
    said = running.client.get(f"/api/jobs/{job}/result", params={"download": True}).headers["content-disposition"]
    plain, _, encoded = said.partition("; filename*=UTF-8''")
    assert unquote(encoded) == "写真 1-c_d.png"
    assert plain == 'attachment; filename="___1-c_d.png"'


def test_ctrl_c_exits_silently_while_a_page_is_connected(starts, tmp_path, capfd):
    studio = starts(tmp_path)
    with studio.client.stream("GET", "/api/events") as listening:
        assert listening.status_code == 200
        studio.process.send_signal(signal.SIGINT)
        assert studio.process.wait(timeout=20) in {0, 130}
    assert capfd.readouterr().err == ""


def test_a_result_that_is_uploaded_names_its_settings_and_inputs(running, finished):
    used = running.client.post(f"/api/jobs/{finished['id']}/use").json()
    assert used["origin"]["settings"]["size"] == 48
    assert used["origin"]["photo"] == finished["photo"]["id"]
    assert used["origin"]["paintings"] == [finished["paintings"][0]["id"]]
    assert used["origin"]["missing"] == []
    assert used["name"] == "1-2.png"


def test_stored_settings_that_the_studio_does_not_support_are_named(running):
    settings = Settings(recipe="fast", size=48, keep_mask="sky.png", init="start.png", threads=2)
    metadata = {METADATA_KEY: json.dumps(settings.model_dump(mode="json") | {"of_tomorrow": 1}), INPUTS_KEY: "[]"}
    data = images.encode(images.read(png()), "png", metadata=metadata)
    origin = running.client.post("/api/pictures", content=data).json()["origin"]
    assert sorted(origin["unsupported"]) == ["init", "keep_mask", "of_tomorrow"]
    assert origin["settings"]["size"] == 48
    assert not origin["settings"].keys() & {"init", "keep_mask", "of_tomorrow", "threads"}


def test_a_heic_photograph_is_shown_and_used(running):
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.open(io.BytesIO(png(5, 96, 64))).convert("RGB")).save(stream)
    photo = running.client.post("/api/pictures", params={"name": "camera.heic"}, content=stream.getvalue()).json()
    shown = running.client.get(photo["display"])
    assert (shown.headers["content-type"], Image.open(io.BytesIO(shown.content)).size) == ("image/webp", (96, 64))
    job = enqueue(running.client, photo["id"], upload(running.client, 2), iterations=2)["id"]
    assert running.wait_for(job, "finished")["width"] == 48


def test_a_running_job_is_cancelled_and_one_that_is_kept_has_a_picture(running):
    photo, painting = upload(running.client, 1), upload(running.client, 2)
    long = {"recipe": "painterly", "iterations": 100_000, "tolerance": 0.0}
    first = enqueue(running.client, photo, painting, **long)["id"]
    second = enqueue(running.client, photo, painting, **long)["id"]
    running.wait_for(first, "running")
    assert running.client.get(f"/api/jobs/{first}/result").status_code == 409
    assert running.client.post(f"/api/jobs/{first}/cancel").status_code == 200
    assert running.wait_for(first, "cancelled")["result"] is None
    for name, _, data in events(running.client, f"/api/jobs/{second}/events"):
        if name == "job" and data["preview"] and data["progress"]:
            preview = running.client.get(data["preview"])
            assert preview.headers["content-type"] == "image/webp"
            running.client.post(f"/api/jobs/{second}/keep")
    kept = running.wait_for(second, "finished")
    assert kept["kept_early"]
    assert Image.open(io.BytesIO(running.client.get(kept["result"]).content)).size == (48, 36)


def test_a_job_that_fails_says_why_and_the_next_one_runs(running):
    photo, painting = upload(running.client, 1), upload(running.client, 2)
    wrong = enqueue(running.client, photo, painting, style_crop="0,0,500,500")["id"]
    failed = running.wait_for(wrong, "failed")
    assert "reaches beyond 2.png" in failed["error"]["problem"]
    after = enqueue(running.client, photo, painting, iterations=2)["id"]
    assert running.wait_for(after, "finished")["result"]


def test_a_second_studio_on_the_same_folder_is_refused(running):
    command = [sys.executable, "-m", "impasto", "studio", "--no-browser", "--port", "0", "--data", str(running.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "another studio uses the folder" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_is_an_error_of_one_line(running, tmp_path):
    port = running.address.rpartition(":")[2]
    command = [sys.executable, "-m", "impasto", "studio", "--no-browser", "--port", port, "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"port {port}, cannot be used" in done.stderr


def test_small_answers_are_sent_at_once():
    """Else each request but the first of a connection waits for the other end's acknowledgment, 40 ms."""

    async def accepts_without_delay():
        accepted = asyncio.get_running_loop().create_future()

        def accept(_reader, writer):
            accepted.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = serve._listen("127.0.0.1", 0)
        async with await asyncio.start_server(accept, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            writer.close()
            return await accepted

    assert asyncio.run(accepts_without_delay())


@pytest.mark.slow
def test_a_worker_that_is_killed_or_cannot_start_is_an_alert_until_another_runs(starts, tmp_path):
    studio = starts(tmp_path, "--device", "cpu", "--device", "cuda:99")
    alert = studio.wait_for_alert("no device 'cuda:99'")
    assert alert["hint"] == "Use --device auto or cpu."
    job = enqueue(studio.client, upload(studio.client, 1), upload(studio.client, 2), iterations=100_000, tolerance=0.0)
    studio.wait_for(job["id"], "running")
    os.kill(studio.worker(), signal.SIGKILL)
    alert = studio.wait_for_alert("the worker on cpu was killed")
    assert "is restarted automatically" in alert["hint"]
    again = studio.wait_for(job["id"], "running")
    assert again["attempt"] == 2
    problems = [alert["problem"] for alert in studio.client.get("/api/jobs").json()["problems"]]
    assert problems == ["this machine has no device 'cuda:99'"]


@pytest.mark.slow
def test_two_workers_run_two_jobs_at_once(starts, tmp_path):
    studio = starts(tmp_path, "--device", "cpu", "--device", "cpu")
    photo, painting = upload(studio.client, 1), upload(studio.client, 2)
    long = [enqueue(studio.client, photo, painting, iterations=100_000, tolerance=0.0)["id"] for _ in range(2)]
    for job in long:
        studio.wait_for(job, "running")
    assert [studio.client.get(f"/api/jobs/{job}").json()["state"] for job in long] == ["running", "running"]
    for job in long:
        studio.client.post(f"/api/jobs/{job}/keep")
        studio.wait_for(job, "finished")


@pytest.mark.slow
def test_the_queue_waits_while_the_folder_is_full(starts, tmp_path):
    studio = starts(tmp_path, "--quota", "0.05")
    photo, painting = upload(studio.client, 1), upload(studio.client, 2)
    first = enqueue(studio.client, photo, painting, iterations=100_000, tolerance=0.0)["id"]
    studio.wait_for(first, "running")
    second = enqueue(studio.client, photo, painting, iterations=2)["id"]
    filler = tmp_path / "results" / "filler"
    with filler.open("wb") as file:
        file.truncate(60_000_000)
    studio.client.post(f"/api/jobs/{first}/keep")
    studio.wait_for(first, "finished")
    assert "has reached its quota of 0.05 GB" in studio.wait_for_alert("GB")["problem"]
    assert studio.client.get(f"/api/jobs/{second}").json()["state"] == "queued"
    filler.unlink()
    studio.wait_for(second, "finished")
    studio.wait_for_alert(None)


def test_an_invalid_device_is_an_error_of_one_line(tmp_path):
    command = [sys.executable, "-m", "impasto", "studio", "--no-browser", "--device", "cuad", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--device takes auto, cpu, cuda, cuda:N or mps, not 'cuad'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_samples_and_recipe_thumbnails_are_served(running):
    about = running.client.get("/api/about").json()
    assert len(about["samples"]) == 12
    for picture in about["samples"][:2]:
        assert running.client.get(picture["thumbnail"]).headers["content-type"] == "image/webp"
    added = running.client.post(f"/api/samples/{about['samples'][0]['name']}")
    assert (added.status_code, added.json()["sample"]) == (201, about["samples"][0]["name"])
    own = running.client.post("/api/pictures", params={"name": "cat.jpg"}, content=png(77)).json()
    assert own["sample"] is None, "another picture of the same name"
    for recipe in recipes.shipped():
        assert running.client.get(f"/api/recipes/{recipe}/thumbnail").status_code == 200, recipe


def test_a_photograph_taken_with_the_camera_held_upright_is_shown_upright(running):
    stream = io.BytesIO()
    image = Image.open(io.BytesIO(png(9)))
    exif = image.getexif()
    exif[274] = 6
    image.convert("RGB").save(stream, "JPEG", exif=exif)
    answer = running.client.post("/api/pictures", params={"name": "camera.jpg"}, content=stream.getvalue()).json()
    assert (answer["width"], answer["height"]) == (48, 64)
    shown = Image.open(io.BytesIO(running.client.get(answer["display"]).content))
    assert shown.size == (48, 64)
