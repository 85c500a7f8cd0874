"""Take the screenshots of the studio in docs/studio.md.

    PYTHONPATH=benchmarks python scripts/studio_screenshots.py

Makes a picture from two samples with three clicks, as a new user does; needs Debian's Chromium. About a minute.
"""

import io
import re
import tempfile
from pathlib import Path

import studio_load
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
DESK, PHONE = ViewportSize(width=1360, height=900), ViewportSize(width=390, height=844)
_PATIENCE = 300_000
"""Milliseconds until the picture must be finished."""
_SETTLED = 1000


def keep(page: Page, name: str) -> None:
    """Write a screenshot of the window."""
    page.wait_for_timeout(_SETTLED)
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(IMAGES / f"{name}.webp", quality=85, method=6)
    print(IMAGES / f"{name}.webp")


def photograph(browser: Browser, address: str) -> None:
    """Make a picture, and take screenshots of the page."""
    page = browser.new_page(viewport=DESK, color_scheme="light")
    page.goto(address)
    page.get_by_role("button", name="Example photograph: Summer Palace").click()
    page.get_by_role("button", name="Example painting: The Starry Night").click()
    page.get_by_role("button", name="Remove painting").wait_for(state="attached")
    page.get_by_role("button", name="Paint", exact=True).click()
    page.get_by_alt_text(re.compile("^The painted picture")).wait_for(timeout=_PATIENCE)
    page.mouse.move(0, 0)
    keep(page, "studio")
    page.emulate_media(color_scheme="dark")
    keep(page, "studio-dark")
    page.emulate_media(color_scheme="light")
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("button", name="Example photograph: Eileen Collins").click()
    page.get_by_alt_text("Photograph: Eileen Collins").first.wait_for()
    page.get_by_role("button", name="Example painting: The Great Wave off Kanagawa").click()
    page.get_by_role("button", name="Remove painting The Great Wave off Kanagawa").wait_for(state="attached")
    page.get_by_role("button", name="Masks", exact=True).click()
    page.get_by_role("checkbox", name="Faces").check(force=True)
    page.get_by_role("button", name=re.compile("^Replace")).click()
    keep(page, "studio-masks")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Discard").click()
    page.set_viewport_size(PHONE)
    page.evaluate("document.getElementById('stage').scrollIntoView({block: 'center'})")
    keep(page, "studio-phone")


def main() -> None:
    """Start a studio, take the screenshots, and end it."""
    with (
        tempfile.TemporaryDirectory() as data,
        studio_load.studio(Path(data)) as (address, _),
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        photograph(browser, address)
        browser.close()


if __name__ == "__main__":
    main()
