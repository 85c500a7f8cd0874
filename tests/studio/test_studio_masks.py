"""Masks: what the API refuses, the regions that the studio finds by itself, and drawing them on the page."""

import io
import re
import time
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import CHROMIUM, PAINTED, drop, file, fill_in, kept, paint, result
from PIL import Image
from playwright.sync_api import expect
from studios import SMALL, upload

from impasto import images
from impasto.engine.inputs import faces
from impasto.studio.limits import Limits
from impasto.studio.store import cleanup, database, queue
from impasto.studio.store.folder import REGIONS, Folder

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


def test_regions_come_back_from_a_damaged_studio_with_their_picture(folder):
    names = [folder.picture("a" * 64), folder.regions("a" * 64), *(folder.region("a" * 64, name) for name in REGIONS)]
    for path in names:
        path.write_text(path.name)
    aside = folder.set_aside()
    assert folder.picture_files() == []
    folder.put_back(aside, ["a" * 64], [])
    assert sorted(folder.picture_files()) == sorted(names)


in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")

KEEP = "Keep the photograph"


def two_paintings(page):
    """Fills in a photograph of 96 x 64 pixels, painted at that size, and two paintings."""
    fill_in(page, size=96)
    page.locator("#choose-painting").set_input_files(file("spray.png", 6))
    expect(page.get_by_role("button", name="Remove painting spray")).to_be_attached()


def editor(page, drawn="Masks"):
    """Opens the editor; returns the photograph in it."""
    page.get_by_role("button", name=drawn, exact=True).click()
    sheet = page.locator(".mask-paper")
    expect(sheet).to_be_visible()
    return sheet


def done(page, drawn):
    """Takes what is drawn into the form."""
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_role("button", name=drawn, exact=True)).to_be_visible()


def layer(page, name):
    return page.get_by_role("radio", name=name, exact=True)


def share(page, name):
    """What the editor says that a layer covers, in percent."""
    said = layer(page, name).get_attribute("aria-describedby")
    return int(re.search(r"\d+", page.locator(f"#{said}").inner_text())[0])


def stroke(page, sheet, *points):
    """Draws with the mouse; points are shares of the photograph's width and height."""
    box = sheet.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


class Fingers:
    """Touches the page as fingers do."""

    def __init__(self, page):
        self._session = page.context.new_cdp_session(page)

    def drag(self, sheet, *fingers):
        """Moves some fingers at once, each from one point to another, in shares of the photograph."""
        box = sheet.bounding_box()
        for step in range(7):
            places = [
                {
                    "x": box["x"] + (start[0] + (end[0] - start[0]) * step / 6) * box["width"],
                    "y": box["y"] + (start[1] + (end[1] - start[1]) * step / 6) * box["height"],
                    "id": number,
                }
                for number, (start, end) in enumerate(fingers)
            ]
            self._touch("touchMove" if step else "touchStart", places)
        self._touch("touchEnd", [])

    def _touch(self, kind, places):
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})


def stored(running, mask):
    """The pixels of a mask as the studio has it."""
    return np.asarray(Image.open(Folder(running.data).picture(mask["id"])).convert("L"))


