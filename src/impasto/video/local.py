"""The executor of this machine: worker processes, each of which paints a shot at a time."""

import queue
from collections.abc import Callable, Generator, Iterator
from typing import Any

from impasto.engine.worker_process import READY, WorkerLostError, WorkerProcess, WorkerStartError, explain_exit
from impasto.errors import ImpastoError
from impasto.video.shot import ShotDone, ShotFailed, ShotTask, ShotUpdate

_POLL_SECONDS = 0.1
_MODULE = "impasto.video.worker"


class LocalShots:
    """Paints shots in processes of this machine; once `run` ends, in whatever way, no process is left.

    Args:
        workers: shots at once.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._messages: queue.SimpleQueue[tuple[WorkerProcess, Any]] = queue.SimpleQueue()
        self._idle: list[WorkerProcess] = []
        self._busy: dict[WorkerProcess, ShotTask] = {}

    def run(self, tasks: Iterator[ShotTask | None], stop: Callable[[], bool]) -> Generator[ShotUpdate, None, None]:
        """Paint shots; see `ShotExecutor`.

        Raises:
            WorkerStartError: no worker can be started.
        """
        more = True
        try:
            while not stop():
                while more and len(self._busy) < self.workers:
                    try:
                        task = next(tasks)
                    except StopIteration:
                        more = False
                        break
                    if task is None:
                        break
                    self._begin(task)
                if not (more or self._busy):
                    return
                yield from self._receive()
        finally:
            for worker in (*self._idle, *self._busy):
                worker.kill()

    def _begin(self, task: ShotTask) -> None:
        try:
            worker = self._idle.pop() if self._idle else WorkerProcess(_MODULE, self._messages)
        except OSError as error:
            problem = f"no worker can start: {error.strerror or error}"
            raise WorkerStartError(problem, "End other programs, or use fewer workers.") from None
        self._busy[worker] = task
        worker.send(task)

    def _receive(self) -> Iterator[ShotUpdate]:
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
            worker.ready = True
        elif message is None or isinstance(message, WorkerStartError | WorkerLostError):
            yield self._lose(worker, message)
        else:
            if isinstance(message, ShotDone | ShotFailed):
                del self._busy[worker]
                self._idle.append(worker)
            yield message

    def _lose(self, worker: WorkerProcess, error: ImpastoError | None) -> ShotFailed:
        """Deal with a worker that has ended, or that cannot be understood."""
        task = self._busy.pop(worker)
        if error:
            worker.kill()
        if isinstance(error, WorkerStartError) or not worker.ready:
            texts = error.texts if error else explain_exit(worker.wait(), "no worker can start: the last one")
            raise WorkerStartError(*texts)
        lost = error or WorkerLostError(*explain_exit(worker.wait(), f"the worker of shot {task.number}"))
        return ShotFailed(task.number, lost, worker_lost=True)
