"""Pages that follow the changes and do not read them: the server's memory stays flat, and they come back."""

import contextlib
import json
import time

import pytest
from hostile_clients import StudioProcess, request, wait_until
from studios import events

from impasto import Settings
from impasto.studio.limits import Limits
from impasto.studio.store import database, queue
from impasto.studio.store.folder import Folder

LONG = Settings(style_crop="0,0,40,40" + " " * 4000)


def fill(data, jobs):
    """Leave queued jobs with long settings in a folder."""
    folder = Folder(data)
    database.migrate(folder.database)
    queue.enqueue(folder, queue.Order(None, [], LONG), Limits())
    with database.write_transaction(folder.database) as connection:
        for number in range(2, jobs + 1):
            connection.execute(
                "INSERT INTO jobs (version, state, position, settings, created) "
                "SELECT version, state, ?, settings, created FROM jobs WHERE id = 1",
                (number,),
            )
    return folder


def add_steps(folder, job, number):
    """Record many iterations as a worker would, in one transaction."""
    queue.claim(folder)
    with database.write_transaction(folder.database) as connection:
        connection.executemany(
            "INSERT INTO steps (job, number, scale, iteration, loss, elapsed) VALUES (?, ?, 1, ?, 0.123456789, 1.5)",
            [(job, step, step) for step in range(1, number + 1)],
        )


def test_S4_no_event_is_longer_than_the_limit_and_together_they_tell_all(opened, folder):
    fill(folder.root, 120)
    client = opened(Limits(event_bytes=50_000))
    told = set()
    for name, _, data in events(client, "/api/events"):
        assert name == "changes"
        assert len(json.dumps(data)) < 60_000
        told |= {job["id"] for job in data["jobs"]}
        if len(told) == 120:
            break


def test_S4_a_long_runs_iterations_come_in_parts(opened, folder):
    fill(folder.root, 1)
    add_steps(folder, 1, 5000)
    client = opened(Limits(event_bytes=50_000))
    numbers = []
    for name, _, data in events(client, "/api/jobs/1/events"):
        if name == "steps":
            assert len(json.dumps(data)) < 100_000
            numbers += [step["number"] for step in data["steps"]]
        if len(numbers) >= 5000:
            break
    assert numbers == list(range(1, 5001))


@pytest.mark.slow
def test_S4_a_page_that_does_not_read_is_dropped_and_hears_everything_when_it_comes_back(tmp_path):
    folder = fill(tmp_path / "studio", 400)
    with StudioProcess(tmp_path / "studio", stall_seconds=1.0) as studio:
        before = studio.sockets
        asleep = studio.connect(request("/api/events"), window=2048)
        assert wait_until(lambda: studio.sockets > before)
        assert wait_until(lambda: studio.sockets <= before), "dropped"
        asleep.close()
        queue.request_action(folder, 1, "cancel")
        with contextlib.closing(studio.connect(request("/api/events"))) as awake:
            awake.settimeout(10)
            received = b""
            while b'"id":400,' not in received:
                received += awake.recv(65536)
        assert b'"cancelled"' in received


@pytest.mark.slow
def test_S4_fifty_streams_that_do_not_read_keep_the_server_below_200_MB(tmp_path):
    folder = fill(tmp_path / "studio", 499)
    add_steps(folder, 1, 200_000)
    with StudioProcess(tmp_path / "studio", stall_seconds=60.0) as studio, contextlib.ExitStack() as closed:
        for address in ("/api/events", "/api/jobs/1/events"):
            for _ in range(25):
                closed.enter_context(studio.connect(request(address), window=2048))
        most, end = 0.0, time.monotonic() + 15
        while time.monotonic() < end:
            queue.move(folder, 2, None)  # changes every queued job
            queue.move(folder, 2, 3)
            assert studio.get("/api/jobs")[0] == 200
            most = max(most, studio.memory)
            time.sleep(0.1)
        assert most < 200
