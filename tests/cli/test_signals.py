"""Ctrl-C, kill and kill -9 in the middle of a run."""

import json
import signal

import PIL.Image
import pytest
from conftest import QUICK, listing

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


def test_a_second_ctrl_c_ends_at_once_and_leaves_nothing_half_written(impasto_process, folder):
    process = started(impasto_process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert set(listing(folder)) <= {"photo.jpg", "painting.jpg", "photo-painting.png"}


def test_ctrl_c_while_loading_ends_without_a_traceback(impasto_process, folder):
    process = impasto_process("photo.jpg", "painting.jpg", *QUICK)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    if process.returncode != -signal.SIGINT:  # Python itself was not up yet
        assert process.returncode == 130
        assert b"Traceback" not in err
    assert set(listing(folder)) == {"photo.jpg", "painting.jpg"}


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
