"""Helpers of the tests of the page, in a real browser; its fixtures are in `conftest.py`."""

import base64
import os
import re
import shutil
from pathlib import Path

from playwright.sync_api import expect
from studios import png

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
SCREENSHOTS = Path(os.environ.get("IMPASTO_SCREENSHOTS", "")) if os.environ.get("IMPASTO_SCREENSHOTS") else None
"""Where the pictures of the page are kept, for a person to look at; by default nowhere."""
PAINTED = 60_000
"""Milliseconds in which a small picture is painted, whatever else the machine does."""

expect.set_options(timeout=30_000)


def kept(page, name):
    """A picture of the page for a person to look at."""
    if SCREENSHOTS:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")


def file(name, seed):
    return {"name": name, "mimeType": "image/png", "buffer": png(seed, 96, 64)}


def fill_in(page, recipe="fast", size=64):
    """A small picture of two files."""
    page.locator("#choose-photo").set_input_files(file("house.png", 3))
    expect(page.get_by_role("button", name="Remove photograph")).to_be_visible()
    page.locator("#choose-painting").set_input_files(file("brush.png", 4))
    expect(page.get_by_role("button", name="Remove painting brush")).to_be_visible()
    page.get_by_role("radio", name=recipe, exact=True).check(force=True)
    if size:
        page.get_by_role("textbox", name="Size", exact=True).fill(str(size))


def drop(page, target, *files):
    """Drops files on a part of the page."""
    contents = [[one["name"], base64.b64encode(one["buffer"]).decode()] for one in files]
    carried = page.evaluate_handle(
        """files => {
            const carried = new DataTransfer();
            for (const [name, data] of files)
                carried.items.add(new File([Uint8Array.from(atob(data), letter => letter.charCodeAt(0))], name));
            return carried;
        }""",
        contents,
    )
    for event in ("dragenter", "dragover", "drop"):
        target.dispatch_event(event, {"dataTransfer": carried})


def paint(page):
    page.get_by_role("button", name="Paint", exact=True).click()


def result(page):
    return page.get_by_alt_text(re.compile("^The painted picture"))
