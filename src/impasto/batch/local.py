"""The executor of this machine: worker processes, as many at once as memory and cores are worth."""

import contextlib
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

from impasto.batch.executor import Task, TaskDone, TaskFailed, TaskProgress, TaskStarted, Update, WorkersChosen
from impasto.batch.schedule import WorkerTuner, core_count, memory_available
from impasto.errors import ImpastoError, OutOfMemoryError

_POLL_SECONDS = 0.1
_EXIT_SECONDS = 5.0
"""For a worker that has closed its output to end."""
_MODULE = "impasto.batch.worker"


class WorkerLostError(ImpastoError):
    """A worker process ended amid a picture."""


class LocalExecutor:
    """Paints in processes of this machine.

    Args:
        workers: pictures at once; None for as many as memory and cores are worth, which is measured.
        jobs: how many there are to be painted; None where that is not known.
        most: pictures at once to begin measuring with.
    """

    def __init__(self, workers: int | None, jobs: int | None, most: int) -> None:
        self._fixed, self._jobs = workers is not None, jobs
        most = most if workers is None else workers
        self._tuner = WorkerTuner(min(most, max(1, jobs)) if jobs is not None else most, fixed=workers is not None)
        self._memory = memory_available()
        self._messages: queue.SimpleQueue[tuple[_Worker, Update | None]] = queue.SimpleQueue()
        self._idle: list[_Worker] = []
        self._busy: dict[_Worker, Task] = {}
        self._shares: dict[int, float] = {}
        self._done, self._begun = 0.0, 0
        self._next: Task | None = None

    def run(self, tasks: Iterator[Task | None], stop: Callable[[], bool]) -> Generator[Update, None, None]:
        """Paint; see `Executor`. Once it ends, in whatever way, no process is left."""
        try:
            more = True
            while not stop():
                while more and len(self._busy) < self._tuner.workers:
                    try:
                        self._next = self._next or next(tasks)
                    except StopIteration:
                        more = False
                        break
                    if self._next is None or not self._has_room(self._next):
                        break
                    yield self._begin(self._next)
                if not (more or self._busy):
                    return
                yield from self._receive()
        finally:
            for worker in (*self._idle, *self._busy):
                worker.kill()

    def _has_room(self, task: Task) -> bool:
        """Whether a picture can begin beside those that are being painted; by itself it always can."""
        if not self._busy:
            return True
        taken = sum(other.memory for other in self._busy.values())
        if taken + task.memory > self._memory:
            return False
        threads = sum(other.settings.threads for other in self._busy.values())
        return self._fixed or threads + task.settings.threads <= core_count()

    def _begin(self, task: Task) -> TaskStarted:
        worker = self._idle.pop() if self._idle else _Worker(self._messages)
        self._busy[worker], self._next = task, None
        self._begun += 1
        worker.send(task)
        return TaskStarted(task.number)

    def _receive(self) -> Iterator[Update]:
        """Yield what a worker has to say, if one does within a moment."""
        try:
            worker, update = self._messages.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return
        task = self._busy.get(worker)
        if task is None:  # an idle one has ended
            self._idle = [other for other in self._idle if other is not worker]
            return
        if isinstance(update, TaskProgress):
            self._shares[task.number] = update.share
        else:
            del self._busy[worker]
            self._shares.pop(task.number, None)
            if update is None:
                update = TaskFailed(task.number, _lost(worker.wait()))
                self._tuner.give_way()
            elif isinstance(update, TaskFailed) and isinstance(update.error, OutOfMemoryError):
                worker.kill()  # what it holds goes back to the system
                self._tuner.give_way()
            else:
                self._idle.append(worker)
            self._done += task.work if isinstance(update, TaskDone) else 0.0
        yield update
        yield from self._tune(finished=isinstance(update, TaskDone), running=task)

    def _tune(self, *, finished: bool, running: Task) -> Iterator[WorkersChosen]:
        work = {task.number: task.work for task in (*self._busy.values(), running)}
        done = self._done + sum(share * work.get(number, 0.0) for number, share in self._shares.items())
        left = None if self._jobs is None else self._jobs - self._begun
        if self._tuner.observe(running=len(self._busy) + finished, done=done, finished=finished, left=left):
            if len(self._tuner.rates) > 1:
                yield WorkersChosen(self._tuner.workers, tuple(self._tuner.rates.items()))
            while len(self._idle) + len(self._busy) > self._tuner.workers and self._idle:
                self._idle.pop().kill()


class _Worker:
    """A worker process, whose updates a thread puts into a queue; None follows them when it has ended."""

    def __init__(self, messages: "queue.SimpleQueue[Any]") -> None:
        # In a session of its own, Ctrl-C at the terminal does not reach it: it ends when it is told to.
        group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows
        apart: dict[str, Any] = {"creationflags": group} if group else {"start_new_session": True}
        self._process = subprocess.Popen(  # noqa: S603 - this Python and a module of ours
            [sys.executable, "-P", "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **apart,
        )
        threading.Thread(target=self._pass_on, args=(messages,), daemon=True).start()

    def send(self, task: Task) -> None:
        """Have it paint a task; one that has ended says so among the messages."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, OSError):
            self._process.stdin.write(pickle.dumps(task))
            self._process.stdin.flush()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Give the exit status of one that has ended, or is about to; the negative number of a signal."""
        try:
            status = self._process.wait(timeout=_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        return status

    def _pass_on(self, messages: "queue.SimpleQueue[Any]") -> None:
        assert self._process.stdout is not None
        with self._process.stdout as updates:
            try:
                while True:
                    messages.put((self, pickle.load(updates)))  # noqa: S301 - from a process of ours
            except (EOFError, OSError, pickle.UnpicklingError, ValueError):
                messages.put((self, None))


def _lost(status: int) -> WorkerLostError:
    if status == -getattr(signal, "SIGKILL", 9):
        return WorkerLostError("its worker was killed, perhaps because memory ran out", "Use fewer workers.")
    return WorkerLostError(f"its worker stopped with exit status {status}", "Please report this if it happens again.")
