"""Paints tasks, one after another: what each worker of an executor does."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from impasto import images
from impasto.batch.executor import InputDigest, Task, TaskDone, TaskFailed, TaskProgress, Update
from impasto.batch.identity import identify
from impasto.batch.schedule import KEPT_BYTES
from impasto.engine.events import Event, Step
from impasto.engine.job import Job, execute
from impasto.engine.style_file import LoadedStyle, StyleFile, read_style_input
from impasto.engine.stylizer import Stylizer
from impasto.errors import ImpastoError, OutOfMemoryError
from impasto.images import Picture
from impasto.storage.limits import is_out_of_memory
from impasto.storage.names import base_name

_SECONDS_BETWEEN_REPORTS = 0.25


class TaskPainter:
    """Paints one task after another, and keeps the network and the latest paintings between them.

    Args:
        report: called with each update but TaskStarted.
    """

    def __init__(self, report: Callable[[Update], None]) -> None:
        self._send = report
        self._stylizer = Stylizer()
        self._paintings = _PaintingCache()
        self._reported = 0.0

    def paint(self, task: Task) -> None:
        """Paint a task, and report how that ends."""
        try:
            self._send(self._paint(task))
        except ImpastoError as error:
            self._send(TaskFailed(task.number, error))
        except Exception as error:  # noqa: BLE001 - one picture must not end the batch; the report names what happened
            self._send(TaskFailed(task.number, _describe(error)))

    def _paint(self, task: Task) -> TaskDone:
        start = time.perf_counter()
        photo = images.read(task.photo)
        styles = tuple(self._paintings.read(path) for path in task.styles)

        def on_event(event: Event) -> None:
            if isinstance(event, Step):
                self._report_step(task, event)

        finished = execute(Job(photo, styles, task.settings), self._stylizer, on_event, preview_every=0)
        data = finished.result.to_bytes(task.suffix)
        inputs = [("content", photo), *(("style", style) for style in styles)]
        return TaskDone(
            task.number,
            data,
            hashlib.sha256(data).hexdigest(),
            identify(task.settings, [picture.sha256 for _, picture in inputs]),
            tuple(InputDigest(role, base_name(picture.name), picture.sha256) for role, picture in inputs),
            (finished.picture.width, finished.picture.height),
            time.perf_counter() - start,
        )

    def _report_step(self, task: Task, step: Step) -> None:
        now = time.monotonic()
        if now - self._reported >= _SECONDS_BETWEEN_REPORTS:
            self._reported = now
            share = step.elapsed / max(step.elapsed + step.remaining, 1e-9)
            self._send(TaskProgress(task.number, share, (step.width, step.height)))


class _PaintingCache:
    """Paintings as they were decoded, and style files: the latest, up to `KEPT_BYTES`; a larger one until the next."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int], LoadedStyle] = OrderedDict()

    def read(self, path: str) -> LoadedStyle:
        """Read a painting, unless it is kept and its file has not changed.

        Raises:
            ImageError: it cannot be read.
        """
        try:
            status = Path(path).stat()
        except OSError:
            return read_style_input(path)  # which says what is wrong
        key = path, status.st_mtime_ns, status.st_size
        painting = self._kept.pop(key, None)
        if painting is None:
            if self._bytes() > KEPT_BYTES:
                self._kept.clear()  # before another is decoded
            painting = read_style_input(path)
            if isinstance(painting, Picture):
                painting = replace(painting, exif=None)
        self._kept[key] = painting
        while len(self._kept) > 1 and self._bytes() > KEPT_BYTES:
            self._kept.popitem(last=False)
        return painting

    def _bytes(self) -> int:
        return sum(_count_bytes(painting) for painting in self._kept.values())


def _count_bytes(painting: LoadedStyle) -> int:
    """Count the bytes that a painting takes; a style file has its own twice."""
    if isinstance(painting, StyleFile):
        return len(painting.data) * 2
    return painting.colors.nbytes + (0 if painting.alpha is None else painting.alpha.nbytes)


def _describe(error: Exception) -> ImpastoError:
    if is_out_of_memory(error):
        return OutOfMemoryError("there is not enough memory", "Choose a smaller size, or fewer workers.")
    return ImpastoError(f"unexpected {type(error).__name__}: {error}", "Please report this.")
