"""Ctrl-C, kill and kill -9 in the middle of a run."""

import json
import signal
import subprocess
import sys
import time

import PIL.Image
import pytest
from quick import QUICK, listing

ENDLESS = [*QUICK[:-1], "100000", "--tolerance", "0"]


def started(impasto_process, *options):
    """A run that has painted a step, and the process."""
    process = impasto_process("photo.jpg", "painting.jpg", "--json", *ENDLESS, *options)
    while json.loads(process.stdout.readline())["event"] != "step":
        pass
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_the_picture_as_it_is(impasto_process, folder, number, code):
    process = started(impasto_process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    last = json.loads(out.splitlines()[-1])
    assert last["event"] == "finished"
    assert last["stopped"]
    with PIL.Image.open(folder / last["path"]) as picture:
        picture.load()
        assert picture.size == (64, 48)
    assert b"Traceback" not in err


@pytest.mark.slow
def test_a_run_that_is_stopped_at_a_coarse_scale_gives_the_size_that_was_asked_for(impasto_process, folder):
    options = ["--size", "256", "--scales", "2", "--iterations", "100000", "--tolerance", "0", "--json"]
    process = impasto_process("photo.jpg", "painting.jpg", *options)
    while json.loads(process.stdout.readline())["event"] != "step":
        pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert json.loads(out.splitlines()[-1])["stopped"]
    with PIL.Image.open(folder / "photo-painting.png") as picture:
        assert picture.size == (256, 192)


def test_ctrl_c_says_that_it_was_heard(impasto_process):
    process = impasto_process("photo.jpg", "painting.jpg", *ENDLESS)
    assert b"iterations at most" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert b"stopping after this step" in err
    assert process.returncode == 130


def test_a_second_ctrl_c_ends_at_once_and_leaves_nothing_half_written(impasto_process, folder):
    process = started(impasto_process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert set(listing(folder)) <= {"photo.jpg", "painting.jpg", "photo-painting.png"}


LOADING = """
import sys
from impasto.cli import main
print("loading", flush=True)
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_while_loading_ends_without_a_traceback(folder):
    command = [sys.executable, "-c", LOADING, "photo.jpg", "painting.jpg", *QUICK[:-1], "100000", "--tolerance", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        time.sleep(0.1)  # into the imports
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert set(listing(folder)) == {"photo.jpg", "painting.jpg"}


@pytest.mark.slow
def test_kill_minus_nine_leaves_only_whole_pictures(impasto_process, folder):
    process = started(impasto_process, "--save-every", "1")
    for line in process.stdout:
        if json.loads(line).get("iteration") == 8:
            break
    process.kill()
    process.communicate()
    steps = folder / "photo-painting-steps"
    pictures = sorted(steps.glob("*.png"))
    assert len(pictures) >= 7
    for path in pictures:
        with PIL.Image.open(path) as picture:
            picture.load()
    assert not (folder / "photo-painting.png").exists()
