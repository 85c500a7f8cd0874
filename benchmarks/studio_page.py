"""Measure the studio's page in a browser, with many pictures.

    python benchmarks/studio_page.py [--pictures 2000] [-o benchmarks/studio_page.json]

Needs Debian's Chromium. Measured: the first paint of the page; from the last key of a search to the pictures found; the
frames while 2,000 pictures are scrolled through; and, while the worker paints a large picture on the same cores, what
the browser itself reports of clicks and keys (event timing: from the input to the next frame).
"""

import argparse
import io
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import shared
import studio_load
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from impasto.images import encode, read
from impasto.settings import Settings
from impasto.studio.limits import Limits
from impasto.studio.store import queue
from impasto.studio.store.folder import Folder
from impasto.studio.store.thumbnails import encode_webp

CHROMIUM = "/usr/bin/chromium"
_SETTLE = 1500
_SLOW = 50.0
"""Milliseconds from which a frame is seen to be late."""
_OBSERVE = """
window.inputs = [];
new PerformanceObserver(list => {
    for (const one of list.getEntries()) if (one.interactionId) window.inputs.push(one.duration);
}).observe({type: "event", durationThreshold: 16, buffered: true});
"""
_SCROLL = """async () => {
    const frames = [];
    let before = performance.now(), still = 0, last = -1;
    while (still < 40) {
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - before);
        before = now;
        scrollBy(0, 120);
        still = scrollY === last ? still + 1 : 0;
        last = scrollY;
    }
    return [frames, document.querySelectorAll(".gallery li").length];
}"""
_LONG = """
window.long = [];
new PerformanceObserver(list => window.long.push(...list.getEntries().map(one => one.duration)))
    .observe({type: "longtask"});
"""


def fill(folder: Folder, address: str, pictures: int) -> None:
    """Add finished jobs with pictures, as if they had been painted."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)).resize((320, 240))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    data = stream.getvalue()
    with httpx2.Client(base_url=address, timeout=60) as client:
        photo = client.post("/api/pictures", params={"name": "a walk in spring.png"}, content=data).json()["id"]
        painting = client.post("/api/samples/starry_night").json()["id"]
    result, thumbnail = encode(read(data), "png"), encode_webp(read(data), 320)
    order, limits = queue.Order(photo, [painting], Settings(recipe="fast")), Limits(queued_jobs=10**6)
    jobs = [queue.enqueue(folder, order, limits) for _ in range(pictures)]
    with sqlite3.connect(folder.database) as connection:
        connection.execute("UPDATE jobs SET state = 'finished', width = 320, height = 240, started = 1, ended = 9")
        connection.execute("UPDATE jobs SET words = 'needle ' || words WHERE id = ?", (jobs[len(jobs) // 2],))
    for job in jobs:
        folder.result(job).write_bytes(result)
        folder.result_thumbnail(job).write_bytes(thumbnail)


def search(page: Page) -> float:
    """Milliseconds from the last key of a search until what it finds is all that is shown."""
    page.locator(".search input").fill("needl")
    page.wait_for_timeout(_SETTLE)
    return float(
        page.evaluate(
            """async () => {
                const field = document.querySelector(".search input");
                const cards = () => document.querySelectorAll(".gallery .show").length;
                const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
                const type = text => {
                    set.call(field, text);
                    field.dispatchEvent(new Event("input", {bubbles: true}));
                };
                type("spring");
                while (cards() < 40) await new Promise(requestAnimationFrame);
                const begin = performance.now();
                type("needle");
                while (cards() !== 1) await new Promise(requestAnimationFrame);
                return performance.now() - begin;
            }"""
        )
    )


def use(page: Page) -> None:
    """Click and type what people do while they wait; found by CSS, since finding by name takes the page's own time."""
    for name in ("Example photograph: Dahlia", "Example photograph: Chelsea", "Example painting: The Scream"):
        page.locator(f"button[aria-label='{name}']").click()
        page.wait_for_timeout(300)
    slider = page.locator("input[type=range][aria-label=Strength]")
    for _ in range(12):
        slider.press("ArrowRight")
        page.wait_for_timeout(60)
    for recipe in ("ink", "bold", "painterly"):
        page.locator(f"label.card:has(input[value={recipe}])").click()
        page.wait_for_timeout(200)
    for choice in ("photo", "style"):
        page.locator(f"label:has(input[name=color][value={choice}])").click()
        page.wait_for_timeout(200)
    shown = page.locator(".gallery .show")
    for place in range(6):
        shown.nth(place).click()
        page.wait_for_timeout(250)
    for key in ["ArrowRight"] * 8 + ["?", "Escape"]:
        page.keyboard.press(key)
        page.wait_for_timeout(150)


def measure(page: Page, address: str, client: httpx2.Client) -> dict[str, Any]:
    """Open the page, and measure it; clicks and keys while a picture is painted."""
    page.add_init_script(_OBSERVE + _LONG)
    begin = time.perf_counter()
    page.goto(address)
    page.locator(".gallery .show").first.wait_for()
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    whole = time.perf_counter() - begin
    page.wait_for_timeout(_SETTLE)
    searches = [search(page) for _ in range(5)]
    page.locator(".search input").fill("")
    page.wait_for_timeout(_SETTLE)
    page.evaluate("window.long.length = 0")
    frames, shown = page.evaluate(_SCROLL)
    scrolled = page.evaluate("window.long")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(_SETTLE)
    jobs = client.get("/api/jobs", params={"limit": 1}).json()["jobs"]
    inputs = {"photo": jobs[0]["photo"]["id"], "paintings": [jobs[0]["paintings"][0]["id"]]}
    long = client.post("/api/jobs", json={**inputs, "settings": {"size": 1024, "iterations": 2000}}).json()["id"]
    while not client.get(f"/api/jobs/{long}").json()["progress"]:
        page.wait_for_timeout(200)
    page.evaluate("window.inputs.length = 0")
    use(page)
    page.wait_for_timeout(_SETTLE)
    client.post(f"/api/jobs/{long}/cancel")
    durations = sorted(page.evaluate("window.inputs"))
    return {
        "first_paint_ms": round(first),
        "first_pictures_ms": round(1000 * whole),
        "search_ms": round(statistics.median(searches)),
        "shown": shown,
        "frames": len(frames),
        "frame_ms_median": round(statistics.median(frames), 1),
        "frame_ms_p99": round(sorted(frames)[int(0.99 * len(frames))], 1),
        "frames_over_50_ms": sum(frame > _SLOW for frame in frames),
        "frame_ms_longest": round(max(frames), 1),
        "page_task_ms_longest": round(max(scrolled, default=0)),
        "interactions": len(durations),
        "interaction_ms_median": durations[len(durations) // 2],
        "interaction_ms_p90": durations[int(0.9 * len(durations))],
        "interaction_ms_longest": durations[-1],
    }


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).with_suffix(".json"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as data, studio_load.studio(Path(data)) as (address, _):
        folder = Folder(Path(data))
        fill(folder, address, asked.pictures)
        with httpx2.Client(base_url=address, timeout=60) as client, sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            found = measure(browser.new_page(viewport={"width": 1280, "height": 900}), address, client)
            browser.close()
    print(found)
    shared.write(asked.output, {"pictures": asked.pictures}, page=found)


if __name__ == "__main__":
    main()
