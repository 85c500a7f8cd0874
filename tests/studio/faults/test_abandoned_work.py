"""Clients that ask for much work and leave: nobody waits for it."""

import socket
import statistics
import threading
import time

import pytest
from hostile_clients import StudioProcess, make_result, request, wait_until


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    data = tmp_path_factory.mktemp("conversions") / "studio"
    make_result(data, 400, 300)
    with StudioProcess(data, conversions=1, waiting=2) as studio:
        yield studio


def status_of(connection: socket.socket) -> int:
    connection.settimeout(60)
    return int(connection.recv(12).split()[1])


WORK = [
    ("GET", "/api/jobs/1/result?format=webp"),
    ("GET", "/api/samples/cat/display"),
    pytest.param("POST", "/api/jobs/1/use", marks=pytest.mark.slow),
    pytest.param("POST", "/api/samples/cat", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("method", "address"), WORK)
def test_S3_a_few_requests_for_work_wait_and_others_are_told_that_it_is_too_much(studio, method, address):
    connections = [studio.connect(request(address, method)) for _ in range(20)]
    statuses = [status_of(connection) for connection in connections]
    assert set(statuses) <= {200, 201, 429}
    assert 429 in statuses or "samples" in address
    assert sum(status < 300 for status in statuses) >= 1
    for connection in connections:
        connection.close()


def test_S3_work_that_nobody_waits_for_is_dropped(studio):
    connections = [studio.connect(request("/api/jobs/1/result?format=webp")) for _ in range(3)]
    assert wait_until(lambda: len(studio.children) == 1)
    for connection in connections:
        connection.close()
    assert wait_until(lambda: not studio.children, within=2)
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        assert not studio.children, "nor is that which waited begun"


def latencies(studio, ended):
    """Ask for the jobs until an event is set: the seconds that each answer took."""
    taken = []
    while not ended.wait(0.03):
        begin = time.monotonic()
        assert studio.get(timeout=60)[0] == 200
        taken.append(time.monotonic() - begin)
    return taken


@pytest.mark.slow
def test_S3_two_hundred_abandoned_conversions_keep_nobody_waiting(tmp_path):
    make_result(tmp_path / "studio", 3000, 2000)
    ended = threading.Event()

    def abandon():
        for number in range(200):
            connection = studio.connect(request("/api/jobs/1/result?format=" + ("webp", "jpeg")[number % 2]))
            time.sleep(0.05)
            connection.close()
        ended.set()

    with StudioProcess(tmp_path / "studio") as studio:
        studio.get()
        thread = threading.Thread(target=abandon)
        thread.start()
        taken = latencies(studio, ended)
        thread.join()
        most = statistics.quantiles(taken, n=100)[98]
        assert most < 0.2, f"of {len(taken)} answers, the 99th percentile"
        assert wait_until(lambda: studio.get("/api/jobs/1/result?format=webp", timeout=60)[0] == 200, within=20)
