"""The page in a real browser, as people use it: nothing that it asks for leaves the machine, no failure is unseen."""

import gzip
import json
import re
import sqlite3
import time
import tomllib

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import CHROMIUM, PAINTED, drop, file, fill_in, kept, paint, result
from PIL import Image
from playwright.sync_api import expect
from studios import enqueue, upload

from impasto.studio.server.app import PAGE
from impasto.studio.store import alerts
from impasto.studio.store.folder import Folder

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")


def long_job(running):
    """Adds a job that runs until it is stopped."""
    photo, painting = upload(running.client, 1), upload(running.client, 2)
    return enqueue(running.client, photo, painting, recipe="painterly", iterations=100_000, tolerance=0.0, scales=1)[
        "id"
    ]


@pytest.mark.slow
def test_three_clicks_on_the_examples_start_a_picture(opens, running):
    page = opens()
    page.get_by_role("button", name="Example photograph: Summer Palace").click()
    page.get_by_role("button", name="Example painting: The Starry Night").click()
    paint(page)
    expect(page.get_by_alt_text("The picture as far as it is painted")).to_be_visible()
    kept(page, "painting-light")
    page.keyboard.press("Escape")
    newest = running.client.get("/api/jobs").json()["jobs"][0]
    assert newest["settings"]["recipe"] == "painterly"
    assert running.wait_for(newest["id"], "cancelled")


def test_from_dropped_files_to_a_downloaded_picture(opens, tmp_path):
    page = opens()
    page.get_by_role("radio", name="fast", exact=True).check(force=True)
    page.get_by_role("textbox", name="Size", exact=True).fill("64")
    drop(page, page.locator("label.zone").first, file("house.png", 3), file("garden.png", 5))
    expect(page.get_by_role("heading", name="Photographs (2)")).to_be_visible()
    page.get_by_role("button", name="Remove all photographs").click()
    drop(page, page.locator("label.zone").first, file("house.png", 3))
    expect(page.get_by_role("button", name="Remove photograph")).to_be_visible()
    drop(page, page.locator("h1"), file("brush.png", 4))  # anywhere: the photograph is there, so it is a painting
    expect(page.get_by_role("button", name="Remove painting brush")).to_be_visible()
    paint(page)
    expect(result(page)).to_be_visible(timeout=PAINTED)
    kept(page, "finished-light")
    page.get_by_role("slider", name="Before and after").press("ArrowRight")
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("PNG")).click()
    target = tmp_path / download.value.suggested_filename
    download.value.save_as(target)
    with Image.open(target) as picture:
        assert (target.name, max(picture.size)) == ("house-brush.png", 64)
        assert json.loads(picture.text["impasto:settings"])["recipe"] == "fast"


