"""Recovery after a crash, and deletion of files that no database row refers to."""

import time
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock, Timeout

from impasto.errors import OutputError
from impasto.studio.limits import Limits
from impasto.studio.store import alerts, database, processors, queue, trash
from impasto.studio.store.folder import Folder

_LOCK_TIMEOUT = 20.0
"""Seconds that the workers of a killed server may take to exit."""
_SHORT_GRACE = 3600.0
"""Seconds that an unreferenced picture is kept while space is short."""


def recover_on_startup(folder: Folder, limits: Limits) -> None:
    """Requeue interrupted jobs and delete orphans; call it before the first worker is started.

    Raises:
        OutputError: a worker of an earlier studio is still running.
    """
    deadline = time.monotonic() + _LOCK_TIMEOUT
    for lock in folder.worker_locks():
        try:
            with FileLock(lock, timeout=max(0.0, deadline - time.monotonic())):
                pass
        except Timeout:
            problem = f"a worker of an earlier studio still holds {lock}"
            raise OutputError(problem, "End that process, or choose another folder with --data.") from None
        except OSError as error:
            raise unusable_lock(lock, error) from None
    queue.recover(folder, limits, exited="server")
    alerts.clear(folder)
    processors.forget(folder)
    trash.empty(folder, limits.undo_seconds)
    delete_orphans(folder)


def unusable_lock(lock: Path, error: OSError) -> OutputError:
    """Make the error for a lock that is a folder, may not be written, or is on a disk without locks."""
    problem = f"the lock {lock} cannot be used: {error.strerror or 'it is not a file'}"
    return OutputError(problem, "Delete it, or choose another folder with --data.")


def delete_orphans(folder: Folder) -> None:
    """Delete unreferenced pictures, and files without a row; call it only while no worker runs."""
    # Files are added only within write transactions: none comes or goes during this one.
    with database.write_transaction(folder.database) as connection:
        queue.delete_unreferenced(connection)
        pictures = {row["id"] for row in connection.execute("SELECT id FROM pictures")}
        finished = {str(row["id"]) for row in connection.execute("SELECT id FROM jobs WHERE state = 'finished'")}
        _delete(path for path in folder.picture_files() if _owner(path) not in pictures)
        _delete(path for path in folder.result_files() if _owner(path) not in finished)
        # A film that is not finished keeps what is painted of it, to go on with.
        films = {str(row["id"]) for row in connection.execute("SELECT id FROM jobs WHERE film IS NOT NULL")}
        for owner in {_owner(path) for path in folder.film_files()} - films:
            if owner.isdecimal():
                folder.delete_film(int(owner))
    delete_old_previews(folder)


def delete_old_previews(folder: Folder) -> None:
    """Delete the previews of jobs that are no longer running."""
    with database.write_transaction(folder.database) as connection:  # so that no job starts meanwhile
        running = {row["id"] for row in connection.execute("SELECT id FROM jobs WHERE state = 'running'")}
        folder.delete_old_previews(running)


def free_space(folder: Folder) -> None:
    """Delete unreferenced pictures except recent ones, which a page may have in its form."""
    with database.write_transaction(folder.database) as connection:
        for picture in queue.delete_unreferenced(connection, grace=_SHORT_GRACE):
            folder.delete_picture(picture)


def delete_frames(folder: Folder) -> None:
    """Delete the painted frames of films that were cancelled or failed: they can no longer be resumed where they were.

    Raises:
        StorageError: the disk is full or failed.
    """
    with database.write_transaction(folder.database) as connection:  # so that none is resumed meanwhile
        rows = connection.execute(
            "SELECT id FROM jobs WHERE film IS NOT NULL AND state IN ('cancelled', 'failed') AND painted"
        ).fetchall()
        for row in rows:
            connection.execute(
                "UPDATE jobs SET painted = 0, version = ? WHERE id = ?", (database.next_version(connection), row["id"])
            )
            folder.delete_film(row["id"])


def _owner(path: Path) -> str:
    """Return the digest or number that a file name starts with: `12-thumbnail.webp` belongs to job 12."""
    return path.name.partition(".")[0].partition("-")[0]


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
