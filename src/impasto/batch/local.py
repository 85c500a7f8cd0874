"""The executor of this machine: worker processes, as many at once as memory and cores are worth."""

import queue
from collections.abc import Callable, Generator, Iterator

from impasto.batch.executor import (
    Task,
    TaskDone,
    TaskFailed,
    TaskProgress,
    TaskStarted,
    Update,
    WorkersChanged,
    WorkersChosen,
)
from impasto.batch.schedule import KEPT_BYTES, WorkerTuner, memory_available
from impasto.engine import cores
from impasto.engine.worker_process import READY, WorkerLostError, WorkerProcess, WorkerStartError, explain_exit
from impasto.errors import ImpastoError, OutOfMemoryError

_POLL_SECONDS = 0.1
_MOST_FAILED_STARTS = 3
"""One after another, until the batch ends."""
_MOST_LOST = 5
"""Pictures that end their worker one after another, each painted by itself, until the batch ends."""
_MODULE = "impasto.batch.worker"


class LocalExecutor:
    """Paints in processes of this machine.

    A worker that is lost costs its picture a try, unless it had not got as far as to paint. It lowers the number of
    pictures at once for a while. Where none can start, or picture after picture ends its worker, the batch ends.

    Args:
        workers: pictures at once; None for as many as memory and cores are worth, which is measured.
        jobs: how many there are to be painted; None where that is not known.
        most: pictures at once to begin measuring with.
    """

    def __init__(self, workers: int | None, jobs: int | None, most: int) -> None:
        self._fixed, self._jobs = workers is not None, jobs
        most = most if workers is None else workers
        self._tuner = WorkerTuner(min(most, max(1, jobs)) if jobs is not None else most, fixed=workers is not None)
        self._messages: queue.SimpleQueue[tuple[WorkerProcess, _Message]] = queue.SimpleQueue()
        self._idle: list[WorkerProcess] = []
        self._busy: dict[WorkerProcess, Task] = {}
        self._shares: dict[int, float] = {}
        self._done, self._begun = 0.0, 0
        self._next: Task | None = None
        self._returned: list[Task] = []
        self._failed_starts = 0  # since a worker started
        self._lost_alone: set[int] = set()  # tasks whose worker was lost with no other beside it, since one was done

    def run(self, tasks: Iterator[Task | None], stop: Callable[[], bool]) -> Generator[Update, None, None]:
        """Paint; see `Executor`. Once it ends, in whatever way, no process is left.

        Raises:
            WorkerStartError: no worker can be started.
            WorkerLostError: picture after picture ends its worker.
        """
        try:
            more = True
            while not stop():
                while (more or self._next or self._returned) and len(self._busy) < self._tuner.workers:
                    try:
                        self._next = self._next or (self._returned.pop() if self._returned else next(tasks))
                    except StopIteration:
                        more = False
                        break
                    if self._next is None or not self._has_room(self._next):
                        break
                    yield from self._begin(self._next)
                if not (more or self._next or self._busy or self._returned):
                    return
                yield from self._receive()
        finally:
            for worker in (*self._idle, *self._busy):
                worker.kill()

    def _has_room(self, task: Task) -> bool:
        """Whether a picture can begin now beside those that are being painted; by itself it always can."""
        if not self._busy:
            return True
        threads = sum(other.settings.threads for other in self._busy.values())
        if not self._fixed and threads + task.settings.threads > cores.core_count():
            return False
        held = sum(worker.memory() for worker in (*self._idle, *self._busy))
        resting = self._idle[:-1]  # the last one would paint it
        promised = sum(other.memory + KEPT_BYTES for other in (*self._busy.values(), task))
        if promised + sum(worker.memory() for worker in resting) <= memory_available(held):
            return True
        for worker in resting:
            worker.kill()
        del self._idle[:-1]
        return False

    def _begin(self, task: Task) -> Iterator[Update]:
        self._next = None
        self._begun += 1
        if self._idle:
            worker = self._idle.pop()
        else:
            try:
                worker = WorkerProcess(_MODULE, self._messages)
            except OSError as error:
                problem = f"no worker can start: {error.strerror or error}"
                found = WorkerStartError(problem, "End other programs, or use fewer workers.")
                yield from self._fail_start(task, found)
                return
        self._busy[worker] = task  # before anything is yielded: `run` may end there, and has to know all workers
        worker.send(task)
        if worker.ready:
            yield TaskStarted(task.number)

    def _receive(self) -> Iterator[Update]:
        """Yield what a worker has to say, if one does within a moment."""
        try:
            worker, message = self._messages.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return
        task = self._busy.get(worker)
        if task is None:  # an idle one has ended
            self._idle = [other for other in self._idle if other is not worker]
            worker.kill()
        elif message == READY:
            worker.ready, self._failed_starts = True, 0
            yield TaskStarted(task.number)
        elif isinstance(message, TaskProgress):
            self._shares[task.number] = message.share
            yield message
            yield from self._tune(finished=False, running=task)
        else:
            del self._busy[worker]
            self._shares.pop(task.number, None)
            if isinstance(message, TaskDone | TaskFailed):
                yield from self._end_task(worker, task, message)
            else:
                found = message if isinstance(message, WorkerStartError | WorkerLostError) else None
                yield from self._lose(worker, task, found)

    def _end_task(self, worker: WorkerProcess, task: Task, update: TaskDone | TaskFailed) -> Iterator[Update]:
        if isinstance(update, TaskFailed) and isinstance(update.error, OutOfMemoryError):
            worker.kill()  # what it holds goes back to the system
            yield update
            yield from self._give_way(update.error)
            return
        self._idle.append(worker)
        finished = isinstance(update, TaskDone)
        self._done += task.work if finished else 0.0
        yield update
        if finished:
            self._lost_alone.clear()
            if self._tuner.recover():
                yield WorkersChanged(self._tuner.workers, None)
        yield from self._tune(finished=finished, running=task)

    def _lose(
        self, worker: WorkerProcess, task: Task, error: WorkerStartError | WorkerLostError | None
    ) -> Iterator[Update]:
        """Deal with a worker that has ended, by itself or by the system's hand, or that cannot be understood."""
        if error:
            worker.kill()
        if isinstance(error, WorkerStartError) or not worker.ready:
            texts = error.texts if error else explain_exit(worker.wait(), "no worker can start: the last one")
            yield from self._fail_start(task, WorkerStartError(*texts))
            return
        lost = error or WorkerLostError(*explain_exit(worker.wait(), "its worker"))
        if not self._busy:
            self._lost_alone.add(task.number)
        yield TaskFailed(task.number, lost)
        if len(self._lost_alone) >= _MOST_LOST:
            problem = f"{_MOST_LOST} pictures one after another ended their worker: {lost.texts[0]}"
            raise WorkerLostError(problem, "Check the installation with `impasto doctor`, and the free memory.")
        yield from self._give_way(lost)

    def _fail_start(self, task: Task, error: WorkerStartError) -> Iterator[Update]:
        """Give back a task that no worker has begun."""
        self._returned.append(task)
        self._begun -= 1
        self._failed_starts += 1
        if self._failed_starts >= _MOST_FAILED_STARTS and not self._busy:
            raise error
        yield from self._give_way(error)

    def _give_way(self, error: ImpastoError) -> Iterator[Update]:
        if self._tuner.give_way():
            yield WorkersChanged(self._tuner.workers, error)

    def _tune(self, *, finished: bool, running: Task) -> Iterator[WorkersChosen]:
        work = {task.number: task.work for task in (*self._busy.values(), running)}
        done = self._done + sum(share * work.get(number, 0.0) for number, share in self._shares.items())
        left = None if self._jobs is None else self._jobs - self._begun
        if self._tuner.observe(running=len(self._busy) + finished, done=done, finished=finished, left=left):
            if len(self._tuner.rates) > 1:
                yield WorkersChosen(self._tuner.workers, tuple(self._tuner.rates.items()))
            while len(self._idle) + len(self._busy) > self._tuner.workers and self._idle:
                self._idle.pop().kill()


_Message = Update | WorkerStartError | WorkerLostError | str | None
"""What a worker sends: `READY` or why it cannot start, then updates; last None, or why the next cannot be read."""