@pytest.mark.slow
def test_a_result_can_be_copied_pasted_and_shown_in_full_screen(opens, running):
    job = enqueue(running.client, upload(running.client, 1), upload(running.client, 2))["id"]
    running.wait_for(job, "finished")
    page = opens(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{running.address}/#job={job}")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status", name="News")).to_contain_text("Copied.")
    page.keyboard.press("Control+v")
    expect(page.get_by_role("button", name="Remove photograph")).to_be_visible()
    page.get_by_role("button", name="Full screen", exact=True).click()
    expect(page.get_by_role("button", name="Leave full screen")).to_be_visible()
    assert page.evaluate("document.fullscreenElement.id") == "viewer"
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Leave full screen")).not_to_be_visible()
    assert page.evaluate("document.fullscreenElement") is None


@pytest.mark.slow
def test_a_worker_that_cannot_start_is_shown_at_the_top_and_jobs_can_still_be_queued(opens, starts, tmp_path):
    page = opens(starts(tmp_path, "--device", "cuda:98", "--device", "cuda:99").address)
    for device in (98, 99):
        alert = page.get_by_text(f"no device 'cuda:{device}'")
        expect(alert).to_be_visible()
        middle = alert.evaluate("it => [it.getBoundingClientRect().left + 40, it.getBoundingClientRect().top + 15]")
        assert str(device) in page.evaluate("([x, y]) => document.elementFromPoint(x, y).textContent", middle)
    fill_in(page)
    paint(page)
    expect(page.get_by_text("Next in the queue")).to_be_visible()
    kept(page, "alert-light")
    page.close()


@pytest.mark.slow
def test_previews_show_the_picture_develop(opens, running):
    page = opens()
    job = long_job(running)
    seen = set()
    page.goto(f"{running.address}/#job={job}")
    preview = page.get_by_alt_text("The picture as far as it is painted")
    end = time.monotonic() + 40
    while len(seen) < 4 and time.monotonic() < end:
        if preview.count():
            seen.add(preview.get_attribute("src"))
        page.wait_for_timeout(200)
    assert len(seen) >= 4, "the preview changed at least three times"
    page.get_by_text("Loss curve").click()
    expect(page.get_by_role("img", name=re.compile("Loss over"))).to_be_visible()
    page.get_by_role("button", name="Keep this").click()
    expect(result(page)).to_be_visible(timeout=PAINTED)


@pytest.mark.slow
def test_a_reload_keeps_the_running_job_in_view_and_two_tabs_agree(opens, running):
    job = long_job(running)
    page = opens()
    expect(page.get_by_role("progressbar", name="Painted").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Keep this")).to_be_enabled()
    second = opens(window=page.context)
    expect(second.get_by_role("button", name="Keep this")).to_be_enabled()
    second.get_by_role("button", name="Cancel", exact=True).click()
    running.wait_for(job, "cancelled")
    expect(page.get_by_role("button", name="Keep this")).not_to_be_visible()
    expect(page.get_by_role("button", name=re.compile(r"^Show .*: Cancelled")).first).to_be_visible()


@pytest.mark.slow
def test_a_dropped_result_restores_its_settings_and_inputs(opens, running):
    photo, painting = upload(running.client, 1), upload(running.client, 2)
    job = enqueue(running.client, photo, painting, strength=0.8, style_scale=2.0)["id"]
    running.wait_for(job, "finished")
    data = running.client.get(f"/api/jobs/{job}/result").content
    page = opens()
    dropped = {"name": "mine.png", "mimeType": "image/png", "buffer": data}
    page.locator("#choose-photo").set_input_files(dropped)
    expect(page.get_by_role("status", name="Restored settings")).to_be_visible()
    expect(page.get_by_role("textbox", name="Strength")).to_have_value("0.8")
    expect(page.get_by_role("textbox", name="Brush size")).to_have_value("2")
    expect(page.get_by_role("radio", name="fast", exact=True)).to_be_checked()
    expect(page.get_by_role("button", name="Remove painting 2")).to_be_visible()


@pytest.mark.slow
def test_the_page_can_be_used_by_keyboard_alone(opens, running):
    page = opens()

    def go_to(name):
        for _ in range(150):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.getAttribute('aria-label')") == name:
                return
        raise AssertionError(f"Tab never comes to {name}")

    go_to("Example photograph: Chelsea")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove photograph")).to_be_visible()
    go_to("Example painting: The Great Wave off Kanagawa")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name=re.compile("^Remove painting"))).to_be_visible()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "focus is seen"
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Keep this")).to_be_enabled()
    page.keyboard.press("Escape")
    newest = running.client.get("/api/jobs").json()["jobs"][0]["id"]
    assert running.wait_for(newest, "cancelled")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_page_has_no_serious_accessibility_violations(opens, running, scheme):
    job = enqueue(running.client, upload(running.client, 1), upload(running.client, 2), iterations=2)["id"]
    running.wait_for(job, "finished")
    page = opens(color_scheme=scheme)
    kept(page, f"empty-{scheme}")
    for state in ("empty", "finished"):
        if state == "finished":
            page.get_by_role("button", name=re.compile(r"^Show .*: Finished")).first.click()
            expect(result(page)).to_be_visible()
            page.get_by_text("More", exact=False).first.click()
            kept(page, f"finished-{scheme}")
        found = Axe().run(page).response["violations"]
        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in {"serious", "critical"}]
        assert serious == [], state


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_in_one_column(opens, scheme):
    page = opens(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    page.reload()
    expect(page.get_by_role("button", name="Example photograph: Chelsea")).to_be_visible()
    kept(page, f"phone-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.slow
def test_a_problem_of_the_studio_covers_nothing_at_the_top_of_the_page(opens, running):
    folder = Folder(running.data)
    alerts.set_alert(
        folder, 9, "the disk of the studio's folder is full", f"Free some space on it. {'/a-long-name' * 20}"
    )
    try:
        page = opens(color_scheme="dark")
        page.set_viewport_size({"width": 390, "height": 844})
        banner = page.get_by_role("status", name="Connection")
        expect(banner).to_contain_text("The disk of the studio's folder is full")
        kept(page, "alert-dark")
        below, title = banner.bounding_box(), page.locator("h1").bounding_box()
        assert title["y"] >= below["y"] + below["height"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="Example photograph: Chelsea").click()
        expect(page.get_by_role("button", name="Remove photograph")).to_be_visible()
    finally:
        alerts.clear(folder, 9)


def test_an_unreadable_file_is_one_error_and_the_form_is_kept(opens):
    page = opens(tolerate=["422"])
    fill_in(page)
    bad = {"name": "notes.png", "mimeType": "image/png", "buffer": b"not a picture"}
    page.locator("#choose-photo").set_input_files(bad)
    expect(page.get_by_role("alert", name="Problems")).to_contain_text("notes.png is not a picture")
    expect(page.get_by_role("button", name="Remove painting brush")).to_be_visible()
    expect(page.get_by_role("textbox", name="Size", exact=True)).to_have_value("64")


@pytest.mark.slow
def test_an_invalid_setting_is_marked_and_its_error_disappears_when_it_is_corrected(opens):
    page = opens()
    problems = page.get_by_role("alert", name="Problems")
    page.keyboard.press("Control+Enter")
    expect(problems).to_contain_text("Choose a photograph and a painting")
    fill_in(page)
    expect(problems).to_be_empty()
    page.get_by_text("More settings").click()
    page.get_by_text("Laboratory").click()
    for name, wrong, right, said in (
        ("Fill", "7", "0.5", "Give a number from 0 to 1."),
        ("Style layers", "relu9_9=1", "relu4_1=1", "There is no layer relu9_9."),
        ("Iterations", "many", "7", "Give a number"),
    ):
        field = page.get_by_role("textbox", name=name, exact=True)
        field.fill(wrong)
        page.get_by_text("More settings").click()
        expect(field).not_to_be_visible()
        paint(page)
        expect(problems).to_contain_text(said)
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
        kept(page, "mistake-light")
        field.fill(right)
        expect(problems).to_be_empty()
    strength = page.get_by_role("textbox", name="Strength")
    strength.fill("0,7")
    strength.blur()
    expect(strength).to_have_value("0.7")
    strength.fill("")
    strength.blur()
    expect(strength).to_have_value("0.5")


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 360])
def test_a_queue_of_long_names_leaves_the_page_as_wide_as_it_was(opens, running, width):
    page = opens()
    page.set_viewport_size({"width": width, "height": 800})
    name = "a-very-long-name-that-somebody-gave-to-a-picture-of-a-house-by-the-sea.png"
    page.locator("#choose-photo").set_input_files({**file("x", 3), "name": name})
    expect(page.get_by_role("button", name="Remove photograph")).to_be_visible()
    for painting in ("The Scream", "Water Lilies"):
        page.get_by_role("button", name=f"Example painting: {painting}").click()
        expect(page.get_by_role("button", name=f"Remove painting {painting}")).to_be_attached()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Keep this")).to_be_visible()
    for waiting in (1, 2):
        page.keyboard.press("Control+Enter")
        expect(page.locator(".queue li")).to_have_count(waiting)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    last, next_one, first = (job["id"] for job in running.client.get("/api/jobs").json()["jobs"][:3])
    page.keyboard.press("Escape")
    running.wait_for(first, "cancelled")
    under_way = page.get_by_role("progressbar", name=re.compile("painted$"))
    expect(under_way).to_be_visible()
    kept(page, f"queue-{width}")
    for job in (last, next_one):
        running.client.post(f"/api/jobs/{job}/cancel")
        running.wait_for(job, "cancelled")


