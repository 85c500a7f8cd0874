"""Programs and networks that hold a studio up, by malice or by accident: everyone else is still answered."""

import contextlib
import time

import pytest
from hostile_clients import (
    ENDLESS_BODY,
    ENDLESS_HEADER,
    HALF_OPEN,
    StudioProcess,
    is_closed,
    make_result,
    request,
    trickling,
    wait_until,
)

WAIT = 1.0
"""Seconds that a neighbour may have to wait for an answer."""


@pytest.fixture
def start(tmp_path):
    """Starts studios that end with the test."""
    with contextlib.ExitStack() as ended:
        yield lambda *options, **limits: ended.enter_context(StudioProcess(tmp_path / "studio", *options, **limits))


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A studio of short deadlines and few connections, with a result of more than a megabyte."""
    data = tmp_path_factory.mktemp("impatient") / "studio"
    make_result(data, 1600, 1200)
    deadlines = dict.fromkeys(("header_seconds", "body_seconds", "stall_seconds"), 1.0)
    with StudioProcess(data, **deadlines, connections=20) as studio:
        yield studio


def slowest(studio, seconds):
    """Request the jobs again and again: the longest time that one took, in seconds."""
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        status, _ = studio.get(timeout=30)
        times.append(time.monotonic() - begin)
        assert status == 200
        time.sleep(0.05)
    return max(times)


@pytest.mark.parametrize(("sent", "answer"), [(b"", b""), (ENDLESS_HEADER, b""), (ENDLESS_BODY, b"408")])
def test_S1_a_request_that_does_not_come_to_its_end_is_closed(impatient, sent, answer):
    connection = impatient.connect(sent)
    with trickling([connection] if sent else []):
        connection.settimeout(6)
        received = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                received += part
    connection.close()
    assert answer in received


def test_S1_a_body_that_trickles_after_its_answer_is_closed(impatient):
    foreign = ENDLESS_BODY.replace(b"127.0.0.1", b"evil.example")
    connection = impatient.connect(foreign)
    with trickling([connection]):
        assert is_closed(connection, within=6)


def test_S1_more_connections_than_the_studio_takes_keep_nobody_waiting(impatient):
    before = impatient.sockets
    held = [impatient.connect(sent) for sent in (HALF_OPEN, ENDLESS_HEADER, ENDLESS_BODY) for _ in range(40)]
    with trickling(held):
        assert slowest(impatient, 2) < WAIT
        assert impatient.sockets < before + 40
    assert wait_until(lambda: impatient.sockets <= before + 1)
    assert impatient.errors.stat().st_size == 0


def test_S1_a_reader_that_does_not_read_is_dropped(impatient):
    asking = b"GET /api/samples/cat/display HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 60
    before = impatient.sockets
    connection = impatient.connect(asking, window=1024)
    assert wait_until(lambda: impatient.sockets > before)
    assert wait_until(lambda: impatient.sockets <= before, within=8)
    connection.close()


@pytest.mark.slow
def test_S1_a_slow_reader_gets_its_whole_file(impatient):
    """As slow, for a deadline of 1 s, as 4 kB/s is for one of 30 s: the system takes a third of its buffer at once."""
    address, rate, pause = "/api/jobs/1/result", 120_000, 0.05
    size = len(impatient.get(address)[1])
    with contextlib.closing(impatient.connect(request(address), window=4096)) as connection:
        connection.settimeout(5)
        received, begin = 0, time.monotonic()
        while received < size and (part := connection.recv(int(rate * pause))):
            received += len(part)
            time.sleep(max(0.0, begin + received / rate - time.monotonic()))
    assert received >= size > 1_000_000


def test_S1_sips_of_a_finished_answer_do_not_keep_a_half_sent_request_open(impatient):
    def is_closed_while_it_sips():
        sipping.recv(500)
        return impatient.sockets < open_sockets

    with contextlib.closing(impatient.connect(request("/api/openapi.json"), window=2048)) as sipping:
        time.sleep(1)  # answered; and the server knows of the connections that ended before
        open_sockets = impatient.sockets
        sipping.sendall(HALF_OPEN)
        assert wait_until(is_closed_while_it_sips, within=5)
        assert sipping.recv(500), "there is more of it"


def test_S1_a_connection_that_is_used_stays_open(impatient):
    with contextlib.closing(impatient.connect(b"")) as connection:
        for _ in range(4):
            connection.sendall(b"HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(0.5)


@pytest.mark.slow
def test_S1_when_files_run_out_it_is_logged_once_and_the_studio_goes_on(start):
    studio = start()
    studio.get()
    studio.limit_files(studio.files + 8)
    held = [studio.connect(HALF_OPEN) for _ in range(30)]
    assert wait_until(lambda: studio.errors.stat().st_size)
    time.sleep(1.5)
    assert studio.errors.read_text().count("\n") == 1
    assert "open files" in studio.errors.read_text()
    for connection in held:
        connection.close()
    assert studio.get(timeout=30)[0] == 200


@pytest.mark.slow
def test_S1_a_thousand_half_open_connections_at_256_files_keep_nobody_waiting(start):
    studio = start("--device", "cpu", files=256)
    assert wait_until(lambda: studio.get()[0] == 200)
    time.sleep(15)  # the worker starts, which takes both cores
    files, memory = studio.files, studio.memory
    held = [studio.connect(HALF_OPEN) for _ in range(1000)]
    slow = [studio.connect(ENDLESS_HEADER) for _ in range(10)] + [studio.connect(ENDLESS_BODY) for _ in range(10)]
    with trickling(slow):
        assert slowest(studio, 20) < WAIT, "seconds"
    for connection in held:
        connection.close()
    assert wait_until(lambda: studio.files <= files)
    assert studio.memory < memory + 20
    assert studio.errors.stat().st_size < 100_000
