"""Helpers of the studio's tests: pictures, requests, and a studio as a user starts it."""

import io
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import av
import httpx2
import numpy as np
import studio_load
from PIL import Image

HOME = "http://127.0.0.1"
SMALL = {"recipe": "fast", "size": 48}
PATIENCE = 120.0


def png(seed: int = 0, width: int = 64, height: int = 48) -> bytes:
    """A picture with something to see in it."""
    generator = np.random.default_rng(seed)
    coarse = Image.fromarray(generator.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    stream = io.BytesIO()
    coarse.resize((width, height), Image.Resampling.BICUBIC).save(stream, "PNG")
    return stream.getvalue()


def upload(client: httpx2.Client, seed: int = 0) -> str:
    """Uploads a picture; returns its id."""
    answer = client.post("/api/pictures", params={"name": f"{seed}.png"}, content=png(seed))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def enqueue(client: httpx2.Client, photo: str, painting: str, **settings) -> dict:
    """Adds a job; returns it."""
    body = {"photo": photo, "paintings": [painting], "settings": {**SMALL, **settings}}
    answer = client.post("/api/jobs", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def events(client: httpx2.Client, address: str, **headers: str) -> Iterator[tuple[str, str, dict]]:
    """A stream's events: (name, id, data)."""
    with client.stream("GET", address, headers=headers, timeout=PATIENCE) as answer:
        assert answer.status_code == 200, answer.read()
        name, number, data = "", "", ""
        for line in answer.iter_lines():
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "id":
                number = value
            elif key == "data":
                data = value
            elif not line and data:
                yield name, number, json.loads(data)
                name, number, data = "", "", ""


class Running:
    """A studio as a user starts it."""

    def __init__(self, data: Path, *options: str, port: int = 0) -> None:
        self.data = data
        home = str(data.with_name(f"{data.name}-home"))  # the looks of whoever runs the tests are not ours
        environment = {"OMP_NUM_THREADS": "1", "IMPASTO_HOME": home}
        self.process, self.address = studio_load.start(data, *options, port=port, **environment)
        self.client = httpx2.Client(base_url=self.address, timeout=30)

    def worker(self, number: int = 0) -> int | None:
        """Finds a worker's process, if it runs."""
        arguments = b"\0".join([b"impasto.studio.worker.worker", str(self.data).encode(), str(number).encode(), b""])
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                command = (status.parent / "cmdline").read_bytes()
            except OSError:
                continue
            if arguments in command:
                return int(status.parent.name)
        return None

    def wait_for(self, job: int, *states: str) -> dict:
        """Waits until a job is in one of some states."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self.client.get(f"/api/jobs/{job}").json()
            if found["state"] in states:
                return found
            time.sleep(0.1)
        raise AssertionError(f"job {job} is still {found['state']}")

    def wait_for_alert(self, part: str | None) -> dict | None:
        """Waits until a worker's problem contains some text, or with None until there is no problem."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self.client.get("/api/jobs", params={"limit": 1}).json()["problems"]
            if part is None and not found:
                return None
            for alert in found:
                if part and part in alert["problem"]:
                    return alert
            time.sleep(0.1)
        raise AssertionError(f"not {part!r} but {found}")

    def kill(self) -> None:
        """As `kill -9`."""
        self.process.kill()
        self._closed()

    def close(self) -> None:
        """As Ctrl-C."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self._closed()

    def _closed(self) -> None:
        self.process.wait(timeout=20)
        self.process.stdout.close()
        self.client.close()


QUICK = {
    "recipe": "fast",
    "size": 64,
    "scales": 1,
    "margin": 0,
    "iterations": 2,
    "init": "content",
    "precision": "float32",
    "style_layers": {"relu1_1": 1.0},
    "content_layers": {"relu2_1": 1.0},
}
"""Settings that paint the frame of a film in a tenth of a second."""


def film(frames: int = 24, rate: int = 12, size: tuple[int, int] = (96, 64), suffix: str = ".mp4") -> bytes:
    """A film in which a bright square moves to the right."""
    stream = io.BytesIO()
    stream.name = f"clip{suffix}"
    kinds = {".mp4": "mp4", ".webm": "webm", ".mkv": "matroska", ".avi": "avi"}
    with av.open(stream, "w", format=kinds[suffix]) as file:
        codec = {".webm": "libvpx-vp9", ".avi": "mpeg4"}.get(suffix, "libx264")
        video = file.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            file.mux(video.encode(av.VideoFrame.from_ndarray(film_frame(number, size), "rgb24")))
        file.mux(video.encode(None))
    return stream.getvalue()


def film_frame(number: int, size: tuple[int, int] = (96, 64)) -> np.ndarray:
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    pixels = np.stack([2 * x, 2 * y + 60, 200 - x - y], 2)
    pixels[10:40, 4 + 2 * number : 30 + 2 * number] = 240
    return np.clip(pixels, 0, 255).astype(np.uint8)


def animation(kind: str = "GIF", frames: int = 6) -> bytes:
    """An animated picture of 100 ms a frame."""
    pictures = [Image.fromarray(film_frame(number)) for number in range(frames)]
    stream = io.BytesIO()
    pictures[0].save(stream, kind, save_all=True, append_images=pictures[1:], duration=100, loop=0)
    return stream.getvalue()


def upload_file(client: httpx2.Client, name: str, data: bytes) -> dict:
    """Uploads a file; returns what is known of it."""
    answer = client.post("/api/pictures", params={"name": name}, content=data)
    assert answer.status_code == 201, answer.text
    return answer.json()


def enqueue_film(client: httpx2.Client, clip: str, painting: str, settings=None, **film) -> dict:
    """Adds the job of a film; returns it."""
    body = {"photo": clip, "paintings": [painting], "settings": {**QUICK, **(settings or {})}, "film": film or None}
    answer = client.post("/api/jobs", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()
