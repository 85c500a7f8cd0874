"""What runs on the machines of a cluster: an actor of Ray that paints shots with what it was sent."""

import socket
from collections.abc import Iterator
from dataclasses import replace

from impasto.cluster.machine import ActorReport
from impasto.errors import StorageError
from impasto.video.payload import PackedShot, ShotSpool
from impasto.video.shot import ShotFailed, ShotUpdate

_PACKAGES = ("av", "opencv-python-headless")
"""On whose versions the frames depend, too."""


class ShotActor:
    """Paints one shot after another; keeps the network and the clip between them."""

    def __init__(self) -> None:
        import ray  # noqa: PLC0415 -- an extra

        from impasto.video.paint import ShotWorker  # noqa: PLC0415 -- loads torch, which the driver does without

        self._spool = ShotSpool(ray.get)
        self._worker = ShotWorker()

    def describe(self) -> ActorReport:
        """Say where this is."""
        return ActorReport.of_this_process(_PACKAGES)

    def paint(self, packed: PackedShot) -> Iterator[ShotUpdate]:
        """Paint a shot; yields PaintedFrame for each frame, and last ShotDone or ShotFailed."""
        try:
            unpacked = self._spool.unpack(packed)
        except OSError as error:
            problem = f"{socket.gethostname()} could not keep what it was sent ({error.strerror})"
            full = StorageError(problem, "Make room in its temporary folder.")
            yield ShotFailed(packed.task.number, full, worker_lost=False)
            return
        for update in self._worker.paint(unpacked.task):
            if isinstance(update, ShotFailed):
                yield replace(update, error=unpacked.restore(update.error))
            else:
                yield update

    def close(self) -> None:
        """Delete what is on the disk."""
        self._spool.close()
