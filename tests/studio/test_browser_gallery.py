"""Many photographs, other tries, sheets and the gallery, in a real browser with real pictures, small."""

import io
import json
import re
import sqlite3
import zipfile

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import CHROMIUM, PAINTED, file, fill_in, kept, paint, result
from PIL import Image
from playwright.sync_api import expect
from studios import enqueue, upload

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")


def finished(running, count, **settings):
    """Jobs that are done; returns their numbers."""
    photo, painting = upload(running.client, 1), upload(running.client, 2)
    jobs = [enqueue(running.client, photo, painting, seed=seed, **settings)["id"] for seed in range(count)]
    for job in jobs:
        running.wait_for(job, "finished")
    return jobs


def card(page, job):
    """The card of a job in the gallery, by the picture on it."""
    return page.locator(".gallery li").filter(has=page.locator(f"img[src='/api/jobs/{job}/thumbnail']"))


def no_serious_violations(page):
    found = Axe().run(page).response["violations"]
    return [(it["id"], it["nodes"][0]["html"]) for it in found if it["impact"] in {"serious", "critical"}] == []


@pytest.mark.slow
def test_a_folder_with_two_bad_files_becomes_an_archive(opens, tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    for number in range(1, 11):
        (folder / f"day {number}.png").write_bytes(file("x", 20 + number)["buffer"])
    (folder / "day 11.jpg").write_bytes(b"not a picture")
    (folder / "day 12.png").write_bytes(file("x", 32)["buffer"][:100])
    (folder / "notes.txt").write_text("left out, since it is no picture by its name")
    page = opens(tolerate=["422"])
    page.locator("#choose-painting").set_input_files(file("brush.png", 4))
    page.get_by_role("radio", name="fast", exact=True).check(force=True)
    page.get_by_role("textbox", name="Size", exact=True).fill("48")
    page.get_by_label("Choose a folder of photographs").set_input_files(folder)
    expect(page.get_by_role("button", name="Paint 10 photographs")).to_be_visible()
    page.get_by_text("2 files could not be read").click()
    expect(page.get_by_text("day 11.jpg")).to_be_visible()
    kept(page, "batch-form-light")
    expect(page.get_by_role("status", name="Estimate")).to_contain_text("10 photographs")
    page.get_by_role("button", name="Paint 10 photographs").click()
    expect(page.get_by_text("10 of 12 painted, 2 unreadable")).to_be_visible(timeout=4 * PAINTED)
    kept(page, "batch-light")
    assert no_serious_violations(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all as zip").click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = archive.namelist()
        assert names == [*(f"day {number}-brush.png" for number in range(1, 11)), "manifest.jsonl"]
        lines = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
        assert [bool(line["error"]) for line in lines] == [False] * 10 + [True] * 2
        assert max(Image.open(io.BytesIO(archive.read(names[0]))).size) == 48
    page.get_by_role("button", name=re.compile("^Show day 3, after brush")).click()
    expect(result(page)).to_be_visible()
    page.get_by_role("button", name="10 photographs", exact=True).click()
    expect(page.get_by_role("link", name="Download all as zip")).to_be_visible()


@pytest.mark.slow
def test_four_at_once_are_four_pictures(opens, running):
    page = opens()
    fill_in(page)
    page.get_by_label("How many, each with another seed").select_option("4")
    expect(page.get_by_role("status", name="Estimate")).to_contain_text(re.compile("4 of 64 . 43"))
    paint(page)
    expect(page.get_by_text("4 pictures ordered, each with a seed of its own.")).to_be_visible()
    jobs = [job["id"] for job in running.client.get("/api/jobs").json()["jobs"][:4]]
    pictures = []
    for job in jobs:
        running.wait_for(job, "finished")
        data = running.client.get(f"/api/jobs/{job}/result").content
        pictures.append(np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), float))
    for first in range(4):
        for second in range(first):
            assert np.abs(pictures[first] - pictures[second]).mean() > 3, "the difference is seen"
    expect(page.get_by_role("status", name="Estimate")).to_contain_text("Ordered already")


def test_a_sheet_is_taken_by_the_studio_as_the_page_orders_it(opens, running):
    page = opens()
    fill_in(page)
    page.get_by_role("button", name="Sheet …").click()
    page.get_by_label("Columns: values").fill("0.2, 0.8")
    page.get_by_role("button", name="Paint the sheet").click()
    expect(page.get_by_text(re.compile(r"\d of 2 painted"))).to_be_visible()
    ordered = running.client.get("/api/jobs").json()["jobs"][0]
    running.client.post(f"/api/batches/{ordered['batch']}/cancel").raise_for_status()


