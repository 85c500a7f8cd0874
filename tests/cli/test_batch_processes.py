"""A batch and its worker processes: killed, interrupted, at a terminal, and as many at once as one likes."""

import json
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batches import QUICK_BATCH, InlineExecutor, files_of, records_of, save_photos
from quick import listing

from impasto.cli.commands import batch_runner

ARGUMENTS = ["in", "--style", "painting.jpg", "-o", "out"]
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def quick_batch(iterations):
    """`QUICK_BATCH` with more iterations, all of which are done."""
    at = QUICK_BATCH.index("--iterations") + 1
    return [*QUICK_BATCH[:at], str(iterations), *QUICK_BATCH[at + 1 :], "--tolerance", "0"]


@pytest.fixture
def inline(impasto, monkeypatch):
    """Run a batch within this process: what an undisturbed run gives."""

    def run(*arguments):
        with monkeypatch.context() as patch:
            patch.setattr(batch_runner, "LocalExecutor", InlineExecutor)
            done = impasto("batch", *arguments, *QUICK_BATCH)
        assert done.code == 0, done.err
        return done

    return run


def arguments_for(folder, count, out="out"):
    photos = save_photos(folder / "in", [f"p{number}.png" for number in range(count)])
    assert len(photos) == count
    return [*ARGUMENTS[:-1], out]


def events_until(process, kind, count=1):
    """Read events until a number of one kind."""
    for line in process.stdout:
        event = json.loads(line)
        count -= event["event"] == kind
        if not count:
            return event
    raise AssertionError(process.stderr.read())


