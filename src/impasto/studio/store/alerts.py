"""The current problem of each worker, shown on the page; at most one per worker. Others are kept in memory."""

from collections.abc import Iterable

from impasto.studio.schemas import Message
from impasto.studio.store import database
from impasto.studio.store.folder import Folder


class MemoryAlerts:
    """Problems of this process that the page shows, too: they need no write, which a full disk would refuse."""

    def __init__(self) -> None:
        self._alerts: dict[str, Message] = {}
        self.version = 0
        """Increases with every change."""

    def set(self, source: str, problem: str, hint: str) -> None:
        """Show a problem, in place of an earlier one of the same source."""
        alert = Message(problem=problem, hint=hint)
        if self._alerts.get(source) != alert:
            self._alerts[source] = alert
            self.version += 1

    def clear(self, source: str) -> None:
        """Show the problem of a source no longer."""
        if self._alerts.pop(source, None):
            self.version += 1

    def added_to(self, stored: Iterable[Message]) -> list[Message]:
        """Return stored problems and these, each once."""
        stored = list(stored)
        return stored + [alert for alert in self._alerts.values() if alert not in stored]


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
