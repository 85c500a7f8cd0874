"""A whole studio with its painter: what a person would see of a picture being painted."""

import io
import json
import subprocess
import sys

import pytest
from PIL import Image
from studios import asked, events, given, png

from impasto import Settings


@pytest.fixture
def job(running):
    return asked(running.client, given(running.client, 1), given(running.client, 2))


def test_a_picture_is_painted_and_can_be_watched_to_its_end(running, job):
    told = list(events(running.client, f"/api/jobs/{job['id']}/events"))
    numbers = [step["number"] for name, _, data in told if name == "steps" for step in data["steps"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 20
    name, _, last = told[-1]
    assert (name, last["state"], last["width"], last["height"]) == ("end", "finished", 48, 36)
    answer = running.client.get(last["result"])
    picture = Image.open(io.BytesIO(answer.content))
    assert (answer.headers["content-type"], picture.size) == ("image/png", (48, 36))
    settings = json.loads(picture.text["impasto:settings"])
    assert Settings(**settings) == Settings(recipe="fast", size=48)
    assert [it["name"] for it in json.loads(picture.text["impasto:inputs"])] == ["1.png", "2.png"]


def test_a_finished_picture_can_be_had_in_three_formats_and_small(running, job):
    running.wait_for(job["id"], "finished")
    here = f"/api/jobs/{job['id']}"
    for name in ("png", "jpeg", "webp"):
        answer = running.client.get(f"{here}/result", params={"format": name, "download": True})
        assert Image.open(io.BytesIO(answer.content)).format == name.upper()
        assert answer.headers["content-disposition"] == f'attachment; filename="1-2.{name}"'
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(running.client.get(f"{here}/thumbnail").content)).format == "WEBP"


def test_a_picture_of_impastos_brings_its_settings_and_inputs_back(running, job):
    running.wait_for(job["id"], "finished")
    used = running.client.post(f"/api/jobs/{job['id']}/use").json()
    assert used["origin"]["settings"]["size"] == 48
    assert used["origin"]["photo"] == job["photo"]["id"]
    assert used["origin"]["paintings"] == [job["paintings"][0]["id"]]
    assert used["origin"]["missing"] == []
    assert used["name"] == "1-2.png"


def test_a_running_job_is_cancelled_and_one_that_is_kept_has_a_picture(running):
    photo, painting = given(running.client, 1), given(running.client, 2)
    long = {"recipe": "painterly", "iterations": 100_000, "tolerance": 0.0}
    first = asked(running.client, photo, painting, **long)["id"]
    second = asked(running.client, photo, painting, **long)["id"]
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


def test_what_cannot_be_painted_says_why_and_the_next_is_painted(running):
    photo, painting = given(running.client, 1), given(running.client, 2)
    wrong = asked(running.client, photo, painting, style_blend=[1, 2, 3])["id"]
    failed = running.wait_for(wrong, "failed")
    assert "3 weights for 1 painting" in failed["error"]["problem"]
    after = asked(running.client, photo, painting)["id"]
    assert running.wait_for(after, "finished")["result"]


def test_a_second_studio_on_the_same_folder_is_refused(running):
    command = [sys.executable, "-m", "impasto", "studio", "--no-browser", "--port", "0", "--data", str(running.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "another studio uses the folder" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_one_line(running, tmp_path):
    port = running.address.rpartition(":")[2]
    command = [sys.executable, "-m", "impasto", "studio", "--no-browser", "--port", port, "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"port {port}, cannot be used" in done.stderr


def test_the_shelf_and_the_cards_are_there(running):
    about = running.client.get("/api/about").json()
    assert len(about["shelf"]) == 12
    for picture in about["shelf"][:2]:
        assert running.client.get(picture["thumbnail"]).headers["content-type"] == "image/webp"
    taken = running.client.post(f"/api/shelf/{about['shelf'][0]['name']}")
    assert taken.status_code == 201
    cards = [recipe["card"] for recipe in about["recipes"] if recipe["card"]]
    for card in cards:
        assert running.client.get(card).status_code == 200


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
