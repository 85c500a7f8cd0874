"""Contact sheets of a batch: each row a photograph, its painting and the result, with their names.

A page is drawn as soon as all of its jobs are settled, by a thread beside the painting, and again only when one of its
rows has changed. `sheets.json` in the work folder says what each page shows, and which files are ours to replace.
"""

import contextlib
import functools
import hashlib
import io
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from impasto import images
from impasto.batch.events import BatchEvent, JobDone, JobFailed, JobSkipped, SheetProgress
from impasto.batch.identity import digest_once
from impasto.batch.manifest import SHEETS, Manifest, translate_errors
from impasto.batch.names import SHEET_STEM, WORK_FOLDER
from impasto.batch.plan import BatchJob
from impasto.engine.style_file import is_style, read_style
from impasto.errors import ImpastoError, OutputError
from impasto.images import LabeledPicture, Picture
from impasto.storage.atomic import make_folder, replace_file
from impasto.storage.names import base_name
from impasto.wording import OVERWRITE

ROWS_PER_PAGE = 60
_SIDE = 240
"""Of the square that each picture fits into, pixels."""
_MOST_STYLES = 3
"""Paintings of one style that are shown; the label of the last counts the others."""
_QUALITY = 95
_PART = "sheet"
_POLL_SECONDS = 0.02
REPORT_SECONDS = 0.5
"""Between reports to whoever waits."""


def sheet_path(folder: Path, page: int) -> Path:
    """Give the file of a page, from 1."""
    return folder / (f"{SHEET_STEM}.jpg" if page == 1 else f"{SHEET_STEM}-{page}.jpg")


class SheetWriter:
    """Draws the contact sheets of a batch; a context, which ends with nothing being drawn any more.

    Args:
        manifest: of the folder of the results, opened.
        jobs: of the batch, in the order of their rows; further ones are added as they are done.
        force: whether to replace files that no batch wrote.
    """

    def __init__(self, manifest: Manifest, jobs: Sequence[BatchJob] = (), *, force: bool = False) -> None:
        self._folder, self._force = manifest.folder, force
        self._pages = _Pages(manifest, jobs)
        self._record = _SheetRecord(manifest.folder)
        self._asked: set[int] = set()  # pages that are drawn or in the queue, and have not changed since
        self._written: list[Path] = []
        self._queue: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._queued = self._finished = 0
        self._rows = self._drawn_rows = 0
        self._thread: threading.Thread | None = None
        self._ended = False
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        if self._thread:
            self._queue.put(0)
            self._thread.join()

    def on_event(self, event: BatchEvent) -> None:
        """Take note of what became of a job, and have its page drawn if it was the last."""
        if isinstance(event, JobDone | JobSkipped | JobFailed):
            page = self._pages.settle(event.job, add=not isinstance(event, JobFailed))
            self._asked.discard(page)
            if page and self._pages.is_settled(page):
                self._draw_later(page)

    def finish(self, stop: Callable[[], bool], on_event: Callable[[BatchEvent], None]) -> list[Path]:
        """Wait for the pages that are left, and remove those of a batch with more rows; returns what was drawn.

        Args:
            stop: asked often; once true, no page is written any more.
            on_event: called with SheetProgress, if there is something to wait for.

        Raises:
            OutputError: a page cannot be written, or there is a file in its place that no batch wrote, without `force`.
            StorageError: the disk is full or failed.
        """
        for page in [] if stop() else self._pages.numbers():
            if page not in self._asked:
                self._draw_later(page)
        self._wait(stop, lambda: on_event(SheetProgress(self._drawn_rows, self._rows)))
        if not stop():
            self._record.remove_others({sheet_path(self._folder, page).name for page in self._pages.numbers()})
        return self._written

    def _wait(self, stop: Callable[[], bool], report: Callable[[], None]) -> None:
        reported = time.monotonic()
        while self._finished < self._queued and not (stop() or self._error):
            time.sleep(_POLL_SECONDS)
            if time.monotonic() - reported >= REPORT_SECONDS:
                reported = time.monotonic()
                report()
        if self._error:
            error, self._error = self._error, None
            raise error

    def _draw_later(self, page: int) -> None:
        self._asked.add(page)
        self._rows += len(self._pages.shown(page))
        self._queued += 1
        self._queue.put(page)
        if self._thread is None:
            self._thread = threading.Thread(target=self._draw_pages, daemon=True)
            self._thread.start()

    def _draw_pages(self) -> None:
        while not self._ended:
            page = self._queue.get()
            if page and not self._error:
                try:
                    self._draw(page)
                except Exception as error:  # noqa: BLE001 - it is raised again by the thread that waits
                    self._error = error
            self._finished += 1

    def _draw(self, page: int) -> None:
        """Draw a page, unless it shows what there is."""
        path, shown = sheet_path(self._folder, page), self._pages.shown(page)
        content = self._pages.content(shown)
        if not shown or self._record.is_current(path, content):
            self._drawn_rows += len(shown)
            return
        if not (self._force or self._record.is_own(path)):
            raise OutputError(f"{path} is not of a batch, and stays", f"Use {OVERWRITE} to replace it.")
        drawn = images.labeled_rows(self._thumbnails(shown), side=_SIDE)
        if self._ended:
            return
        data = io.BytesIO()
        drawn.save(data, "JPEG", quality=_QUALITY, subsampling="4:4:4")
        self._record.write(path, data.getvalue(), content)
        self._written.append(path)

    def _thumbnails(self, jobs: Sequence[BatchJob]) -> Iterator[list[LabeledPicture]]:
        """Give the rows of a page; of one that is not to be written any more, the first ones."""
        for number, job in enumerate(jobs):
            if number and self._ended:
                return
            styles = job.styles[:_MOST_STYLES]
            hidden = len(job.styles) - len(styles)
            row = [(_thumbnail(path), base_name(str(path))) for path in (job.photo, *styles)]
            if hidden:
                row[-1] = row[-1][0], f"{row[-1][1]} and {hidden} more"
            yield [*row, (_thumbnail(self._folder / job.output), str(job.output))]
            self._drawn_rows += 1


