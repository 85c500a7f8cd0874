"""Films on the page, in a real browser: dropped, previewed, painted, stopped, gone on with, and played."""

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import CHROMIUM, PAINTED, drop, file, kept
from playwright.sync_api import expect
from studios import animation, enqueue_film, film, upload, upload_file

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")


def clip(frames=24, name="walk.mp4"):
    return {"name": name, "mimeType": "video/mp4", "buffer": film(frames)}


def choose_quick_settings(page):
    """Settings that paint a frame in a tenth of a second, as somebody would type them."""
    page.get_by_role("radio", name="fast", exact=True).check(force=True)
    page.get_by_role("textbox", name="Size", exact=True).fill("64")
    page.get_by_text("More settings").click()
    page.get_by_text("Laboratory").click()
    for label, value in (("Scales", 1), ("Margin", 0), ("Iterations", 2)):
        page.get_by_role("textbox", name=label, exact=True).fill(str(value))
    page.get_by_role("textbox", name="Style layers", exact=True).fill("relu1_1=1")
    page.get_by_role("textbox", name="Content layers", exact=True).fill("relu2_1=1")


def order(page, frames=24):
    drop(page, page.locator("label.zone").first, clip(frames))
    expect(page.get_by_role("button", name="Remove film")).to_be_attached()
    page.locator("#choose-painting").set_input_files(file("brush.png", 4))
    expect(page.get_by_role("button", name="Remove painting brush")).to_be_attached()
    choose_quick_settings(page)


def playing_time(player):
    return player.evaluate("it => it.currentTime")


def wait_until_played(page, player, seconds):
    """Waits until a player has got so far, which it does only while it plays."""
    end = time.monotonic() + 20
    while playing_time(player) < seconds:
        assert time.monotonic() < end
        page.wait_for_timeout(50)


def no_violations(page, state):
    found = Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in {"serious", "critical"}]
    assert serious == [], state


@pytest.mark.slow
def test_a_film_is_dropped_previewed_painted_cancelled_resumed_and_played(opens, running):
    page = opens()
    order(page, 24)
    source = page.get_by_label("Film: walk").and_(page.locator("video"))
    expect(source).to_be_visible()
    expect(page.get_by_text(re.compile(r"^0:02 · 96 . 64 · 12 frames/s$"))).to_be_visible()
    expect(page.get_by_role("status", name="Estimate")).to_contain_text("24 frames")
    page.get_by_role("textbox", name="To", exact=True).fill("1.5")
    expect(page.get_by_role("status", name="Estimate")).to_contain_text("18 frames")
    assert 1.4 < playing_time(source) < 1.5, "the last frame is shown"
    kept(page, "film-chosen")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_text(re.compile("The whole film takes about"))).to_be_visible(timeout=PAINTED)
    expect(page.get_by_role("status", name="Estimate")).to_contain_text("about")
    kept(page, "film-previewed")
    page.get_by_role("button", name="Paint", exact=True).click()
    expect(page.get_by_text(re.compile(r"^([2-9]|\d\d) of 18 frames painted"))).to_be_visible(timeout=PAINTED)
    expect(page.get_by_alt_text("The last painted frame")).to_be_visible()
    kept(page, "film-painting")
    page.get_by_role("button", name="Cancel", exact=True).click()
    resume = page.get_by_role("button", name="Resume", exact=True)
    expect(resume).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d+ of 18 frames are painted, and kept"))).to_be_visible()
    kept(page, "film-cancelled")
    resume.click()
    played = page.get_by_label(re.compile("^The painted film"))
    expect(played).to_be_visible(timeout=PAINTED)
    assert playing_time(played) == 0
    played.press("Space")  # as on any player
    wait_until_played(page, played, 0.2)
    page.locator("h1").click()
    page.keyboard.press("Space")  # from anywhere on the page
    expect(played).to_have_js_property("paused", True)
    page.keyboard.press("Space")
    expect(played).to_have_js_property("paused", False)
    page.get_by_role("button", name="Beside its clip").click()
    wait_until_played(page, page.get_by_label("The clip: walk"), 0.2)
    kept(page, "film-finished")
    page.get_by_role("button", name=re.compile("^Show walk, after brush, film")).first.focus()
    page.get_by_role("button", name=re.compile("^Make walk")).first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    assert download.value.suggested_filename == "walk-brush.mp4"
    newest = running.client.get("/api/jobs").json()["jobs"][0]
    assert (newest["state"], newest["film"]["painted"], newest["favorite"]) == ("finished", 18, True)


