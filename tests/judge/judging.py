"""Folders of small pictures with telling names, a session over them, and a browser of the standard library."""

import http.client
import json
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import PIL.Image
from PIL.PngImagePlugin import PngInfo

from impasto.judge.comparisons import compare_folders
from impasto.judge.server import listening
from impasto.judge.session import Session
from impasto.judge.votes import Rater, VoteFile

ANN, BEN, EYE = Rater(name="Ann"), Rater(name="Ben"), Rater(name="Eye", kind="model")


def save(path, seed, size=(48, 32), text=None):
    """Saves a picture of noise; returns its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    info = PngInfo()
    for key, value in (text or {}).items():
        info.add_text(key, value)
    options = {"pnginfo": info} if path.suffix == ".png" else {}
    PIL.Image.fromarray(pixels).save(path, **options)
    return pixels


def save_candidates(root: Path, stems=("cat-wave", "tower-night"), candidates=("oldlook", "newlook")):
    """Saves a picture of each name in the folder of each candidate, with metadata that says which it is."""
    for place, candidate in enumerate(candidates):
        for number, stem in enumerate(stems):
            save(root / candidate / f"{stem}.png", 10 * place + number, text={"impasto:recipe": candidate})
    return [str(root / candidate) for candidate in candidates]


def save_references(root: Path):
    save(root / "photos" / "cat.png", 100)
    save(root / "photos" / "tower.png", 101)
    save(root / "paintings" / "wave.png", 102)
    save(root / "paintings" / "night.png", 103)
    return {"photos": str(root / "photos"), "paintings": str(root / "paintings")}


def session_of(folders, votes, rater=ANN, **choices):
    references = {name: choices.pop(name) for name in ("photos", "paintings") if name in choices}
    return Session(compare_folders(folders, **references).comparisons, VoteFile(votes), rater, **choices)


class Browser:
    """Asks a server, and keeps all that it sent."""

    def __init__(self, server):
        self.port = server.server_address[1]
        self.heard = []

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        self.heard.append(str(response.getheaders()).encode() + data)
        return response, data

    def get(self, path):
        response, data = self.ask("GET", path)
        assert response.status == 200, data
        return data

    def state(self):
        return json.loads(self.get("/api/state"))

    def vote(self, task, answer):
        return self.ask("POST", "/api/vote", {"id": task["id"], "answer": answer})


@contextmanager
def serving(session, errors=None):
    """A browser of a server that runs in a thread."""
    with listening(session, 0, (errors if errors is not None else []).append) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield Browser(server)
        finally:
            server.shutdown()
            thread.join()
