"""`kill -9` at observed moments: everything acknowledged is still there afterwards, and every job is finished."""

import contextlib
import itertools
import os
import signal
import sqlite3
import time
from collections.abc import Callable

import pytest
from PIL import Image
from studios import PATIENCE, enqueue, upload

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
