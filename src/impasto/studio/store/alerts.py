"""The current problem of each worker, shown on the page; at most one per worker."""

from impasto.studio.store import database
from impasto.studio.store.folder import Folder


def set_alert(folder: Folder, worker: int, problem: str, hint: str, *, overwrite: bool = True) -> None:
    """Store a worker's problem.

    Args:
        folder: the studio's folder.
        worker: its number.
        problem: the one-line description that the page shows.
        hint: what to do about it.
        overwrite: whether to replace an earlier alert of this worker; a worker that explained its exit knows more than
            the supervisor, which sees only the exit status.
    """
    with database.write_transaction(folder.database) as connection:
        changed = connection.execute(
            "INSERT INTO alerts (worker, problem, hint) VALUES (:worker, :problem, :hint) ON CONFLICT (worker) "
            "DO UPDATE SET problem = :problem, hint = :hint WHERE :overwrite AND (problem, hint) != (:problem, :hint)",
            {"worker": worker, "problem": problem, "hint": hint, "overwrite": overwrite},
        )
        if changed.rowcount:
            database.next_version(connection)


def clear(folder: Folder, worker: int | None = None) -> None:
    """Delete a worker's alert, or with None those of all workers."""
    with database.write_transaction(folder.database) as connection:
        deleted = connection.execute("DELETE FROM alerts WHERE :worker IS NULL OR worker = :worker", {"worker": worker})
        if deleted.rowcount:
            database.next_version(connection)
