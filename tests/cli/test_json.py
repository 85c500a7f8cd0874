import json
import shutil

import pytest
from quick import QUICK, run_once


@pytest.fixture(scope="module")
def painted(tmp_path_factory):
    """The folder of a run and its lines: painted once for all tests that read them."""
    choices = ["--save-every", "2", "--tolerance", "0", *QUICK]
    folder, out = run_once(tmp_path_factory, "photo.jpg", "painting.jpg", "--json", *choices)
    return folder, [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def events(painted, folder):
    """The lines of a run, and what it wrote in the current folder."""
    written, lines = painted
    shutil.copytree(written, folder, dirs_exist_ok=True)
    return lines


def test_the_stream_tells_the_run_in_order(events):
    assert [event["event"] for event in events] == ["started", "step", "step", "preview", "step", "preview", "finished"]


def test_started_says_what_is_planned(events):
    first = events[0]
    assert (first["width"], first["height"], first["scales"], first["iterations"]) == (64, 48, 1, 3)
    assert first["settings"]["recipe"] == "painterly"


def test_no_step_is_left_out_and_each_is_whole(events):
    steps = [event for event in events if event["event"] == "step"]
    fields = "event scale scales width height iteration iterations loss terms elapsed remaining"
    assert all(set(step) == set(fields.split()) for step in steps)
    assert [step["iteration"] for step in steps] == [1, 2, 3]
    for step in steps:
        assert sum(step["terms"].values()) == pytest.approx(step["loss"], rel=1e-4)


def test_previews_name_pictures_that_exist(events, folder):
    previews = [event for event in events if event["event"] == "preview"]
    assert [preview["total_iterations"] for preview in previews] == [2, 3]
    assert all((folder / preview["path"]).exists() for preview in previews)


def test_the_last_line_is_the_result(events, folder):
    last = events[-1]
    assert set(last) == {"event", "path", "loss", "terms", "elapsed", "stopped", "settings"}
    assert (folder / last["path"]).exists()
    assert last["loss"] < events[1]["loss"]
    assert last["settings"]["save_every"] == 2


def test_lines_arrive_while_the_run_goes_on(impasto_process):
    process = impasto_process("photo.jpg", "painting.jpg", "--json", *QUICK[:-1], "10000", "--tolerance", "0")
    lines = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert process.poll() is None
    assert [line["event"] for line in lines] == ["started", "step", "step"]
