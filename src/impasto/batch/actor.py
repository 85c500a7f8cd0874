"""What runs on the machines of a cluster: an actor of Ray that paints tasks with what it was sent."""

import queue
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from impasto.batch.executor import TaskFailed, TaskProgress, Update
from impasto.batch.payload import PackedTask, Spool
from impasto.cluster.machine import ActorReport
from impasto.errors import StorageError


class PictureActor:
    """Paints one task after another; keeps the network and the latest paintings between them.

    Args:
        seconds_between_reports: of how far a picture has come, at least.
    """

    def __init__(self, seconds_between_reports: float) -> None:
        import ray  # noqa: PLC0415 -- an extra

        self._spool = Spool(ray.get)
        self._seconds = seconds_between_reports
        self._updates: queue.SimpleQueue[Update] = queue.SimpleQueue()
        self._thread = ThreadPoolExecutor(max_workers=1)
        """One for all pictures: torch has its own threads for each that calls it."""
        self._painter = self._thread.submit(self._make_painter).result()

    def describe(self) -> ActorReport:
        """Say where this is."""
        return ActorReport.of_this_process()

    def paint(self, packed: PackedTask) -> Iterator[Update]:
        """Paint a task; yields TaskProgress now and then, and last TaskDone or TaskFailed."""
        number = packed.task.number
        try:
            unpacked = self._spool.unpack(packed)
        except OSError as error:
            problem = f"{socket.gethostname()} could not keep what it was sent ({error.strerror})"
            yield TaskFailed(number, StorageError(problem, "Make room in its temporary folder."))
            return
        reported = time.monotonic()
        self._thread.submit(self._painter.paint, unpacked.task)
        while True:
            update = self._updates.get()
            if isinstance(update, TaskProgress):
                if time.monotonic() - reported >= self._seconds:
                    reported = time.monotonic()
                    yield update
                continue
            if unpacked.task.photo not in unpacked.task.styles:
                self._spool.discard(unpacked.task.photo)
            if isinstance(update, TaskFailed):
                update = replace(update, error=unpacked.restore(update.error))
            yield update
            return

    def close(self) -> None:
        """Delete what is on the disk."""
        self._spool.close()

    def _make_painter(self) -> Any:
        from impasto.batch.painter import TaskPainter  # noqa: PLC0415 -- loads torch, which the driver does without

        return TaskPainter(self._updates.put)
