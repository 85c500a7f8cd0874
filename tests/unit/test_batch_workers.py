"""The worker processes of a batch: how many there are when some are lost, and what they may hold."""

import os
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from impasto.batch import local, painter, schedule
from impasto.batch.executor import Task, TaskDone, TaskFailed, TaskStarted, WorkersChanged
from impasto.batch.local import LocalExecutor
from impasto.batch.schedule import WorkerTuner
from impasto.engine import cores, sharing
from impasto.engine.worker_process import WorkerLostError, WorkerStartError
from impasto.images import Picture
from impasto.settings import Settings

SCRIPT = """
import os, pickle, signal, sys, time

def send(message):
    sys.stdout.buffer.write(pickle.dumps(message))
    sys.stdout.buffer.flush()

def die():
    os.kill(os.getpid(), signal.SIGKILL)

{start}
from impasto.batch.executor import TaskDone
from impasto.engine.worker_process import READY
send(READY)
while True:
    task = pickle.load(sys.stdin.buffer)
    if {dies}:
        die()
    {paint}
    send(TaskDone(task.number, b"", "", "", (), (1, 1), 0.0))
"""


FIRST_DIES = """
try:
    os.close(os.open({path!r}, os.O_CREAT | os.O_EXCL))
    die()
except FileExistsError:
    pass
"""


