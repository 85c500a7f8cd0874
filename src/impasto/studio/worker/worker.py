"""A painter: `python -m impasto.studio.painter FOLDER NUMBER DEVICE QUOTA`, a process that paints what is in the queue.

It shares nothing with the server but the folder and its database, so either may be killed at any moment. It ends when
its standard input does, which is when the server that started it is gone. There may be several, each with a number and
a device of its own.
"""

import contextlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

from filelock import FileLock

from impasto import Finished, Preview, Step, Stylizer, images
from impasto.engine.result import describe
from impasto.errors import DeviceError, ImpastoError, OutputError, StorageError
from impasto.images import Picture
from impasto.storage.atomic import make_folder, replace_file
from impasto.studio import foreman, housekeeping, jobs, quota, reading, troubles
from impasto.studio.folder import Folder
from impasto.studio.quota import QuotaError

_IDLE = 0.2
"""Seconds between looks at an empty queue."""
_FULL = 2.0
"""Seconds between looks at a full folder."""
_PREVIEW_STEPS = 2
_PREVIEW_SECONDS = 0.6
"""Previews closer together are left out: writing them takes time from painting."""
_PREVIEW_NUMBERS = 1_000_000
_PREVIEW_SIDE = 1024
_PREVIEWS = 20
"""So many are kept, for pages that are slow to ask for them."""
_NICENESS = 5
"""The page is to answer at once while both cores paint."""


def main(arguments: list[str]) -> int:
    """Paint until nobody is there to paint for; whatever keeps it from that, the page is told."""
    folder, painter, device, most_bytes = Folder(Path(arguments[0])), int(arguments[1]), arguments[2], int(arguments[3])
    threading.Thread(target=_leave_with_the_server, daemon=True).start()
    with contextlib.suppress(AttributeError, OSError):  # Windows has no niceness
        os.nice(_NICENESS)
    with FileLock(folder.painter_lock(painter)):
        try:
            _paint_all(folder, painter, Stylizer(device), most_bytes)
        except ImpastoError as error:
            troubles.note(folder, painter, error.problem, error.hint)
            sys.stderr.write(f"{error}\n")
            return foreman.HOPELESS if isinstance(error, DeviceError) else foreman.BLAMELESS
        except Exception as error:
            problem = f"the painter met an unexpected {type(error).__name__}: {error}"
            troubles.note(folder, painter, problem, "Please report this, with what the studio's terminal says.")
            raise


def _paint_all(folder: Folder, painter: int, stylizer: Stylizer, most_bytes: int) -> NoReturn:
    """Paint what is in the queue, as long as there is room."""
    told = True  # what ailed the painter before this one
    while True:
        waiting = jobs.any_waiting(folder)
        if waiting:
            try:
                quota.check(folder, most_bytes)
            except QuotaError as error:
                troubles.note(folder, painter, error.problem, error.hint)
                told = True
                time.sleep(_FULL)
                continue
        if told:
            troubles.clear(folder, painter)
            told = False
        work = jobs.take(folder, painter) if waiting else None
        if work:
            _Painting(folder, work).paint(stylizer)
        else:
            time.sleep(_IDLE)


class _Painting:
    """One job."""

    def __init__(self, folder: Folder, work: jobs.Work) -> None:
        self._folder, self._work = folder, work
        self._wish: jobs.Wish | None = None
        self._steps = 0
        self._previews = work.attempt * _PREVIEW_NUMBERS  # no attempt's address is another's
        self._shown = 0.0

    def paint(self, stylizer: Stylizer) -> None:
        """Paint it, and say how it ended.

        Raises:
            StorageError, OutputError: its files cannot be written, which is not the job's fault.
            Exception: something unexpected. A device that failed may fail for good in this process: another tries it
                once more, and then it has failed.
        """
        job = self._work.job
        try:
            self._paint(stylizer)
        except (StorageError, OutputError):
            raise
        except ImpastoError as error:
            jobs.fail(self._folder, job, error.problem, error.hint)
        except Exception as error:
            if self._work.deaths:
                jobs.fail(self._folder, job, f"unexpected {type(error).__name__}: {error}", "Please report this.")
            raise

    def _paint(self, stylizer: Stylizer) -> None:
        photo = self._picture(self._work.photo) if self._work.photo else None
        paintings = [self._picture(painting) for painting in self._work.paintings]
        housekeeping.tidy_previews(self._folder)
        for event in stylizer.run(
            photo, paintings, self._work.settings, stop=lambda: self._wish is not None, preview_every=_PREVIEW_STEPS
        ):
            if isinstance(event, Step):
                self._steps += 1
                self._wish = jobs.step(self._folder, self._work.job, self._steps, event)
            elif isinstance(event, Preview):
                self._preview(event)
            elif isinstance(event, Finished):
                self._finish(event, photo, paintings)

    def _picture(self, given: jobs.Given) -> Picture:
        return images.read(self._folder.picture(given.id), name=given.name)

    def _preview(self, event: Preview) -> None:
        now = time.monotonic()
        if now - self._shown < _PREVIEW_SECONDS:
            return
        self._previews += 1
        target = self._folder.preview(self._work.job, self._previews)
        make_folder(target.parent)
        replace_file(target, reading.small(event.picture, _PREVIEW_SIDE))
        jobs.preview(self._folder, self._work.job, self._previews)
        self._folder.preview(self._work.job, self._previews - _PREVIEWS).unlink(missing_ok=True)
        self._shown = time.monotonic()

    def _finish(self, event: Finished, photo: Picture | None, paintings: list[Picture]) -> None:
        if self._wish == "cancel":
            jobs.cancelled(self._folder, self._work.job)
            return
        metadata = describe(self._work.settings, photo, paintings)
        data = images.encode(event.picture, "png", metadata=metadata)
        replace_file(self._folder.result_thumbnail(self._work.job), reading.small(event.picture, reading.THUMBNAIL))
        replace_file(self._folder.result(self._work.job), data)
        size = event.picture.width, event.picture.height
        jobs.finish(self._folder, self._work.job, size, kept_early=event.stopped)


def _leave_with_the_server() -> None:
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 1):  # the buffered reader would be in the way of an orderly end
            pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
