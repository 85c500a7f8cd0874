"""What the worker writes while a job runs."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from impasto.errors import OutputError, StorageError
from impasto.images import Picture
from impasto.storage.atomic import make_folder, replace_file
from impasto.studio.store import queue
from impasto.studio.store.folder import Folder
from impasto.studio.store.thumbnails import PREVIEW_SIDE, encode_webp

_SECONDS = 0.6
"""Previews closer together are skipped: writing them takes time from the run."""
_PER_ATTEMPT = 1_000_000
_KEPT = 20
"""For pages that are slow to request them."""


class PreviewWriter:
    """Writes what there is of a job's picture, now and then."""

    def __init__(self, folder: Folder, job: queue.ClaimedJob) -> None:
        self._folder, self._job = folder, job.id
        self._number = job.attempt * _PER_ATTEMPT  # so that no two attempts share a preview's URL
        self._time = 0.0

    def is_due(self) -> bool:
        """Whether enough time has passed since the last one."""
        return time.monotonic() - self._time >= _SECONDS

    def write(self, picture: Picture) -> None:
        """Write a preview.

        Raises:
            StorageError: it cannot be written.
        """
        self._number += 1
        write_webp(self._folder.preview(self._job, self._number), picture, PREVIEW_SIDE)
        queue.record_preview(self._folder, self._job, self._number)
        self._folder.preview(self._job, self._number - _KEPT).unlink(missing_ok=True)
        self._time = time.monotonic()


def write_webp(path: Path, picture: Picture, side: int) -> None:
    """Write a picture as WebP of at most so many pixels a side.

    Raises:
        StorageError: it cannot be written.
    """
    data = encode_webp(picture, side)
    with as_storage_error():
        make_folder(path.parent)
        replace_file(path, data)


@contextlib.contextmanager
def as_storage_error() -> Iterator[None]:
    """Raise a StorageError for each error of writing in the studio's own folder: none is the job's fault."""
    try:
        yield
    except OutputError as error:
        raise StorageError(*error.texts) from None
