"""Films are played by a real browser, in their size, length and colors."""

import functools
import http.server
import shutil
import threading
from fractions import Fraction

import numpy as np
import pytest
from filming import picture
from playwright.sync_api import sync_playwright

from impasto.video.clip import ColorTags
from impasto.video.write.film import FilmSpec, open_film

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
SIZE = (320, 180)
COLORS = [(235, 235, 235), (200, 60, 40), (40, 160, 60), (50, 70, 190), (128, 128, 128), (230, 190, 60), (20, 20, 20)]
PLAY = """async name => {
    const video = document.createElement("video");
    video.muted = true;
    video.src = URL.createObjectURL(await (await fetch(name)).blob());
    const until = event => new Promise((done, failed) => {
        video.addEventListener(event, done, {once: true});
        video.addEventListener("error", () => failed(new Error(video.error.message)), {once: true});
    });
    await until("loadeddata");
    const seek = until("seeked");
    video.currentTime = 0.75;
    await seek;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext("2d");
    context.fillStyle = "#ff00ff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(video, 0, 0);
    return {
        width: video.videoWidth, height: video.videoHeight, duration: video.duration,
        pixels: Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data),
    };
}"""
LIKE_HD, LIKE_SD = ColorTags(1, 1, 1, full_range=False), ColorTags(6, 6, 6, full_range=False)
FILMS = [
    ("film.mp4", None, LIKE_HD, SIZE),
    ("full.mp4", None, ColorTags(1, 1, 1, full_range=True), SIZE),
    ("sd.mp4", None, LIKE_SD, SIZE),
    ("untagged.mp4", None, ColorTags(), SIZE),
    ("film.webm", None, LIKE_HD, SIZE),
    ("odd.webm", None, LIKE_HD, (321, 179)),
    ("av1.mp4", "av1", LIKE_HD, SIZE),
    ("film.gif", None, LIKE_HD, SIZE),
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def page(browser, tmp_path):
    """An empty page, whose server has the files of the test."""
    (tmp_path / "index.html").write_text("<!doctype html><title>Films</title>")
    handler = functools.partial(_Silent, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        page.close()
        server.shutdown()


def bars(size, number):
    """Bars that move to the left with every sixth frame."""
    samples = np.empty((size[1], size[0], 3), np.uint8)
    for place in range(len(COLORS)):
        samples[:, place * size[0] // len(COLORS) :] = COLORS[(place + number // 6) % len(COLORS)]
    samples[:4, : 10 * number + 10] = 255  # no two frames are equal
    return samples


def write(path, size, color, codec=None):
    times = tuple(Fraction(number, 12) for number in range(18))
    with open_film(path, FilmSpec(size, times, Fraction(3, 2), color=color, loops=0), codec=codec) as film:
        for number in range(18):
            film.write(picture(bars(size, number)))


def check(pixels, size, number, tolerance):
    shown = np.array(pixels, np.float32).reshape(size[1], size[0], 4)
    for place in range(len(COLORS)):
        middle = (2 * place + 1) * size[0] // (2 * len(COLORS))
        found = shown[size[1] // 2, middle]
        assert np.abs(found[:3] - COLORS[(place + number) % len(COLORS)]).max() <= tolerance, (place, found)
        assert found[3] == 255


@pytest.mark.parametrize(("name", "codec", "color", "size"), FILMS[:-1], ids=[name for name, *_ in FILMS[:-1]])
def test_a_browser_plays_a_film_in_its_size_length_and_colors(name, codec, color, size, page, tmp_path):
    write(tmp_path / name, size, color, codec)
    played = page.evaluate(PLAY, name)
    assert (played["width"], played["height"]) == size
    assert played["duration"] == pytest.approx(1.5, abs=0.01)
    check(played["pixels"], size, 1, 8)


def test_a_browser_shows_what_is_behind_a_clear_film(page, tmp_path):
    samples, opacity = bars(SIZE, 0), np.ones(SIZE[::-1], np.float32)
    opacity[:90] = 0
    times = tuple(Fraction(number, 12) for number in range(12))
    with open_film(tmp_path / "clear.webm", FilmSpec(SIZE, times, Fraction(1), has_alpha=True)) as film:
        for _ in times:
            film.write(type(picture(samples))(samples, alpha=opacity))
    shown = np.array(page.evaluate(PLAY, "clear.webm")["pixels"]).reshape(180, 320, 4)
    assert np.abs(shown[20:70, 10:310, :3] - (255, 0, 255)).max() <= 4  # the ground on which it is drawn
    assert np.abs(shown[140, 22, :3] - COLORS[0]).max() <= 6


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.apng"])
def test_a_browser_plays_an_animation_in_a_loop(name, page, tmp_path):
    write(tmp_path / name, SIZE, LIKE_HD)
    decoded = page.evaluate(
        """async name => {
            const decoder = new ImageDecoder({type: "image/" + name.split(".")[1].replace("apng", "png"),
                                              data: await (await fetch(name)).arrayBuffer()});
            await decoder.tracks.ready;
            await decoder.completed;
            const track = decoder.tracks.selectedTrack;
            const frames = [];
            for (let number = 0; number < track.frameCount; number++) {
                const {image} = await decoder.decode({frameIndex: number});
                frames.push([image.timestamp, image.duration]);
                image.close();
            }
            const {image} = await decoder.decode({frameIndex: 8});
            const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            return {count: track.frameCount, loops: String(track.repetitionCount), frames,
                    pixels: Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data)};
        }""",
        name,
    )
    assert (decoded["count"], decoded["loops"]) == (18, "Infinity")
    starts = [start / 1e6 for start, _ in decoded["frames"]]
    assert starts == pytest.approx([number / 12 for number in range(18)], abs=0.02)
    assert sum(duration for _, duration in decoded["frames"]) / 1e6 == pytest.approx(1.5, abs=0.02)
    check(decoded["pixels"], SIZE, 1, 14)