@pytest.mark.slow
def test_a_cell_of_a_sheet_is_painted_large(opens, running):
    page = opens()
    fill_in(page)
    page.get_by_role("button", name="Sheet …").click()
    page.get_by_label("Columns: values").fill("0.2, 7")
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("Give a number")
    page.get_by_label("Columns: values").fill("0.2, 0.8")
    page.get_by_label("Rows: setting").select_option("style_scale")
    page.get_by_label("Rows: values").fill("1, 2")
    kept(page, "sheet-form-light")
    assert no_serious_violations(page)
    page.get_by_role("button", name="Paint the sheet").click()
    expect(page.get_by_text("4 of 4 painted")).to_be_visible(timeout=4 * PAINTED)
    page.locator(".cells td .cell").nth(3).click()
    kept(page, "sheet-light")
    assert no_serious_violations(page)
    page.get_by_role("button", name="Use these settings").click()
    expect(page.get_by_role("textbox", name="Strength", exact=True)).to_have_value("0.8")
    expect(page.get_by_role("textbox", name="Brush size", exact=True)).to_have_value("2")
    page.get_by_role("button", name="Paint it large").click()
    page.get_by_role("button", name="Paint it with 512 px").click()
    expect(page.get_by_role("button", name="Keep this")).to_be_enabled(timeout=PAINTED)
    newest = running.client.get("/api/jobs").json()["jobs"][0]
    settings = newest["settings"]
    assert (settings["size"], settings["strength"], settings["style_scale"]) == (512, 0.8, 2)
    page.keyboard.press("Escape")
    running.wait_for(newest["id"], "cancelled")


@pytest.mark.slow
def test_a_result_is_painted_larger_and_again(opens, running):
    job = finished(running, 1)[0]
    page = opens()
    page.goto(f"{running.address}/#job={job}")
    page.get_by_role("button", name="Paint it large").click()
    page.get_by_role("button", name="96 px, 2 times as large").click()
    expect(page.get_by_text(re.compile("96 . 72"))).to_be_visible(timeout=PAINTED)
    page.get_by_role("button", name="Again", exact=True).click()
    expect(page.locator(".facts")).to_contain_text("noise share 0.3", timeout=PAINTED)


def test_pictures_are_selected_compared_deleted_and_brought_back(opens, running):
    one, other = finished(running, 2)
    page = opens()
    expect(card(page, one)).to_be_visible()
    for job in (one, other):
        card(page, job).get_by_role("checkbox").check(force=True)
    toolbar = page.get_by_role("toolbar", name="Selected pictures")
    expect(toolbar).to_contain_text("2 selected")
    kept(page, "selected-light")
    toolbar.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("slider", name="Left and right")).to_be_visible()
    assert page.url.endswith(f"#compare={other},{one}")
    for job in (one, other):  # a picture that is deleted while it loads is an error to the browser
        expect(page.locator(f"img[src*='/jobs/{job}/result']")).to_be_visible()
    kept(page, "compare-light")
    card(page, one).get_by_role("checkbox").check(force=True)
    card(page, other).get_by_role("checkbox").check(force=True)
    toolbar.get_by_role("button", name="Delete").click()
    expect(card(page, one)).to_have_count(0)
    assert running.client.get(f"/api/jobs/{one}").status_code == 404
    page.get_by_role("button", name="Undo").click()
    expect(card(page, one)).to_be_visible()
    expect(card(page, other)).to_be_visible()
    assert running.client.get(f"/api/jobs/{one}").json()["state"] == "finished"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_favorites_albums_and_a_search_narrow_the_gallery(opens, running, scheme):
    one, other = finished(running, 2)
    page = opens(color_scheme=scheme)
    card(page, one).get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Album …").click()
    page.get_by_role("dialog").get_by_label("Name").fill(f"Wall {scheme}")
    assert no_serious_violations(page)
    page.get_by_role("button", name="Add to album").click()
    expect(page.get_by_role("status", name="News")).to_contain_text(f"put into Wall {scheme}")
    page.get_by_label("Album").select_option(f"Wall {scheme}")
    expect(card(page, other)).to_have_count(0)
    expect(card(page, one)).to_be_visible()
    page.get_by_label("Album").select_option("")
    card(page, other).hover()
    card(page, other).get_by_role("button", name=re.compile("a favorite$")).click()
    page.get_by_role("button", name="Favorites", exact=True).click()
    expect(card(page, one)).to_have_count(0)
    expect(card(page, other)).to_be_visible()
    page.get_by_role("button", name="Favorites", exact=True).click()
    page.get_by_role("searchbox", name="Search").fill("nobody painted this")
    expect(page.get_by_text("No picture has all of that.")).to_be_visible()
    kept(page, f"nothing-found-{scheme}")
    page.get_by_role("searchbox", name="Search").fill("")
    expect(card(page, one)).to_be_visible()


@pytest.mark.slow
def test_the_keys_go_through_the_pictures(opens, running):
    one, other = finished(running, 2)
    page = opens()
    page.goto(f"{running.address}/#job={other}")
    expect(result(page)).to_be_visible()
    page.keyboard.press("ArrowRight")
    assert page.url.endswith(f"#job={one}")
    page.keyboard.press("ArrowLeft")
    assert page.url.endswith(f"#job={other}")
    expect(result(page)).to_be_visible()
    page.keyboard.down("Space")
    expect(page.get_by_role("slider", name="Before and after")).to_have_attribute("aria-valuetext", "100 % photograph")
    page.keyboard.up("Space")
    expect(page.get_by_role("slider", name="Before and after")).to_have_attribute("aria-valuetext", "22 % photograph")
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Favorite", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert no_serious_violations(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).not_to_be_visible()
    with page.expect_download():
        page.keyboard.press("d")
    page.keyboard.press("Delete")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.get_by_role("textbox", name="Strength", exact=True).press("?")
    expect(page.get_by_role("dialog", name="Keys")).not_to_be_visible()


