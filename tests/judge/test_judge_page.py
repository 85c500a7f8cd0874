"""The page in a real browser: by keys and buttons, offline, in light and dark, and without a word of the pictures."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from judging import save_candidates, save_references, serving, session_of
from playwright.sync_api import expect, sync_playwright

from impasto.judge.votes import VoteFile

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]


@pytest.fixture
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def session(tmp_path):
    return session_of(save_candidates(tmp_path), tmp_path / "votes.jsonl", **save_references(tmp_path))


def test_all_is_answered_by_keys_and_buttons_and_an_answer_taken_back(browser, session, tmp_path):
    wrong = []
    with serving(session) as server:
        home = f"http://127.0.0.1:{server.port}/"
        page = browser.new_page()
        page.on("console", lambda message: message.type in {"error", "warning"} and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: request.url.startswith((home, "data:")) or wrong.append(request.url))
        page.goto(home)
        heading, left = page.get_by_role("heading"), page.get_by_role("button", name="Left", exact=True)
        expect(heading).to_have_text("Which looks more like the painting's style?")
        expect(page.get_by_role("img", name="Photograph")).to_be_visible()
        expect(left).to_be_enabled()
        page.keyboard.press("ArrowLeft")
        expect(heading).to_have_text("Which keeps the photograph's content better?")
        page.keyboard.press("z")
        expect(page.get_by_role("dialog")).to_contain_text("Left picture")
        page.keyboard.press("z")
        expect(page.get_by_role("dialog")).to_contain_text("Right picture")
        page.keyboard.press("z")
        expect(page.get_by_role("dialog")).not_to_be_visible()
        page.keyboard.press("t")
        expect(heading).to_have_text("Which would you hang?")
        page.get_by_role("button", name="Undo").click()
        expect(heading).to_have_text("Which keeps the photograph's content better?")
        for done in range(1, 6):
            expect(page.get_by_text(f"{done} of 6")).to_be_visible()
            expect(left).to_be_enabled()
            page.get_by_role("button", name="Right", exact=True).click()
        expect(heading).to_have_text("That was the last one. Thank you.")
    assert wrong == []
    assert [vote.answer for vote in VoteFile(tmp_path / "votes.jsonl").votes] == ["left", *["right"] * 5]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_serious_accessibility_violations(browser, session, scheme):
    with serving(session) as server:
        page = browser.new_page(color_scheme=scheme, bypass_csp=True)
        page.goto(f"http://127.0.0.1:{server.port}/")
        expect(page.get_by_role("button", name="Left", exact=True)).to_be_enabled()
        found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []


def test_a_program_that_has_ended_is_said(browser, session):
    page = browser.new_page()
    with serving(session) as server:
        page.goto(f"http://127.0.0.1:{server.port}/")
        expect(page.get_by_role("button", name="Left", exact=True)).to_be_enabled()
        page.context.set_offline(True)
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("alert")).to_contain_text("has ended")
        page.context.set_offline(False)
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_text("1 of 6")).to_be_visible()
        expect(page.get_by_role("alert")).not_to_be_visible()
