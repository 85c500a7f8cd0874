"""`kill -9` at observed moments: everything acknowledged is still there afterwards, and every job is finished."""

import contextlib
import io
import itertools
import os
import signal
import sqlite3
import time
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image
from studios import PATIENCE, SMALL, enqueue, upload

FIRST_SEED = 100

OBSERVED = {
    "a job is claimed": "SELECT 1 FROM jobs WHERE state = 'running' AND id NOT IN (SELECT job FROM steps)",
    "the first step is stored": "SELECT 1 FROM jobs JOIN steps ON job = id WHERE state = 'running'",
    "a preview is stored": "SELECT 1 FROM jobs WHERE state = 'running' AND preview > 0",
    "an upload is acknowledged": None,
    "several steps are stored": "SELECT 1 FROM jobs JOIN steps ON job = id WHERE state = 'running' AND number > 5",
    "a job is acknowledged": None,
    "another job is finished": "SELECT 1 FROM jobs WHERE state = 'finished' GROUP BY state HAVING count(*) > :finished",
}
"""Moments, each with the query that observes it; the server's response alone acknowledges a job or an upload."""


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_a_kill(starts, tmp_path):
    kill_at_observed_moments(starts, tmp_path / "studio", 1)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_twenty_kills(starts, tmp_path):
    kill_at_observed_moments(starts, tmp_path / "studio", 20)


@pytest.mark.slow
def test_a_batch_is_finished_whole_however_often_its_studio_is_killed(starts, tmp_path):
    """While photographs arrive, in the middle of it, and while its archive is sent; the trash is kept, too."""
    data = tmp_path / "studio"
    studio = starts(data)
    painting, photos = upload(studio.client, 1), []
    for number in range(20):
        photos.append(upload(studio.client, FIRST_SEED + number))
        if number % 7 == 3:
            studio.kill()
            studio = starts(data)
    assert all(studio.client.get(f"/api/pictures/{photo}").status_code == 200 for photo in photos)
    thrown_away = enqueue(studio.client, photos[0], painting)["id"]
    studio.wait_for(thrown_away, "finished")
    studio.client.post("/api/jobs/trash", json={"jobs": [thrown_away]})
    order = {"photos": photos, "paintings": [painting], "settings": SMALL, "name": "all of them"}
    batch = studio.client.post("/api/batches", json=order).json()["id"]
    for finished in (3, 9, 15):
        wait_until(lambda: count_finished(data) > finished, f"{finished} are finished")  # noqa: B023
        studio.kill()
        studio = starts(data)
        counts = studio.client.get(f"/api/batches/{batch}").json()["counts"]
        assert sum(counts.values()) == len(photos)
    end = time.monotonic() + PATIENCE
    while studio.client.get(f"/api/batches/{batch}").json()["counts"] != {"finished": len(photos)}:
        assert time.monotonic() < end
        time.sleep(0.2)
    with studio.client.stream("GET", f"/api/batches/{batch}/zip") as answer:
        next(answer.iter_raw())
        studio.kill()
    studio = starts(data)
    archive = zipfile.ZipFile(io.BytesIO(studio.client.get(f"/api/batches/{batch}/zip").content))
    assert archive.testzip() is None
    assert len(archive.namelist()) == len(photos) + 1
    assert {path.suffix for path in data.rglob("*") if path.is_file()}.isdisjoint({".zip", ".part"})
    assert studio.client.get(f"/api/jobs/{thrown_away}").status_code == 404
    studio.client.post("/api/jobs/restore", json={"jobs": [thrown_away]})
    assert studio.client.get(f"/api/jobs/{thrown_away}").json()["state"] == "finished"


def kill_at_observed_moments(starts, data, kills):
    """Kill the worker and the server in turn, one moment after another, then compare with what was acknowledged."""
    studio = starts(data)
    pictures = [upload(studio.client, 1), upload(studio.client, 2)]
    jobs = []
    for kill, moment in zip(range(kills), itertools.cycle(OBSERVED), strict=False):
        finished = count_finished(data)
        jobs.append(enqueue(studio.client, *pictures[:2], seed=kill, iterations=8)["id"])
        if moment == "an upload is acknowledged":
            pictures.append(upload(studio.client, FIRST_SEED + kill))
        if query := OBSERVED[moment]:
            wait_until(lambda query=query, finished=finished: rows(data, query, finished=finished), moment)
        if kill % 2:
            wait_until(studio.worker, "a worker runs")
            os.kill(studio.worker(), signal.SIGKILL)
        else:
            studio.kill()
            studio = starts(data)
            assert_nothing_half_written_is_listed(studio)
    ended = [studio.wait_for(job, "finished", "failed") for job in jobs]
    assert [job["state"] for job in ended] == ["finished"] * kills
    for picture in pictures:
        assert studio.client.get(f"/api/pictures/{picture}/display").status_code == 200
    assert_nothing_half_written_is_listed(studio)
    assert rows(data, "PRAGMA integrity_check") == [("ok",)]
    assert rows(data, "PRAGMA foreign_key_check") == []
    # A job has another attempt only if it was running at a kill.
    interrupted = sum(job["attempt"] - 1 for job in ended)
    assert interrupted >= kills / 2, f"only {interrupted} of {kills} kills hit a running job"


def rows(data, query, **values):
    with contextlib.closing(sqlite3.connect(data / "studio.db", timeout=30)) as connection:
        return connection.execute(query, values).fetchall()


def count_finished(data):
    return rows(data, "SELECT count(*) FROM jobs WHERE state = 'finished'")[0][0]


def wait_until(observe: Callable, moment: str):
    end = time.monotonic() + PATIENCE
    while not observe():
        assert time.monotonic() < end, f"it was never observed that {moment}"
        time.sleep(0.002)


def assert_nothing_half_written_is_listed(studio):
    page = studio.client.get("/api/jobs", params={"limit": 100}).json()
    for job in page["jobs"]:
        if job["state"] == "finished":
            for address in (job["result"], job["thumbnail"]):
                answer = studio.client.get(address)
                assert answer.status_code == 200, job
            with Image.open(studio.data / "results" / f"{job['id']}.png") as picture:
                picture.load()