@pytest.mark.slow
def test_what_cannot_be_painted_is_said_before_it_is_ordered(opens):
    page = opens(tolerate=["422"])
    fill_in(page)
    hint = page.get_by_role("status", name="Estimate")
    expect(hint).to_contain_text(re.compile(r"64 . 43"))
    page.get_by_text("More settings").click()
    page.get_by_role("searchbox", name="Find a setting").fill("layers")
    for name in ("Content layers", "Style layers"):
        page.get_by_role("textbox", name=name, exact=True).fill("relu1_1=0")
    expect(hint).to_contain_text("All layers have weight 0")
    expect(page.get_by_role("button", name="Paint", exact=True)).to_have_attribute("aria-disabled", "true")
    page.get_by_role("textbox", name="Style layers", exact=True).fill("relu1_1=1")
    expect(hint).to_contain_text(re.compile(r"64 . 43"))


@pytest.mark.slow
def test_two_thousand_pictures_are_searched_at_once(opens, starts, tmp_path):
    studio = starts(tmp_path)
    with sqlite3.connect(tmp_path / "studio.db") as connection:
        connection.executemany(
            "INSERT INTO jobs (version, state, position, settings, created, words) VALUES (0, 'cancelled', 0, ?, 0, ?)",
            [('{"recipe": "fast"}', f"picture number {number} of a walk") for number in range(2000)],
        )
    answered = [
        studio.client.get("/api/jobs", params={"search": "walk 1234"}).elapsed.total_seconds() for _ in range(5)
    ]
    assert sorted(answered)[2] < 1.0  # a fifth of that on a quiet machine
    page = opens(studio.address)
    page.get_by_role("searchbox", name="Search").fill("number 1234")
    expect(page.locator(".gallery .show")).to_have_count(1)
    page.close()


@pytest.mark.slow
def test_the_page_opens_without_a_studio_and_goes_on_when_there_is_one(opens, starts, tmp_path):
    studio = starts(tmp_path)
    page = opens(studio.address, tolerate=["ERR_", "Failed to load", "sw.js", "ServiceWorker"])
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    expect(page.get_by_role("button", name="Example photograph: Chelsea")).to_be_visible()
    studio.kill()
    page.reload()
    expect(page.get_by_role("status", name="Connection")).to_contain_text("not answering")
    starts(tmp_path, port=int(studio.address.rpartition(":")[2]))
    expect(page.get_by_role("button", name="Example photograph: Chelsea")).to_be_visible(timeout=PAINTED)
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("look", [{"color_scheme": "dark"}, {"forced_colors": "active"}], ids=["dark", "forced colors"])
def test_every_new_state_is_accessible_in_dark_and_in_colors_of_ones_own(opens, running, look):
    one, other = finished(running, 2)
    photo, painting = upload(running.client, 1), upload(running.client, 2)
    order = {"photos": [photo, painting], "paintings": [painting], "settings": {"recipe": "fast", "size": 48}}
    batch = running.client.post("/api/batches", json=order).json()["id"]
    page = opens(**look)
    fill_in(page)
    page.get_by_text("More settings").click()
    assert no_serious_violations(page), "form"
    page.get_by_role("button", name="Sheet …").click()
    assert no_serious_violations(page), "sheet's dialog"
    page.keyboard.press("Escape")
    page.goto(f"{running.address}/#batch={batch}")
    expect(page.get_by_text("2 of 2 painted")).to_be_visible(timeout=PAINTED)
    assert no_serious_violations(page), "batch"
    page.goto(f"{running.address}/#compare={one},{other}")
    expect(page.get_by_role("slider", name="Left and right")).to_be_visible()
    card(page, one).get_by_role("checkbox").check(force=True)
    assert no_serious_violations(page), "comparison and selection"
    kept(page, f"comparison-{next(iter(look.values()))}")


@pytest.mark.slow
def test_the_gallery_and_a_sheet_are_used_by_keyboard_alone(opens, running):
    one, other = finished(running, 2)
    page = opens()
    fill_in(page)

    def go_to(role, name):
        """Tabs until something has the focus."""
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.get_by_role(role, name=name).first.evaluate("it => it === document.activeElement"):
                return
        raise AssertionError(f"Tab never comes to {name}")

    expect(card(page, other)).to_be_visible()
    go_to("checkbox", re.compile("^Select 1, after 2"))
    page.keyboard.press("Space")
    expect(page.get_by_role("toolbar", name="Selected pictures")).to_contain_text("1 selected")
    page.keyboard.press("Delete")
    expect(card(page, other)).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(card(page, other)).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    go_to("button", "Sheet …")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Columns: setting")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("0.2, 0.4")
    go_to("button", "Paint the sheet")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 2 painted")).to_be_visible(timeout=2 * PAINTED)
    assert running.client.get(f"/api/jobs/{one}").status_code == 200
