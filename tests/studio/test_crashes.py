"""`kill -9` at random moments: what was acknowledged is there afterwards and is painted."""

import contextlib
import os
import random
import signal
import sqlite3
import time

from PIL import Image
from studios import enqueue, upload

KILLS = 20


def test_nothing_that_was_acknowledged_is_lost_whatever_is_killed_when(starts, tmp_path):
    moments = random.Random(5)
    data = tmp_path / "studio"
    studio = starts(data)
    photo, painting = upload(studio.client, 1), upload(studio.client, 2)
    acknowledged: list[int] = []
    for kill in range(KILLS):
        with contextlib.suppress(Exception):  # one that is killed meanwhile was not acknowledged
            acknowledged.append(enqueue(studio.client, photo, painting, seed=kill, iterations=6)["id"])
        if moments.random() < 0.6:
            until_one_is_painted(studio)
        time.sleep(moments.uniform(0.0, 0.6))
        if kill % 2:
            if painter := studio.worker():
                os.kill(painter, signal.SIGKILL)
        else:
            studio.kill()
            studio = starts(data)
            assert_nothing_half_written_is_listed(studio)
    for job in acknowledged:
        assert studio.wait_for(job, "finished", "failed")["state"] == "finished"
    assert len(acknowledged) == KILLS
    assert_nothing_half_written_is_listed(studio)
    with contextlib.closing(sqlite3.connect(data / "studio.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def until_one_is_painted(studio):
    """Waits until there is a step to interrupt, for a while."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        running = [job for job in studio.client.get("/api/jobs").json()["jobs"] if job["progress"]]
        if running:
            return
        time.sleep(0.05)


def assert_nothing_half_written_is_listed(studio):
    page = studio.client.get("/api/jobs", params={"limit": 100}).json()
    for job in page["jobs"]:
        if job["state"] == "finished":
            for address in (job["result"], job["thumbnail"]):
                answer = studio.client.get(address)
                assert answer.status_code == 200, job
            with Image.open(studio.data / "results" / f"{job['id']}.png") as picture:
                picture.load()
