"""Take the screenshots of the page in docs/judge.md.

    python scripts/judge_screenshot.py TODAY NEW

TODAY and NEW are the folders that the commands on that page paint; needs Debian's Chromium. Seconds.
"""

import io
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

from impasto.judge.comparisons import compare_folders
from impasto.judge.server import listening
from impasto.judge.session import Session
from impasto.judge.votes import Rater, VoteFile

ROOT = Path(__file__).resolve().parent.parent
IMAGES, PICTURES = ROOT / "docs" / "images", str(ROOT / "examples" / "pictures")
WINDOW = ViewportSize(width=1280, height=800)


def main(folders: list[str]) -> None:
    """Write the page in light and dark."""
    comparisons = compare_folders(folders, photos=PICTURES, paintings=PICTURES).comparisons
    with tempfile.TemporaryDirectory() as votes, sync_playwright() as playwright:
        session = Session(comparisons, VoteFile(Path(votes, "votes.jsonl")), Rater(name="Ann"))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        with listening(session, 0, print) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for scheme, name in (("light", "judge"), ("dark", "judge-dark")):
                page = browser.new_page(viewport=WINDOW, color_scheme="dark" if scheme == "dark" else "light")
                page.goto(server.address, wait_until="networkidle")
                shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                shown.save(IMAGES / f"{name}.webp", quality=85, method=6)
                print(IMAGES / f"{name}.webp")
            server.shutdown()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
