"""`impasto batch --cluster` with the real Ray: machines that die, drivers that are killed, and what is left of both.

The machines of the cluster are raylets on this one, with a core each.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter

import psutil
import pytest
from batches import QUICK_BATCH, files_of, records_of, save_photos
from clusters import ENVIRONMENT, MACHINE, Driver
from test_batch_processes import quick_batch

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def run_batch(folder, *arguments):
    driver = Driver(folder, "batch", *arguments)
    code, said = driver.finish()
    assert code == 0, said
    return driver


def arguments_for(folder, count, out, iterations=1):
    save_photos(folder / "in", [f"p{number}.png" for number in range(count)])
    return ["in", "--style", "painting.jpg", "-o", out, *quick_batch(iterations)]


def assert_complete(folder, out, count):
    """Every picture is there, once in the manifest, and equal to that of the batch on this machine."""
    lines = (folder / out / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    outputs = Counter(json.loads(line)["output"] for line in lines)
    assert len(outputs) == count
    assert set(outputs.values()) == {1}
    assert files_of(folder / out) == files_of(folder / "here")
    assert records_of(folder / out) == records_of(folder / "here")


def test_two_hundred_pictures_survive_a_machine_that_dies_and_a_driver_that_is_killed(folder, cluster):
    count = 200
    run_batch(folder, *arguments_for(folder, count, "here"), "--workers", "2")
    arguments = [*arguments_for(folder, count, "there"), "--cluster", cluster.address]

    driver = Driver(folder, "batch", *arguments)
    driver.until("job_done", count // 4)
    driver.process.kill()
    driver.finish()
    left = list((folder / "there").glob("*.png"))
    assert count // 4 <= len(left) < count

    driver = Driver(folder, "batch", *arguments, "--retries", "0")
    driver.until("job_done", count // 4)
    skipped = sum(event["event"] == "job_skipped" for event in driver.events)
    assert skipped >= count // 4, "a second run finishes the first"
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    code, said = driver.finish()
    assert (code, said) == (0, ""), said
    last = driver.events[-1]
    assert (last["done"] + last["skipped"], last["failed"], last["left"]) == (count, 0, 0)
    assert any(event["event"] == "job_progress" for event in driver.events)
    retried = [event for event in driver.events if event["event"] == "job_retried"]
    assert len(retried) <= 1
    assert all("was lost" in event["error"] for event in retried)
    assert_complete(folder, "there", count)


def test_a_machine_that_joins_gets_pictures_and_workers_are_a_limit(folder, cluster):
    count, slow = 30, 100
    run_batch(folder, *arguments_for(folder, count, "here", slow), "--workers", "2")
    arguments = [*arguments_for(folder, count, "there", slow), "--cluster", cluster.address]
    driver = Driver(folder, "batch", *arguments, "--workers", "1")
    driver.until("job_done", 4)
    assert most_at_once(driver.events) == 1
    driver.process.send_signal(signal.SIGINT)
    code, said = driver.finish()
    assert code == 130, said
    for node in list(cluster.worker_nodes):
        cluster.remove_node(node)
    driver = Driver(folder, "batch", *arguments)
    driver.until("job_done", 2)
    cluster.add_node(**MACHINE)
    code, said = driver.finish()
    assert (code, said) == (0, ""), said
    assert most_at_once(driver.events) == 2
    assert_complete(folder, "there", count)


def most_at_once(events):
    """How many pictures were being painted at one moment."""
    running, most = 0, 0
    for event in events:
        running += {"job_started": 1, "job_done": -1, "job_failed": -1, "job_retried": -1}.get(event["event"], 0)
        most = max(most, running)
    return most


def test_bad_files_and_large_ones_fare_as_on_this_machine(folder):
    save_photos(folder / "in", ["good.png", "large.png"], side=1200)
    damaged = save_photos(folder / "in", ["damaged.png"])[0]
    damaged.write_bytes(damaged.read_bytes()[:-200])
    mask = save_photos(folder, ["mask.png"])[0]
    options = ["700" if option == "64" else option for option in QUICK_BATCH]
    common = ["in", "--style", "painting.jpg", *options, "--keep-mask", str(mask)]
    for out, where in (("here", ["--workers", "1"]), ("there", ["--cluster", "local"])):
        driver = Driver(folder, "batch", *common, "-o", out, *where)
        code, said = driver.finish()
        assert code == 3
        assert [line for line in said.splitlines() if "damaged.png" not in line] == []
    assert (folder / "here" / "large-painting.png").stat().st_size > 200_000, "goes through the object store"
    assert files_of(folder / "here") == files_of(folder / "there")
    assert records_of(folder / "here") == records_of(folder / "there")


@pytest.mark.parametrize("how", ["end", "ctrl-c", "kill"])
def test_nothing_of_a_cluster_of_this_machine_is_left_running(folder, how):
    options = [*quick_batch(100 if how == "end" else 100_000), "--cluster", "local"]
    driver = Driver(folder, "batch", "photo.jpg", "--style", "painting.jpg", "-o", "out", *options)
    driver.until("job_progress", 1)
    started = psutil.Process(driver.process.pid).children(recursive=True)
    assert {"gcs_server", "raylet"} <= {process.name() for process in started}
    if how != "end":
        driver.process.send_signal(signal.SIGINT if how == "ctrl-c" else signal.SIGKILL)
    assert driver.finish() == ({"end": 0, "ctrl-c": 130, "kill": -signal.SIGKILL}[how], "")
    # After `kill -9`, the machine's own processes end within seconds; two that report to them try that for a minute.
    _, alive = psutil.wait_procs(started, timeout=120 if how == "kill" else 10)
    assert alive == []


def test_a_cluster_started_by_hand_wants_a_token_that_ray_keeps(folder, monkeypatch):
    home, other, program = folder / "home", folder / "other", [sys.executable, "-P", "-m", "ray.scripts.scripts"]
    for place in (home, other):
        place.mkdir()
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    monkeypatch.setenv("HOME", str(home))
    environment = {**os.environ, **ENVIRONMENT, "RAY_AUTH_MODE": "token"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*program, "get-auth-token", "--generate"], env=environment, check=True, **quiet)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = str(unused.getsockname()[1])
    command = [*program, "start", "--head", "--port", port, "--num-cpus", "1", "--block"]
    options = ["photo.jpg", "--style", "painting.jpg", *QUICK_BATCH, "--threads", "1", "--cluster", f"127.0.0.1:{port}"]
    head = subprocess.Popen(command, env=environment, **quiet)
    try:
        wait_for_port(int(port))
        run_batch(folder, *options, "-o", "out")
        monkeypatch.setenv("HOME", str(other))
        code, said = Driver(folder, "batch", *options, "-o", "refused").finish()
        assert (code, said.count("\n")) == (2, 1)
        assert "the cluster wants a token that this machine does not have, or another" in said
    finally:
        started = psutil.Process(head.pid).children(recursive=True)
        head.terminate()
        head.wait()
        _, alive = psutil.wait_procs(started, timeout=30)
    assert alive == []


def wait_for_port(port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            time.sleep(5)  # until the machine has joined its own cluster
            return
    raise AssertionError("the cluster does not start")