def ordered(page):
    """Orders a job; returns its number."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/jobs")) as sent:
        paint(page)
    return sent.value.json()["id"]


def painted_job(page, running):
    """Paints, and returns the finished job."""
    newest = ordered(page)
    job = running.wait_for(newest, "finished")
    page.goto(f"{running.address}/#job={newest}")
    expect(result(page)).to_be_visible(timeout=PAINTED)
    return job


@pytest.mark.slow
@in_browser
def test_regions_drawn_with_the_mouse_are_painted_and_shown_again_and_redrawn(opens, running):
    page = opens()
    two_paintings(page)
    sheet = editor(page)
    page.get_by_role("slider", name="Softness").fill("0")
    layer(page, "spray").check(force=True)
    page.keyboard.press("]")
    page.keyboard.press("]")
    for row in (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95):
        stroke(page, sheet, (0.75, row), (1.1, row))
    covered = share(page, "spray")
    assert 20 < covered < 40
    kept(page, "masks-light")
    done(page, "Masks: 2 regions")
    job = painted_job(page, running)
    first, second = (stored(running, mask) for mask in job["masks"])
    assert first.shape == (64, 96)
    assert (first.astype(int) + second == 255).all()
    assert (second[:, 80:].min(), second[:, :50].max()) == (255, 0)
    page.get_by_role("button", name="Remove photograph").click()
    expect(page.get_by_role("button", name=re.compile("^Masks"))).to_have_count(0)
    page.get_by_role("button", name="Use", exact=True).click()
    page.get_by_role("button", name="Use these settings").click()
    sheet = editor(page, "Masks: 2 regions")
    assert share(page, "spray") == pytest.approx(covered, abs=1)
    page.keyboard.press("e")
    stroke(page, sheet, (0.9, 0.1), (0.9, 0.9))
    assert share(page, "spray") < covered
    done(page, "Masks: 2 regions")
    assert painted_job(page, running)["masks"][1]["id"] != job["masks"][1]["id"]


@in_browser
@pytest.mark.slow
def test_a_region_drawn_with_a_finger_is_painted_and_two_fingers_zoom_instead(opens, running):
    page = opens(has_touch=True, is_mobile=True)
    page.set_viewport_size({"width": 390, "height": 844})
    two_paintings(page)
    sheet, fingers = editor(page), Fingers(page)
    layer(page, "brush").check(force=True)
    fingers.drag(sheet, ((0.1, 0.5), (0.4, 0.5)))
    covered = share(page, "brush")
    assert covered >= 1
    before = sheet.bounding_box()["width"]
    fingers.drag(sheet, ((0.4, 0.5), (0.2, 0.5)), ((0.6, 0.5), (0.8, 0.5)))
    assert sheet.bounding_box()["width"] > 1.5 * before
    assert share(page, "brush") == covered, "two fingers draw nothing"
    kept(page, "masks-phone")
    page.get_by_role("button", name="Fit").click()
    assert sheet.bounding_box()["width"] == pytest.approx(before)
    layer(page, "spray").check(force=True)
    fingers.drag(sheet, ((0.6, 0.8), (0.9, 0.8)))
    done(page, "Masks: 2 regions")
    job = painted_job(page, running)
    second = stored(running, job["masks"][1])
    assert second[int(0.8 * 64), int(0.75 * 96)] == 255
    page.get_by_role("button", name="Use", exact=True).click()
    page.get_by_role("button", name="Use these settings").click()
    sheet = editor(page, "Masks: 2 regions")
    assert share(page, "spray") >= 1
    fingers.drag(sheet, ((0.6, 0.2), (0.9, 0.2)))
    done(page, "Masks: 2 regions")
    again = stored(running, painted_job(page, running)["masks"][1])
    assert again[int(0.2 * 64), int(0.75 * 96)] == 255


@in_browser
@pytest.mark.slow
def test_what_is_kept_by_brush_is_the_photograph_to_the_bit(opens, running):
    page = opens()
    fill_in(page, size=96)
    sheet = editor(page)
    expect(layer(page, KEEP)).to_be_checked()
    page.get_by_role("dialog", name="Masks").get_by_role("slider", name="Size").fill("80")
    stroke(page, sheet, (0.3, 0.5), (0.5, 0.5))
    done(page, "Masks: keep")
    job = painted_job(page, running)
    keep = stored(running, job["keep"])
    assert job["masks"] == []
    painted = np.asarray(Image.open(Folder(running.data).result(job["id"])).convert("RGB"))
    photo = np.asarray(Image.open(io.BytesIO(file("", 3)["buffer"])).convert("RGB"))
    assert painted.shape == (*keep.shape, 3)
    assert 0.05 < (keep == 255).mean() < 0.9
    assert (painted[keep == 255] == photo[keep == 255]).all()
    assert (painted[keep == 0] != photo[keep == 0]).any(axis=-1).mean() > 0.9
    # A dropped result brings its masks back, and they are the same to the bit when nothing is drawn.
    data = Folder(running.data).result(job["id"]).read_bytes()
    page.get_by_role("button", name="Remove photograph").click()
    drop(page, page.locator("h1"), {"name": "mine.png", "buffer": data})
    editor(page, "Masks: keep")
    assert share(page, KEEP) == pytest.approx(100 * keep.mean() / 255, abs=1)
    done(page, "Masks: keep")
    assert painted_job(page, running)["keep"]["id"] == job["keep"]["id"]


@pytest.mark.slow
@in_browser
def test_found_regions_are_chosen_without_a_pointer(opens):
    page = opens()
    page.get_by_role("button", name=re.compile("^Example photograph: Eileen")).press("Enter")
    page.get_by_role("button", name="Masks", exact=True).press("Enter")
    expect(layer(page, KEEP)).to_be_checked()
    page.get_by_role("checkbox", name="Faces").press("Space")
    page.get_by_role("button", name=f"Add: {KEEP}").press("Enter")
    expect(page.locator("#mask-share-0")).not_to_have_text("0 %")
    face = share(page, KEEP)
    assert 1 <= face <= 15
    page.get_by_role("checkbox", name="Faces").press("Space")
    page.get_by_role("checkbox", name="Empty places").press("Space")
    page.get_by_role("button", name=f"Add: {KEEP}").press("Enter")
    expect(page.locator("#mask-share-0")).not_to_have_text(f"{face} %")
    assert share(page, KEEP) > 20
    page.get_by_role("button", name=f"Subtract: {KEEP}").press("Enter")
    expect(page.locator("#mask-share-0")).to_have_text(re.compile(r"^\d %$"))
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(page.locator("#mask-share-0")).to_have_text(f"{face} %")
    page.keyboard.press("x")
    expect(page.locator("#mask-share-0")).to_have_text(f"{100 - face} %")
    page.keyboard.press("Control+z")
    kept(page, "masks-found-light")
    page.get_by_role("button", name="Done", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Masks: keep", exact=True)).to_be_focused()


@in_browser
@pytest.mark.slow
def test_thirty_strokes_are_undone_and_redone_and_esc_asks_only_when_there_is_something_to_lose(opens):
    page = opens()
    two_paintings(page)
    sheet = editor(page)
    layer(page, "spray").check(force=True)
    shares = [0]
    for number in range(32):
        stroke(page, sheet, (0.02 + 0.03 * number, 0.1), (0.02 + 0.03 * number, 0.9))
        shares.append(share(page, "spray"))
    assert shares[-1] > 70
    for before in reversed(shares[1:-1]):
        page.keyboard.press("Control+z")
        expect(page.locator("#mask-share-2")).to_have_text(re.compile(rf"\b{before} %"))
    for _ in range(31):
        page.keyboard.press("Control+Shift+z")
    expect(page.locator("#mask-share-2")).to_have_text(f"{shares[-1]} %")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keep drawing").click()
    assert share(page, "spray") == shares[-1]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Discard").click()
    expect(sheet).to_have_count(0)
    expect(page.get_by_role("button", name="Masks", exact=True)).to_be_visible()
    sheet = editor(page)
    assert share(page, "spray") == 0
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


@in_browser
@pytest.mark.slow
def test_flood_zoom_pan_and_a_pens_pressure(opens):
    page = opens()
    two = np.zeros((64, 96, 3), np.uint8)
    two[:, 48:] = 200
    stream = io.BytesIO()
    Image.fromarray(two).save(stream, "PNG")
    page.locator("#choose-photo").set_input_files(
        {"name": "two.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    )
    sheet = editor(page)
    page.keyboard.press("f")
    stroke(page, sheet, (0.25, 0.5))
    assert share(page, KEEP) == pytest.approx(50, abs=1)
    page.get_by_role("button", name="Clear").click()
    assert share(page, KEEP) == 0
    page.keyboard.press("b")
    box = sheet.bounding_box()
    session = page.context.new_cdp_session(page)
    covered = []
    for force in (0.2, 1.0):
        where = {"pointerType": "pen", "force": force, "button": "left", "y": box["y"] + box["height"] / 2}
        for kind, x in (("mousePressed", 0.3), ("mouseMoved", 0.7), ("mouseReleased", 0.7)):
            place = {"type": kind, "x": box["x"] + x * box["width"], "buttons": 0 if kind == "mouseReleased" else 1}
            session.send("Input.dispatchMouseEvent", where | place)
        covered.append(share(page, KEEP))
        page.get_by_role("button", name="Clear").click()
    assert covered[0] < covered[1] / 2
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.wheel(0, -600)
    page.wait_for_function(
        "() => document.querySelector('.mask-paper').style.transform.match(/scale\\((.*)\\)/)[1] > 2"
    )
    zoomed = sheet.bounding_box()
    assert zoomed["x"] + (40 * zoomed["width"] / box["width"]) == pytest.approx(box["x"] + 40, abs=2), "zooms there"
    page.locator(".mask-view").focus()
    page.keyboard.down("Space")
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 60, steps=4)
    page.mouse.up()
    page.keyboard.up("Space")
    moved = sheet.bounding_box()
    assert (moved["x"] - zoomed["x"], moved["y"] - zoomed["y"]) == pytest.approx((50, 20), abs=1)
    assert share(page, KEEP) == 0, "moving it draws nothing"
    page.keyboard.press("-")
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert sheet.bounding_box()["width"] == pytest.approx(box["width"])


@in_browser
@pytest.mark.slow
def test_masks_follow_their_pictures(opens, running):
    page = opens(tolerate=["404"])
    two_paintings(page)
    sheet = editor(page)
    layer(page, "spray").check(force=True)
    stroke(page, sheet, (0.2, 0.5), (0.8, 0.5))
    done(page, "Masks: 2 regions")
    page.locator("#choose-painting").set_input_files(file("third.png", 8))
    expect(page.get_by_role("button", name="Remove painting third")).to_be_attached()
    expect(page.get_by_role("button", name="Masks: 1 region", exact=True)).to_be_visible()
    job = painted_job(page, running)
    one, two, three = (mask["id"] for mask in job["masks"])
    assert (one == three, one == two) == (True, False), "a painting that is added shares the place of the first"
    page.get_by_role("button", name="Remove painting spray").click()
    expect(page.get_by_role("button", name="Masks", exact=True)).to_be_visible()
    page.get_by_role("button", name="Use", exact=True).click()
    page.get_by_role("button", name="Use these settings").click()
    expect(page.get_by_role("button", name="Masks: 1 region", exact=True)).to_be_visible()
    with database.write_transaction(Folder(running.data).database) as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("DELETE FROM inputs WHERE picture = ?", (two,))
        connection.execute("DELETE FROM pictures WHERE id = ?", (two,))
    page.reload()
    expect(page.get_by_role("button", name="Masks", exact=True)).to_be_visible()
    sheet = editor(page)
    stroke(page, sheet, (0.2, 0.5), (0.8, 0.5))
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^Masks: "))).to_be_visible()
    page.locator("#choose-photo").set_input_files(file("other.png", 9))
    expect(page.get_by_role("button", name="Masks", exact=True)).to_be_visible()


@pytest.mark.slow
@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_open_editor_has_no_serious_accessibility_violations(opens, scheme):
    page = opens(color_scheme=scheme)
    two_paintings(page)
    sheet = editor(page)
    layer(page, "spray").check(force=True)
    stroke(page, sheet, (0.2, 0.5), (0.8, 0.5))
    expect(page.get_by_role("button", name=re.compile("^Add: "))).to_be_visible()
    kept(page, f"masks-open-{scheme}")
    check(page, "masks")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("button", name="Crop painting spray").click()
    kept(page, f"crop-{scheme}")
    check(page, "crop")


def check(page, state):
    found = Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in {"serious", "critical"}]
    assert serious == [], state


@in_browser
@pytest.mark.slow
def test_crops_are_dragged_and_shares_slid_and_both_follow_the_paintings(opens, running):
    page = opens()
    fill_in(page, size=64)
    page.get_by_text("More settings").click()
    page.get_by_role("searchbox", name="Find a setting").fill("style")  # where they stand in words
    crop, blend = (page.get_by_role("textbox", name=name, exact=True) for name in ("Style crop", "Style blend"))
    page.get_by_role("button", name="Crop painting brush", exact=True).click()
    frame = page.get_by_role("group", name="Frame")
    box = frame.bounding_box()
    page.mouse.move(box["x"] + box["width"], box["y"] + box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    expect(page.get_by_label("Width")).to_have_value(re.compile("^4[789]$"))
    frame.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Left")).to_have_value("3")
    page.get_by_label("Top").fill("10")
    page.get_by_label("Width").fill("40")
    page.get_by_label("Height").fill("30")
    page.get_by_label("Height").blur()
    frame.press("Shift+ArrowDown")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(crop).to_have_value("3,10,40,31")
    page.locator("#choose-painting").set_input_files(file("spray.png", 6))
    expect(crop).to_have_value("3,10,40,31;")
    page.get_by_role("slider", name="Share of spray").fill("70")
    expect(blend).to_have_value("30,70")
    blend.fill("1,3")
    expect(page.get_by_role("slider", name="Share of spray")).to_have_value("75")
    job = running.wait_for(ordered(page), "finished")
    assert (job["settings"]["style_crop"], job["settings"]["style_blend"]) == ("3,10,40,31;", [1, 3])
    page.get_by_role("button", name="Remove painting brush").click()
    expect(crop).to_have_value("")
    expect(blend).to_have_value("")