class _Pages:
    """Which job is shown on which page: its place is that of the job, so that one that fails moves no other."""

    def __init__(self, manifest: Manifest, jobs: Sequence[BatchJob]) -> None:
        self._manifest, self._jobs = manifest, list(jobs)
        self._places = {job.output: place for place, job in enumerate(self._jobs)}
        self._settled: set[int] = set()

    def settle(self, job: BatchJob, *, add: bool) -> int:
        """Take note that no more becomes of a job for now; returns its page, or 0 where it has none."""
        place = self._places.get(job.output)
        if place is None:
            if not add:
                return 0
            place = self._places[job.output] = len(self._jobs)
            self._jobs.append(job)
        self._jobs[place] = job
        self._settled.add(place)
        return place // ROWS_PER_PAGE + 1

    def is_settled(self, page: int) -> bool:
        """Whether a page is full, and all of its jobs are settled."""
        places = range((page - 1) * ROWS_PER_PAGE, page * ROWS_PER_PAGE)
        return self._settled.issuperset(places)

    def numbers(self) -> list[int]:
        """Give the pages that show something."""
        pages = range(1, -(-len(self._jobs) // ROWS_PER_PAGE) + 1)
        return [page for page in pages if self.shown(page)]

    def shown(self, page: int) -> list[BatchJob]:
        """Give the jobs of a page whose results are there."""
        jobs = self._jobs[(page - 1) * ROWS_PER_PAGE : page * ROWS_PER_PAGE]
        manifest = self._manifest
        return [job for job in jobs if str(job.output) in manifest.made and (manifest.folder / job.output).is_file()]

    def content(self, jobs: Sequence[BatchJob]) -> str:
        """Give a digest of what a page shows."""
        rows = []
        for job in jobs:
            made = self._manifest.made[str(job.output)]
            names = [base_name(str(path)) for path in (job.photo, *job.styles)]
            rows.append([str(job.output), made.identity, made.sha256, names])
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


@dataclass
class _Sheet:
    """A page that a batch wrote, or is about to."""

    content: str
    files: list[str]
    """Digests of what may be in its place: while it is replaced, the file before it as well."""


class _SheetRecord:
    """The record of the pages that batches wrote into a folder, so that no file of anybody else's is replaced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / WORK_FOLDER / SHEETS
        self._sheets: dict[str, _Sheet] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            self._sheets = {str(name): _Sheet(**found) for name, found in json.loads(self._file.read_bytes()).items()}

    def is_current(self, path: Path, content: str) -> bool:
        """Whether a page is there, and shows this."""
        sheet = self._sheets.get(path.name)
        if sheet is None or sheet.content != content or _digest(path) != sheet.files[-1]:
            return False
        if len(sheet.files) > 1:  # the end of its writing was not recorded
            sheet.files = sheet.files[-1:]
            self._save()
        return True

    def is_own(self, path: Path) -> bool:
        """Whether a batch wrote what is in a page's place, or nothing is there."""
        sheet = self._sheets.get(path.name)
        return not path.exists() or (sheet is not None and _digest(path) in sheet.files)

    def write(self, path: Path, data: bytes, content: str) -> None:
        """Write a page. Killed at any moment, it is known whose the file in its place is.

        Raises:
            OutputError: it cannot be written.
            StorageError: the disk is full or failed.
        """
        digest, before = hashlib.sha256(data).hexdigest(), _digest(path)
        part = self._file.with_name(_PART)
        make_folder(part.parent)
        with translate_errors(path):
            part.write_bytes(data)
        self._sheets[path.name] = _Sheet(content, [*filter(None, [before]), digest])
        self._save()
        with translate_errors(path):
            part.replace(path.resolve() if path.is_symlink() else path)
        self._sheets[path.name].files = [digest]
        self._save()

    def remove_others(self, names: set[str]) -> None:
        """Remove the pages of ours that have other names than these, unless they were changed since."""
        others = [name for name in self._sheets if name not in names]
        for name in others:
            if self.is_own(self._folder / name):
                with translate_errors(self._folder / name):
                    (self._folder / name).unlink(missing_ok=True)
            del self._sheets[name]
        if others:
            self._save()

    def _save(self) -> None:
        values: dict[str, Any] = {name: vars(sheet) for name, sheet in self._sheets.items()}
        make_folder(self._file.parent)
        replace_file(self._file, json.dumps(values, sort_keys=True).encode())


def _digest(path: Path) -> str:
    with contextlib.suppress(OSError):
        return digest_once(path)
    return ""


def _thumbnail(path: Path) -> Picture | None:
    """Give a small copy of a picture; None where it cannot be read any more."""
    with contextlib.suppress(OSError, ImpastoError):
        return _read_thumbnail(path, path.stat().st_mtime_ns)
    return None


@functools.lru_cache(maxsize=32)
def _read_thumbnail(path: Path, _changed: int) -> Picture:
    return images.shrink(read_style(path).thumbnail, _SIDE) if is_style(path) else images.read_thumbnail(path, _SIDE)