@pytest.mark.slow
def test_esc_twice_in_a_row_cancels_one_picture(opens, running):
    first, second = long_job(running), long_job(running)
    page = opens()  # without a selected job the stage shows the running one
    expect(page.get_by_role("button", name="Keep this")).to_be_enabled()
    page.evaluate("window.began = performance.now(); performance.now = () => began")  # however slow the machine is
    page.keyboard.press("Escape")
    running.wait_for(first, "cancelled")
    running.wait_for(second, "running")
    expect(page.get_by_role("button", name="Keep this")).to_be_enabled()
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    assert running.client.get(f"/api/jobs/{second}").json()["state"] == "running"
    page.evaluate("performance.now = () => began + 5000")
    page.keyboard.press("Escape")
    running.wait_for(second, "cancelled")


@pytest.mark.slow
def test_the_page_reconnects_when_the_server_comes_back(opens, starts, tmp_path):
    studio = starts(tmp_path)
    page = opens(studio.address, tolerate=["ERR_CONNECTION", "ERR_EMPTY", "ERR_INCOMPLETE", "Failed to load"])
    fill_in(page)
    studio.kill()
    expect(page.get_by_role("status", name="Connection")).to_contain_text("not answering")
    starts(tmp_path, port=int(studio.address.rpartition(":")[2]))
    expect(page.get_by_role("status", name="Connection")).not_to_contain_text("not answering", timeout=PAINTED)
    expect(page.get_by_role("textbox", name="Size", exact=True)).to_have_value("64")
    page.close()


