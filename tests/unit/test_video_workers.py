"""The worker processes of a film: several at once, lost ones, and those that cannot start."""

import os
import queue
import sys
import time

import psutil
import pytest
from quick_films import QUICK, InlineShots, cut, save_frames, save_painting

from impasto.engine.worker_process import WorkerProcess, WorkerStartError
from impasto.errors import ImageError
from impasto.video import local
from impasto.video.events import FilmFinished, FilmStarted, FramePainted, ShotRetried
from impasto.video.plan import FilmRequest, plan_film
from impasto.video.render import render


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    cut(save_frames(tmp_path / "in", 6), 3)
    save_painting(tmp_path / "painting.png")
    return tmp_path


def film(output, **choices):
    settings = QUICK.model_copy(update={"threads": 1, **choices.pop("settings", {})})
    return plan_film(FilmRequest("in", ("painting.png",), output, settings, **choices))


def children():
    return {process.pid for process in psutil.Process().children()}


def test_shots_at_once_and_a_worker_that_is_killed_change_nothing_of_the_film(folder):
    list(render(film("one.gif"), executor=InlineShots()))
    before, killed, events, begun = children(), False, [], set()
    for event in render(film("two.gif", workers=2)):
        events.append(event)
        begun |= {event.shot} if isinstance(event, FramePainted) else set()
        if len(begun) == 2 and not killed:
            killed = True
            for pid in sorted(children() - before)[:1]:  # both at once may be two losses of one shot
                psutil.Process(pid).kill()
    assert isinstance(events[-1], FilmFinished)
    assert {event.workers for event in events if isinstance(event, FilmStarted)} == {2}
    retried = [event for event in events if isinstance(event, ShotRetried)]
    assert {event.shot for event in retried} <= {1, 2}
    assert all("was killed" in event.error.problem for event in retried)
    assert (folder / "two.gif").read_bytes() == (folder / "one.gif").read_bytes()
    assert children() == before


def test_no_process_is_left_and_frames_are_kept_where_the_caller_goes_away(folder):
    before = children()
    events = render(film("out.mp4"))
    for event in events:
        if isinstance(event, FramePainted):
            events.close()
    assert children() == before
    assert list((folder / "out.mp4.frames").glob("*.png"))


def test_where_no_worker_can_start_the_film_ends_with_the_reason(folder):
    (folder / "torch.py").write_text("raise ImportError('libtorch is of another system')")
    with pytest.raises(WorkerStartError, match="libtorch is of another system"):
        list(render(film("out.mp4")))
    assert not list(folder.glob("out.mp4*"))


def test_what_a_worker_cannot_read_is_named_and_no_other_worker_tries(folder):
    plan = film("out.mp4")
    (folder / "painting.png").write_bytes(b"no picture any more")
    with pytest.raises(ImageError, match=r"painting\.png"):
        list(render(plan))


def test_an_update_that_cannot_be_understood_is_a_lost_worker(folder, monkeypatch):
    (folder / "wrong_worker.py").write_text(
        "import sys, pickle, time\n"
        "from impasto.engine.worker_process import READY\n"
        "out = sys.stdout.buffer\n"
        "out.write(pickle.dumps(READY)); out.flush()\n"
        "pickle.load(sys.stdin.buffer)\n"
        "out.write(b'cos\\nof_another_version\\n.'); out.flush(); time.sleep(60)\n"
    )
    monkeypatch.setattr(local, "_MODULE", "wrong_worker")
    with pytest.raises(Exception, match=r"cannot be read: AttributeError.*, a second time"):
        list(render(film("out.mp4")))


@pytest.mark.usefixtures("folder")
def test_a_worker_that_takes_no_task_yet_keeps_nobody_waiting(tmp_path):
    (tmp_path / "sleepy_worker.py").write_text("import time; time.sleep(60)\n")
    worker = WorkerProcess("sleepy_worker", queue.SimpleQueue())
    begun = time.monotonic()
    worker.send(bytes(10**7))
    assert time.monotonic() - begun < 1
    worker.kill()
