"""The trash: jobs that were deleted and can be brought back for a while."""

import logging
import time
from collections.abc import Sequence

from impasto.studio.errors import MissingError, StateError
from impasto.studio.store import database, queue
from impasto.studio.store.folder import Folder

_log = logging.getLogger(__name__)


def put(folder: Folder, jobs: Sequence[int]) -> None:
    """Put jobs into the trash, from where they can be brought back for a while; queued ones are cancelled.

    Raises:
        MissingError: one does not exist.
        StateError: one is running.
    """
    with database.write_transaction(folder.database) as connection:
        version, batches = database.next_version(connection), queue.batches_of(connection, jobs)
        for job in jobs:
            state = queue.column(connection, job, "state")
            if state == "running":
                raise StateError(f"job {job} is running", "Cancel it first.")
            if state == "queued":
                connection.execute("UPDATE jobs SET state = 'cancelled', ended = ? WHERE id = ?", (time.time(), job))
            connection.execute("UPDATE jobs SET trashed = ?, version = ? WHERE id = ?", (time.time(), version, job))
            connection.execute("INSERT OR REPLACE INTO deleted_jobs (job, version) VALUES (?, ?)", (job, version))
        queue.touch_newest(connection, batches)
        queue.touch_queue(connection)


def restore(folder: Folder, jobs: Sequence[int]) -> None:
    """Bring those of some jobs back from the trash that are still there.

    Raises:
        MissingError: none of them is.
    """
    with database.write_transaction(folder.database) as connection:
        version, restored = database.next_version(connection), 0
        for job in jobs:
            found = connection.execute(
                "UPDATE jobs SET trashed = NULL, version = ? WHERE id = ? AND trashed IS NOT NULL", (version, job)
            )
            restored += found.rowcount
            if found.rowcount:
                connection.execute("DELETE FROM deleted_jobs WHERE job = ?", (job,))
        if not restored:
            raise MissingError("these pictures are no longer there", "They can be brought back for a while only.")
        queue.touch_newest(connection, queue.batches_of(connection, jobs))


def empty(folder: Folder, older_than: float) -> None:
    """Delete the jobs that have been in the trash for so many seconds; one that cannot be deleted keeps no other."""
    before = time.time() - older_than
    with database.read_transaction(folder.database) as connection:
        rows = connection.execute("SELECT id FROM jobs WHERE trashed <= ?", (before,)).fetchall()
    for row in rows:
        try:
            queue.delete(folder, row["id"], trashed_before=before)
        except (MissingError, StateError):
            continue  # deleted, or put back and started, by another
        except OSError as error:
            _log.warning("job %d in the trash cannot be deleted: %s", row["id"], error)