@pytest.mark.slow
def test_a_history_of_five_hundred_jobs_is_loaded_page_by_page(opens, starts, tmp_path):
    studio = starts(tmp_path)
    with sqlite3.connect(tmp_path / "studio.db") as connection:
        connection.executemany(
            "INSERT INTO jobs (version, state, position, settings, created) VALUES (0, 'cancelled', ?, ?, 0)",
            [(number, '{"recipe": "fast"}') for number in range(500)],
        )
    page = opens(studio.address)
    shown = page.get_by_role("button", name=re.compile(r"^Show .*: Cancelled"))
    expect(shown.first).to_be_visible()
    before = shown.count()
    assert before < 200, "not all at once"
    page.get_by_role("button", name="Show more").scroll_into_view_if_needed()
    expect(shown.nth(before + 10)).to_be_attached()
    page.close()


def test_the_page_is_small():
    files = [*PAGE.rglob("*.js"), *PAGE.rglob("*.css")]
    assert len(files) >= 2
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < 150_000


def named(page, name):
    return page.get_by_role("radio", name=name, exact=True)


def menu(page, item):
    page.get_by_role("button", name="Looks", exact=True).click()
    return page.locator(".look-menu").get_by_role("button", name=re.compile(f"^{item}"))


@pytest.mark.slow
def test_a_look_is_saved_exported_deleted_and_imported(opens, tmp_path):
    page = opens()
    named(page, "ink").check(force=True)
    page.get_by_role("textbox", name="Size", exact=True).fill("96")
    expect(page.get_by_role("button", name="Save this look")).not_to_be_attached()
    page.get_by_role("textbox", name="Strength").fill("0.7")
    page.get_by_role("button", name="Save this look").click()
    save = page.get_by_role("button", name="Save", exact=True)
    expect(save).to_be_disabled()
    page.get_by_label("Name", exact=True).fill("ink")
    expect(page.get_by_text("There is a recipe ink already.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("\u00c9t\u00e9 \u00e0 Paris!")
    expect(page.get_by_text("It will be called ete-a-paris.")).to_be_visible()
    page.get_by_label("Description").fill("Soft lines")
    kept(page, "look-light")
    save.click()
    expect(named(page, "ete-a-paris")).to_be_checked()
    expect(page.get_by_role("textbox", name="Strength")).to_have_value("0.7")
    expect(page.get_by_role("textbox", name="Size", exact=True)).to_have_value("96")
    expect(page.get_by_role("button", name="Save this look")).not_to_be_attached()
    page.get_by_role("button", name="Looks", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export ete-a-paris").click()
    target = tmp_path / download.value.suggested_filename
    download.value.save_as(target)
    stated = tomllib.loads(target.read_text())
    assert (target.name, stated["strength"], stated["description"]) == ("ete-a-paris.toml", 0.7, "Soft lines")
    assert not {"size", "seed"} & set(stated), "these belong to a picture"
    second = opens(window=page.context)
    expect(named(second, "ete-a-paris")).to_be_attached()
    menu(page, "Delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(named(page, "ete-a-paris")).not_to_be_attached()
    second.evaluate("dispatchEvent(new Event('focus'))")  # as when its window comes to the front
    expect(named(second, "ete-a-paris")).not_to_be_attached()
    drop(page, page.locator("h1"), {"name": "Blue Hour.toml", "buffer": target.read_bytes()})
    expect(named(page, "blue-hour")).to_be_checked()
    expect(page.get_by_role("textbox", name="Strength")).to_have_value("0.7")
    with page.expect_file_chooser() as chooser:
        menu(page, "Import").click()
    chooser.value.set_files({"name": "blue-hour.toml", "mimeType": "", "buffer": target.read_bytes()})
    expect(named(page, "blue-hour-2")).to_be_checked()
    menu(page, "Rename").click()
    page.get_by_label("Name", exact=True).fill("dusk")
    page.get_by_label("Name", exact=True).press("Enter")
    expect(named(page, "dusk")).to_be_checked()
    for name in ("blue-hour", "dusk"):
        assert page.request.delete(f"{page.url.rstrip('/')}/api/recipes/{name}").status == 204


def test_a_file_that_is_no_look_is_one_error_and_adds_none(opens):
    page = opens(tolerate=["422"])
    before = page.get_by_role("radio").count()
    drop(page, page.locator("label.zone").first, {"name": "bad.toml", "buffer": b'init = "/etc/passwd"'})
    problems = page.get_by_role("alert", name="Problems")
    expect(problems).to_contain_text("bad.toml: the studio cannot start from '/etc/passwd'")
    assert page.get_by_role("radio").count() == before
    expect(page.get_by_role("button", name="Remove photograph")).not_to_be_attached()


@pytest.mark.slow
def test_a_look_saved_from_the_picture_on_the_stage_shows_it(opens, running):
    job = enqueue(running.client, upload(running.client, 1), upload(running.client, 2), strength=0.65)["id"]
    running.wait_for(job, "finished")
    page = opens()
    page.goto(f"{running.address}/#job={job}")
    page.get_by_role("button", name="Use", exact=True).click()
    page.get_by_role("button", name="Use these settings").click()
    page.get_by_role("button", name="Save this look").click()
    expect(page.get_by_alt_text("The picture of this look")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("of-the-stage")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(named(page, "of-the-stage")).to_be_checked()
    picture = page.locator("label.card", has=named(page, "of-the-stage")).locator("img")
    expect(picture).to_have_js_property("naturalWidth", 64 * 3 // 4)
    menu(page, "Delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(named(page, "of-the-stage")).not_to_be_attached()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (1600, 1000)])
def test_all_recipes_are_seen_at_once_and_more_settings_lies_above_the_bar(opens, width, height):
    page = opens()
    page.set_viewport_size({"width": width, "height": height})
    summary, bar = page.locator(".more > summary").bounding_box(), page.locator(".submit-bar").bounding_box()
    assert summary["y"] + summary["height"] <= bar["y"]
    cards = page.locator("label.card")
    few = cards.count()
    page.get_by_role("button", name=re.compile("^All ")).click()
    expect(page.get_by_role("button", name="Fewer")).to_be_visible()
    assert cards.count() > few
    boxes = [card.bounding_box() for card in cards.all()]
    right = page.locator("form").bounding_box()
    assert max(box["x"] + box["width"] for box in boxes) <= right["x"] + right["width"] + 1
    assert len({box["y"] for box in boxes}) == -(-len(boxes) // 4)


def test_a_setting_is_found_by_its_help_and_is_hidden_where_it_changes_nothing(opens):
    page = opens()
    page.get_by_text("More settings").click()
    expect(page.get_by_role("combobox", name="Faces")).to_be_visible()
    expect(page.get_by_role("combobox", name="Optimizer")).not_to_be_visible()
    find, found = (
        page.get_by_role("searchbox", name="Find a setting"),
        page.get_by_role("status", name="Settings found"),
    )
    find.fill("optimization algorithm")
    expect(found).to_have_text("1 setting found.")
    expect(page.get_by_role("combobox", name="Faces")).not_to_be_attached()
    page.get_by_role("combobox", name="Optimizer").select_option("adam")
    find.fill("learning rate")
    page.get_by_role("textbox", name="Learning rate").fill("3")
    find.fill("history size")
    expect(found).to_have_text("No settings found; 1 more would change nothing now.")
    find.fill("")
    page.get_by_text("Laboratory").click()
    page.get_by_role("combobox", name="Optimizer").select_option("lbfgs")
    expect(page.get_by_role("textbox", name="Learning rate")).not_to_be_attached()
    expect(page.get_by_text("of no effect with the other settings: Learning rate.")).to_be_visible()
    kept(page, "laboratory-light")