@pytest.fixture
def executor(tmp_path, monkeypatch):
    """Make an executor whose workers paint nothing, and end as they are told to."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    monkeypatch.setattr(cores, "core_count", lambda: 8)

    def make(*, start="", dies="False", paint="time.sleep(0.04)", workers=1, jobs=None):
        (tmp_path / "scripted_worker.py").write_text(SCRIPT.format(start=start, dies=dies, paint=paint))
        monkeypatch.setattr(local, "_MODULE", "scripted_worker")
        return LocalExecutor(workers, jobs, most=workers)

    return make


def tasks(count, memory=1):
    for number in range(1, count + 1):
        yield Task(number, "a.png", (), Settings(recipe="fast", threads=1), ".png", memory, 1.0)


def kinds(updates, kind):
    return [update for update in updates if isinstance(update, kind)]


def test_where_no_worker_can_start_the_batch_stops_and_no_picture_is_blamed(executor):
    updates = []
    with pytest.raises(WorkerStartError, match="killed") as caught:
        updates.extend(executor(start="die()", workers=2).run(tasks(1000), lambda: False))
    assert caught.value.exit_code == 1
    assert kinds(updates, TaskFailed) == []


def test_a_library_that_cannot_be_imported_is_named(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ImportError('libtorch is of another system')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    monkeypatch.setattr(local, "_MOST_FAILED_STARTS", 1)
    with pytest.raises(WorkerStartError, match="libtorch is of another system"):
        list(LocalExecutor(1, None, most=1).run(tasks(1000), lambda: False))


def test_a_worker_that_cannot_start_is_no_matter_where_another_can(executor, tmp_path):
    start = FIRST_DIES.format(path=str(tmp_path / "first"))
    updates = list(executor(start=start, workers=2).run(tasks(6), lambda: False))
    assert sorted(update.number for update in kinds(updates, TaskDone)) == [1, 2, 3, 4, 5, 6]
    assert sorted(update.number for update in kinds(updates, TaskStarted)) == [1, 2, 3, 4, 5, 6]
    assert kinds(updates, TaskFailed) == []
    assert kinds(updates, WorkersChanged)[0].workers == 1


UNREADABLE = r"sys.stdout.buffer.write(b'cos\nof_another_version\n.'); sys.stdout.buffer.flush(); time.sleep(60)"


def test_a_worker_whose_update_cannot_be_read_costs_its_picture_a_try(executor):
    found = executor(paint=f"if task.number == 1:\n        {UNREADABLE}", workers=1)
    updates = list(found.run(tasks(2), lambda: False))
    (failed,) = kinds(updates, TaskFailed)
    assert failed.number == 1
    assert "cannot be read: AttributeError" in failed.error.problem
    assert not failed.is_inputs_fault
    assert [update.number for update in kinds(updates, TaskDone)] == [2]


def test_a_worker_that_is_killed_as_it_hands_over_a_picture_is_said_to_be_killed(executor):
    half = "sys.stdout.buffer.write(pickle.dumps(b'x' * 9999)[:5000]); sys.stdout.buffer.flush(); die()"
    updates = list(executor(paint=f"if task.number == 1:\n        {half}", workers=1).run(tasks(2), lambda: False))
    (failed,) = kinds(updates, TaskFailed)
    assert "its worker was killed" in failed.error.problem


def test_a_worker_that_cannot_even_say_that_it_is_ready_is_none(executor, monkeypatch):
    monkeypatch.setattr(local, "_MOST_FAILED_STARTS", 1)
    with pytest.raises(WorkerStartError, match="cannot be read: AttributeError"):
        list(executor(start=UNREADABLE).run(tasks(2), lambda: False))


def test_no_process_is_left_where_a_batch_fails_as_a_picture_begins(executor):
    before = set(psutil.Process().children())
    updates = executor(workers=1).run(tasks(2), lambda: False)
    for update in updates:
        if isinstance(update, TaskStarted) and update.number == 2:
            updates.close()
    assert set(psutil.Process().children()) <= before


def test_a_picture_that_waits_for_room_is_painted_after_the_last_of_the_others(executor, tmp_path, monkeypatch):
    free, updates = [10**12], []
    monkeypatch.setattr(local, "memory_available", lambda _held: free[0])
    found = executor(start=FIRST_DIES.format(path=str(tmp_path / "first")), workers=4)
    for update in found.run(tasks(3), lambda: False):
        updates.append(update)
        free[0] = 0 if isinstance(update, WorkersChanged) else free[0]
    assert sorted(update.number for update in kinds(updates, TaskDone)) == [1, 2, 3]


def test_where_every_picture_kills_its_worker_the_batch_stops(executor, monkeypatch):
    monkeypatch.setattr(local, "_MOST_LOST", 3)
    updates = []
    with pytest.raises(WorkerLostError, match="3 pictures one after another"):
        updates.extend(executor(dies="True", workers=2).run(tasks(1000), lambda: False))
    assert len(kinds(updates, TaskFailed)) < 6


def test_a_lost_worker_lowers_the_number_says_so_and_is_replaced_when_all_is_well(executor, monkeypatch):
    monkeypatch.setattr(schedule, "_CALM_PICTURES", 3)
    updates = list(executor(dies="task.number == 2", workers=2).run(tasks(40), lambda: False))
    lower, higher = kinds(updates, WorkersChanged)
    assert (lower.workers, higher.workers, higher.error) == (1, 2, None)
    assert "was killed" in lower.error.problem
    assert [update.number for update in kinds(updates, TaskFailed)] == [2]
    assert len(kinds(updates, TaskDone)) == 39


def test_the_number_of_workers_is_raised_later_each_time_that_one_is_lost():
    tuner = WorkerTuner(4, fixed=True)
    waits = []
    for _ in range(3):
        assert tuner.give_way()
        assert tuner.workers == 3
        pictures = 1
        while not tuner.recover():
            pictures += 1
        waits.append(pictures)
        assert tuner.workers == 4
    assert waits == [waits[0], 2 * waits[0], 4 * waits[0]]
    assert not tuner.recover()
    assert tuner.workers == 4
    for _ in range(5):
        tuner.give_way()
    assert tuner.workers == 1
    assert not tuner.give_way()


def test_a_picture_begins_when_there_is_room_for_it_now(monkeypatch):
    running, free = Task(1, "a", (), Settings(threads=1), ".png", 2_000_000_000, 1.0), [10_000_000_000]
    task = Task(2, "a", (), Settings(threads=1), ".png", 2_000_000_000, 1.0)
    monkeypatch.setattr(sharing, "physical_memory", lambda: 16_000_000_000)
    monkeypatch.setattr(schedule, "free_memory", lambda: free[0])
    monkeypatch.setattr(cores, "core_count", lambda: 8)

    class Held:
        def __init__(self, held):
            self.held, self.killed = held, False

        def memory(self):
            return self.held

        def kill(self):
            self.killed = True

    executor = LocalExecutor(4, None, most=4)
    executor._busy = {Held(500_000_000): running}
    assert executor._has_room(task)
    free[0] = 3_500_000_000  # 1.5 of them for the one that has begun, and what both keep
    assert not executor._has_room(task)
    free[0] = 3_800_000_000
    assert executor._has_room(task)
    idle, reused = Held(700_000_000), Held(700_000_000)
    executor._idle, free[0] = [idle, reused], 2_900_000_000
    assert not executor._has_room(task)
    assert (idle.killed, reused.killed, executor._idle) == (True, False, [reused])
    executor._busy = {}
    free[0] = 0
    assert executor._has_room(task)  # by itself


def test_paintings_are_kept_up_to_what_the_plan_of_the_memory_has_for_them(tmp_path, monkeypatch):
    monkeypatch.setattr(painter, "KEPT_BYTES", 1000)
    reads = []

    def read(path, **_):
        reads.append(Path(path).name)
        side = {"s": 4, "m": 8, "l": 20}[Path(path).name[0]]  # 192, 768 and 4800 bytes
        return Picture(np.zeros((side, side, 3), np.float32), name=path)

    monkeypatch.setattr(painter.images, "read", read)
    names = ["s1", "s2", "s1", "m1", "s1", "l1", "l1", "s2", "l1"]
    for name in set(names):
        (tmp_path / name).touch()
    cache = painter._PaintingCache()
    for name in names:
        cache.read(str(tmp_path / name))
    assert reads == ["s1", "s2", "m1", "l1", "s2", "l1"]
    assert len(cache._kept) == 1