def workers_of(pid):
    """The processes that a batch has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def assert_equal(folder, other):
    assert files_of(folder) == files_of(other)
    assert records_of(folder) == records_of(other)


@pytest.mark.slow
def test_pictures_do_not_depend_on_the_number_of_workers_nor_on_a_kill(impasto_process, inline, folder):
    arguments = arguments_for(folder, 4)
    inline(*arguments[:-1], "undisturbed")
    process = impasto_process("batch", *arguments, *QUICK_BATCH, "--workers", "2", "--json")
    events_until(process, "job_done")
    workers = workers_of(process.pid)
    assert len(workers) == 2
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while any(map(is_alive, workers)):
        assert time.monotonic() < deadline, "workers outlive their batch"
        time.sleep(0.02)
    killed = {name for name in listing(folder / "out") if name.endswith("-painting.png")}
    assert 1 <= len(killed) <= 4
    done = inline(*arguments)
    assert f"{4 - len(killed)} painted, {len(killed)} done already" in done.err
    assert_equal(folder / "out", folder / "undisturbed")


@pytest.mark.slow
def test_ctrl_c_ends_at_once_and_the_next_run_paints_what_is_left(impasto_process, inline, folder):
    arguments = arguments_for(folder, 2)
    process = impasto_process("batch", *arguments, *quick_batch(100_000), "--json")
    events_until(process, "job_progress")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["done"], last["left"]) == ("finished", 0, 2)
    assert b"Traceback" not in err
    assert {path.name for path in (folder / "out").iterdir()} == {".impasto-batch"}
    assert "2 painted" in inline(*arguments).err


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_a_try_and_no_more(impasto_process, folder):
    arguments = arguments_for(folder, 1)
    process = impasto_process("batch", *arguments, *QUICK_BATCH, "--json")
    events_until(process, "job_started")
    (worker,) = workers_of(process.pid)
    os.kill(worker, signal.SIGKILL)
    retried = events_until(process, "job_retried")
    assert "was killed, perhaps because memory ran out" in retried["error"]
    out, err = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out.splitlines()[-1])["done"]) == (0, 1), err


@pytest.mark.slow
def test_a_terminal_shows_the_whole_and_the_current_pictures(impasto_process, folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    arguments = arguments_for(folder, 2)
    (folder / "in" / "empty.png").touch()
    terminal, stderr = pty.openpty()
    process = impasto_process("batch", *arguments, *quick_batch(60), stderr=stderr)
    os.close(stderr)
    written = b""
    try:
        while part := os.read(terminal, 4096):
            written += part
    except OSError:  # nobody holds the other end any more
        pass
    os.close(terminal)
    out = process.stdout.read().decode()
    assert process.wait() == 3
    text = CONTROL.sub("", written.decode())
    assert "3 pictures: 2 to paint, 1 refused; into out" in text
    assert re.search(r"[01] of 2 painted ", text)
    assert re.search(r"  p[01]-painting.png ", text)
    assert "impasto: error: empty-painting.png: in/empty.png is empty" in text
    assert "finished: 2 painted, 1 failed" in text
    assert out == "out/contact-sheet.jpg\n"


BAD = ("cut.png", "empty.jpg", "text.jpg", "folder.png", "header.png")
"""Files that are no pictures, each in its own way."""


def save_bad_files(folder):
    data = (folder / "p0.png").read_bytes()
    (folder / "cut.png").write_bytes(data[: len(data) // 2])
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("no picture")
    (folder / "folder.png").symlink_to(folder / "nowhere.png")
    (folder / "header.png").write_bytes(data[:40])


def kill_when(process, kind, count):
    """Kill a batch a random while after so many events of a kind, or at its end; returns what it was doing then."""
    doing = "planning"
    for line in process.stdout:
        event = json.loads(line)["event"]
        doing = {"job_started": "painting", "drawing": "drawing", "finished": "finished"}.get(event, doing)
        count -= event == kind
        if not count:
            time.sleep(random.uniform(0, 0.05))
            break
    process.kill()
    process.communicate()
    return doing


@pytest.mark.slow
def test_killed_at_ten_random_moments_a_batch_ends_as_an_undisturbed_one(impasto_process, folder):
    arguments = arguments_for(folder, 200)
    save_bad_files(folder / "in")
    undisturbed = impasto_process("batch", *arguments[:-1], "undisturbed", *QUICK_BATCH)
    _, err = undisturbed.communicate(timeout=600)
    assert undisturbed.returncode == 3
    assert "finished: 200 painted, 5 failed" in err.decode()
    for name in BAD:
        assert err.decode().count(f"impasto: error: {Path(name).stem}-painting.png: ") == 1
    doing = []
    for _ in range(8):
        process = impasto_process("batch", *arguments, *QUICK_BATCH, "--json")
        doing.append(kill_when(process, "job_done", random.randint(1, 20)))
    for _ in range(2):
        process = impasto_process("batch", *arguments, *QUICK_BATCH, "--json")
        doing.append(kill_when(process, "started", 1))
    assert doing.count("painting") >= 7, doing
    assert not (folder / "out" / "contact-sheet-4.jpg").exists()
    process = impasto_process("batch", *arguments, *QUICK_BATCH)
    process.communicate(timeout=600)
    assert process.returncode == 3
    assert len([it for it in records_of(folder / "out") if it["error"]]) == 5
    assert_equal(folder / "out", folder / "undisturbed")
    again = impasto_process("batch", *arguments, *QUICK_BATCH)
    _, err = again.communicate(timeout=600)
    assert "0 painted, 200 done already, 5 failed" in err.decode()
    assert_equal(folder / "out", folder / "undisturbed")


@pytest.mark.slow
def test_a_file_that_is_still_copied_is_painted_when_it_is_whole(impasto_process, folder):
    (source,) = save_photos(folder, ["whole.png"])
    save_photos(folder / "in", ["first.png"])
    data, slow = source.read_bytes(), folder / "in" / "slow.png"
    process = impasto_process("batch", *ARGUMENTS, *QUICK_BATCH, "--watch", "--json")
    events_until(process, "job_done")
    for quarters in range(4):  # slower than the looks, with pauses that look like an end
        slow.write_bytes(data[: quarters * len(data) // 4])
        time.sleep(2.5)
    assert not (folder / "out" / "slow-painting.png").exists()
    slow.write_bytes(data)
    events_until(process, "job_done")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert {it["output"]: it["error"] for it in records_of(folder / "out")} == {
        "first-painting.png": None,
        "slow-painting.png": None,
    }


PEAK = """
import resource, sys
from impasto.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_pictures(folder):
    def peak(count):
        shutil.rmtree(folder / "in", ignore_errors=True)
        arguments = ["batch", *arguments_for(folder, count, f"out{count}"), *QUICK_BATCH, "--no-contact-sheet"]
        run = subprocess.run([sys.executable, "-c", PEAK, *arguments], cwd=folder, capture_output=True, check=True)
        return int(run.stdout.split()[-1]) / 1024

    few, many = peak(20), peak(200)
    assert many < few + 10, (few, many)  # MiB