@pytest.mark.slow
def test_the_film_stays_in_the_form_when_the_page_is_loaded_again_and_an_animation_is_a_film(opens):
    page = opens()
    drop(page, page.locator("label.zone").first, {"name": "moves.gif", "buffer": animation()})
    expect(page.get_by_role("heading", name="Film")).to_be_visible()
    assert page.get_by_role("combobox", name="File", exact=True).input_value() == "gif"
    page.get_by_role("slider", name="From", exact=True).press("ArrowRight")
    assert page.get_by_role("textbox", name="From", exact=True).input_value() == "0.10"
    expect(page.locator("img.clip-picture")).to_have_attribute("src", re.compile(r"frame\?at=0.1"))
    page.get_by_role("combobox", name="Frames", exact=True).select_option("2")
    page.reload()
    assert page.get_by_role("textbox", name="From", exact=True).input_value() == "0.10"
    assert page.get_by_role("combobox", name="Frames", exact=True).input_value() == "2"
    page.get_by_role("button", name="Remove film").click()
    expect(page.get_by_role("heading", name="Photograph", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Preview", exact=True)).to_have_count(0)


def test_a_film_among_paintings_and_one_that_is_none_are_refused_in_one_line(opens):
    page = opens(tolerate=["422"])
    alert = page.get_by_role("alert", name="Problems")
    page.locator("#choose-painting").set_input_files(clip())
    expect(alert).to_contain_text("walk.mp4 is a film")
    page.locator("#choose-photo").set_input_files(
        {"name": "text.mp4", "mimeType": "video/mp4", "buffer": b"no film " * 9}
    )
    expect(alert).to_contain_text("text.mp4 is not a film that can be read.")


@pytest.mark.slow
def test_a_film_that_the_browser_cannot_play_is_painted_all_the_same(opens):
    page = opens(tolerate=["Failed to load", "media"])
    raw = {"name": "odd.avi", "mimeType": "video/x-msvideo", "buffer": film(suffix=".avi")}
    drop(page, page.locator("label.zone").first, raw)
    expect(page.get_by_text("This browser cannot play it; it can be painted all the same.")).to_be_visible()
    expect(page.get_by_role("button", name="Preview", exact=True)).to_be_visible()
    page.get_by_role("slider", name="From", exact=True).press("ArrowRight")
    expect(page.locator("img.clip-picture")).to_have_attribute("src", re.compile(r"frame\?at=0.08"))
    page.get_by_role("combobox", name="File", exact=True).focus()
    expect(page.locator("img.clip-picture")).to_have_attribute("src", re.compile("display"))


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_films_are_accessible_in_each_state_and_fit_a_phone(opens, running, scheme):
    painting = upload(running.client)
    walk = upload_file(running.client, "walk.mp4", film(200))["id"]
    short = upload_file(running.client, "short.mp4", film(6))["id"]
    finished = running.wait_for(enqueue_film(running.client, short, painting)["id"], "finished")
    preview = running.wait_for(enqueue_film(running.client, short, painting, preview=True)["id"], "finished")
    job = enqueue_film(running.client, walk, painting)
    page = opens(color_scheme=scheme)
    drop(page, page.locator("label.zone").first, clip())
    expect(page.get_by_role("button", name="Remove film")).to_be_attached()
    page.goto(f"{running.address}/#job={job['id']}")
    expect(page.get_by_text(re.compile("frames painted"))).to_be_visible(timeout=PAINTED)
    no_violations(page, "being painted")
    page.set_viewport_size({"width": 390, "height": 844})
    kept(page, f"film-painting-phone-{scheme}")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    no_violations(page, "cancelled")
    for shown, name in ((finished, "finished"), (preview, "preview")):
        page.goto(f"{running.address}/#job={shown['id']}")
        expect(page.get_by_label(re.compile("^The painted film"))).to_be_visible()
        no_violations(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        kept(page, f"film-{name}-phone-{scheme}")
    page.locator(".clip-panel").scroll_into_view_if_needed()
    kept(page, f"film-chosen-phone-{scheme}")
    running.client.delete(f"/api/jobs/{job['id']}")
