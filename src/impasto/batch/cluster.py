"""The executor of a cluster: actors of Ray on its machines, to which everything that a picture is made of is sent."""

from collections import Counter
from typing import Any

from impasto.batch.actor import PictureActor
from impasto.batch.executor import Task, TaskFailed, TaskProgress, TaskRequeued, TaskStarted, Update
from impasto.batch.payload import Packer
from impasto.cluster.actors import MOST_LOSSES, Actor, ActorExecutor
from impasto.engine.worker_process import WorkerLostError
from impasto.errors import ImpastoError, OutOfMemoryError
from impasto.settings import Settings

_REPORTS_A_SECOND = 100
"""Of how far pictures have come, from all actors together, about."""
_LEAST_SECONDS = 0.25


class ClusterExecutor(ActorExecutor[Task, Update]):
    """Paints on a cluster.

    Args:
        address: of the cluster; see `cluster.connect.connected`.
        workers: pictures at once, at most; None for as many as the cluster holds.
        jobs: how many there are to be painted; None where that is not known.

    Raises:
        InputError: Ray is not installed, or the address is none.
    """

    actor, unit = PictureActor, "a picture"

    def __init__(self, address: str, workers: int | None, jobs: int | None) -> None:
        super().__init__(address, workers, jobs)
        self._packer: Packer
        self._losses: Counter[int] = Counter()

    def _open(self) -> None:
        self._packer = Packer(self._ray.put)

    def _arguments(self) -> tuple[Any, ...]:
        return (max(_LEAST_SECONDS, (len(self._actors) + 1) / _REPORTS_A_SECOND),)

    def _demands(self, task: Task) -> tuple[Settings, int]:
        return task.settings, task.memory

    def _pack(self, task: Task) -> Any:
        return self._packer.pack(task)

    def _started(self, task: Task) -> Update:
        return TaskStarted(task.number)

    def _failed(self, task: Task, error: ImpastoError) -> Update:
        return TaskFailed(task.number, error)

    def _is_last(self, update: Update) -> bool:
        return not isinstance(update, TaskProgress)

    def _finish(self, actor: Actor[Task], update: Update) -> None:
        super()._finish(actor, update)
        if isinstance(update, TaskFailed) and isinstance(update.error, OutOfMemoryError):
            self._drop(actor)  # what it holds goes back to the system
        if isinstance(update, TaskFailed) and not update.is_inputs_fault:
            self._left += 1  # it may come again

    def _lost(self, task: Task, host: str) -> Update:
        """Have a picture painted again whose worker, or its machine, is gone."""
        self._losses[task.number] += 1
        error = WorkerLostError(f"its worker on {host} was lost", "See whether that machine has memory enough.")
        if self._losses[task.number] > MOST_LOSSES:
            return TaskFailed(task.number, error)
        self._again.append(task)
        return TaskRequeued(task.number, error)
