"""Masks: what the API refuses, the regions that the studio finds by itself, and drawing them on the page."""

import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from studios import SMALL, upload

from impasto import images
from impasto.engine.inputs import faces
from impasto.studio.limits import Limits
from impasto.studio.store import cleanup, database, queue
from impasto.studio.store.folder import REGIONS

ASTRONAUT = Path(__file__).parents[2] / "examples" / "pictures" / "astronaut.jpg"


def gray(plane: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(plane.astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def half(width=64, height=48, *, right=False) -> bytes:
    """A mask that is white on one side."""
    plane = np.zeros((height, width))
    plane[:, width // 2 :] = 255
    return gray(plane if right else 255 - plane)


def add(client, content, name="mask.png"):
    answer = client.post("/api/pictures", params={"name": name}, content=content)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.mark.usefixtures("quick_uploads")
def test_masks_that_cannot_be_used_are_refused_in_one_line(client):
    photo, one, other = (upload(client, seed) for seed in (1, 2, 3))
    left, right, narrow = add(client, half()), add(client, half(right=True)), add(client, half(64, 64))
    order = {"photo": photo, "paintings": [one, other], "settings": SMALL}
    for wrong, status, said in (
        ({"masks": [left]}, 422, "1 mask for 2 paintings"),
        ({"masks": [left, right, left]}, 422, "3 masks for 2 paintings"),
        ({"masks": [left, narrow]}, 422, "a mask has another shape than the photograph: 64 x 64 pixels"),
        ({"keep": narrow}, 422, "a mask has another shape than the photograph: 64 x 64 pixels"),
        ({"masks": [left, "0" * 64]}, 404, "there is no such picture"),
        ({"keep": "0" * 64}, 404, "there is no such picture"),
        ({"keep": "../../etc/passwd"}, 422, "body.keep"),
        ({"masks": left}, 422, "body.masks"),
        ({"photo": None, "keep": left}, 422, "a mask needs a photograph"),
    ):
        answer = client.post("/api/jobs", json=order | wrong)
        assert (answer.status_code, said in answer.json()["problem"]) == (status, True), answer.text
        assert "\n" not in answer.json()["problem"]
    answer = client.post("/api/jobs", json=order | {"masks": [left, right], "keep": left})
    assert answer.status_code == 201, answer.text
    assert [it["id"] for it in answer.json()["masks"]] == [left, right]
    assert answer.json()["keep"]["id"] == left


def test_a_mask_that_is_no_picture_or_has_too_many_pixels_is_refused_in_one_line(opened):
    client = opened(Limits(pixels=100_000))
    for content, said in ((b"white", "is not a picture"), (gray(np.zeros((1000, 1000))), "1000 x 1000")):
        answer = client.post("/api/pictures", params={"name": "mask.png"}, content=content)
        assert answer.status_code == 422, answer.text
        assert said in answer.json()["problem"]
        assert "\n" not in answer.json()["problem"]


@pytest.mark.usefixtures("quick_uploads")
def test_the_regions_of_a_photograph_are_those_that_the_engine_sees_and_go_with_it(client, folder):
    picture = add(client, ASTRONAUT.read_bytes(), "astronaut.jpg")
    assert client.get(f"/api/pictures/{picture}/regions/faces").status_code == 404, "nobody has asked for them yet"
    found = client.get(f"/api/pictures/{picture}/regions").json()
    assert [it["label"] for it in found] == ["Faces", "Busy places", "Empty places"]
    planes = {}
    for it in found:
        answer = client.get(it["url"])
        assert answer.headers["content-type"] == "image/png"
        planes[it["name"]] = np.asarray(Image.open(io.BytesIO(answer.content)), np.float64) / 255
        assert planes[it["name"]].mean() == pytest.approx(it["share"], abs=0.003)
    (face,) = faces.find(images.read(ASTRONAUT))
    left, top, right, bottom = (round(edge) for edge in face.box)
    assert planes["faces"][(top + bottom) // 2, (left + right) // 2] == 1
    assert planes["faces"][:20].max() == 0
    assert planes["busy"] + planes["empty"] == pytest.approx(1, abs=0.01)
    began = time.monotonic()
    assert client.get(f"/api/pictures/{picture}/regions").json() == found
    assert time.monotonic() - began < 1, "they are kept"
    assert client.get(f"/api/pictures/{picture}/regions/sky").status_code == 404
    with_regions = {path.name for path in folder.picture_files()}
    assert {f"{picture}-regions.json", *(f"{picture}-{name}.png" for name in REGIONS)} <= with_regions
    cleanup.delete_orphans(folder)
    assert {path.name for path in folder.picture_files()} == with_regions
    job = client.post("/api/jobs", json={"photo": picture, "settings": SMALL}).json()["id"]
    client.post(f"/api/jobs/{job}/cancel")
    with_old_rows(folder, picture)
    queue.delete(folder, job)
    assert folder.picture_files() == []
    assert client.get(f"/api/pictures/{picture}/regions").status_code == 404
    assert client.get(f"/api/pictures/{picture}/regions/faces").status_code == 404


def with_old_rows(folder, picture):
    """Makes a picture older than those that a page may still have in its form."""
    with database.write_transaction(folder.database) as connection:
        connection.execute("UPDATE pictures SET added = 0 WHERE id = ?", (picture,))


@pytest.mark.usefixtures("quick_uploads")
def test_a_plain_picture_has_no_regions_and_what_cannot_be_searched_is_said_in_one_line(opened, folder):
    client = opened()
    plain = add(client, gray(np.full((48, 64), 120)))
    assert client.get(f"/api/pictures/{plain}/regions").json() == []
    for missing, status in (("0" * 64, 404), ("nothing", 422)):
        assert client.get(f"/api/pictures/{missing}/regions").status_code == status
    photo = upload(client, 1)
    hurried = opened(Limits(inspection_seconds=0.01))
    answer = hurried.get(f"/api/pictures/{photo}/regions")
    assert (answer.status_code, answer.json()["problem"]) == (422, "no regions could be found in 1.png")
    full = opened(Limits(free_bytes=10**18))
    assert full.get(f"/api/pictures/{photo}/regions").status_code == 507
    assert list(folder.incoming.iterdir()) == []
