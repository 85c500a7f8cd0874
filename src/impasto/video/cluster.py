"""The executor of a cluster: actors of Ray on its machines, to which shots are sent with all that they are made of."""

import contextlib
from typing import Any

from impasto.cluster.actors import ActorExecutor
from impasto.engine.worker_process import WorkerLostError
from impasto.errors import ImpastoError
from impasto.settings import Settings
from impasto.video.actor import ShotActor
from impasto.video.payload import ShotPacker
from impasto.video.plan import FilmPlan
from impasto.video.read.sources import find_files
from impasto.video.shot import ClipSource, ShotBegun, ShotDone, ShotFailed, ShotTask, ShotUpdate


class RayShots(ActorExecutor[ShotTask, ShotUpdate]):
    """Paints shots on a cluster.

    Args:
        address: of the cluster; see `cluster.connect.connected`.
        plan: of the film.
        shots: how many are to be painted.

    Raises:
        InputError: Ray is not installed, or the address is none.
    """

    actor, unit = ShotActor, "a shot"

    def __init__(self, address: str, plan: FilmPlan, shots: int) -> None:
        sent = sum(_count_bytes(source) for source in (plan.source, *plan.moving_masks))
        super().__init__(address, plan.request.workers, shots, in_flight=sent)
        self._memory = plan.memory
        self._packer: ShotPacker

    def _open(self) -> None:
        self._packer = ShotPacker(self._ray.put)

    def _arguments(self) -> tuple[Any, ...]:
        return ()

    def _demands(self, task: ShotTask) -> tuple[Settings, int]:
        return task.timeline.base, self._memory

    def _pack(self, task: ShotTask) -> Any:
        return self._packer.pack(task)

    def _started(self, task: ShotTask) -> ShotUpdate:
        return ShotBegun(task.number)

    def _failed(self, task: ShotTask, error: ImpastoError) -> ShotUpdate:
        return ShotFailed(task.number, error, worker_lost=False)

    def _lost(self, task: ShotTask, host: str) -> ShotUpdate:
        problem = f"the worker of shot {task.number} on {host} was lost"
        error = WorkerLostError(problem, "See whether that machine has memory enough.")
        return ShotFailed(task.number, error, worker_lost=True)

    def _is_last(self, update: ShotUpdate) -> bool:
        return isinstance(update, ShotDone | ShotFailed)


def _count_bytes(source: ClipSource) -> int:
    with contextlib.suppress(OSError):  # who reads it says so
        return sum(path.stat().st_size for path in find_files(source.path)[0])
    return 0
