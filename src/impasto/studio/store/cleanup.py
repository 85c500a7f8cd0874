"""What is put in order before a studio begins: jobs of painters that are gone, and files that no row names any more."""

import time
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock, Timeout

from impasto.errors import OutputError
from impasto.studio import database, jobs, troubles
from impasto.studio.folder import Folder

_PATIENCE = 20.0
"""Seconds that the painters of a server that was killed may take to notice."""
_SHORT_GRACE = 3600.0
"""Seconds that a picture which no job uses is kept where there is no room."""


def begin(folder: Folder) -> None:
    """Put everything in order; call it before the first painter is started.

    Raises:
        OutputError: a painter of an earlier studio is still there.
    """
    end = time.monotonic() + _PATIENCE
    for lock in folder.painter_locks():
        try:
            with FileLock(lock, timeout=max(0.0, end - time.monotonic())):
                pass
        except Timeout:
            problem = f"a painter of an earlier studio still holds {lock}"
            raise OutputError(problem, "End that process, or choose another folder with --data.") from None
    jobs.recover(folder, blame=False)
    troubles.clear(folder)
    sweep(folder)


def sweep(folder: Folder) -> None:
    """Delete pictures that nobody uses, and files that nobody knows of; call it only while nothing is painted."""
    # Whoever adds files does so in a transaction of its own: none comes or goes while this one lasts.
    with database.writing(folder.database) as connection:
        jobs.forget_unused(connection)
        pictures = {row["id"] for row in connection.execute("SELECT id FROM pictures")}
        finished = {str(row["id"]) for row in connection.execute("SELECT id FROM jobs WHERE state = 'finished'")}
        _delete(path for path in folder.picture_files() if _stem(path) not in pictures)
        _delete(path for path in folder.result_files() if _stem(path) not in finished)
    tidy_previews(folder)


def tidy_previews(folder: Folder) -> None:
    """Delete the previews of jobs that are not painted any more."""
    with database.writing(folder.database) as connection:  # none begins meanwhile
        running = {row["id"] for row in connection.execute("SELECT id FROM jobs WHERE state = 'running'")}
        folder.forget_old_previews(running)


def make_room(folder: Folder) -> None:
    """Delete the pictures that nobody uses, but for the latest: a page may have those in its form."""
    with database.writing(folder.database) as connection:
        for picture in jobs.forget_unused(connection, grace=_SHORT_GRACE):
            folder.forget_picture(picture)


def _stem(path: Path) -> str:
    """The digest or the number that a name begins with: `12-thumbnail.webp` is job 12's."""
    return path.name.partition(".")[0].partition("-")[0]


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
