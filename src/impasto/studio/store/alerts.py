"""What keeps a painter from painting, for the page to tell; no more than one thing a painter."""

from impasto.studio import database
from impasto.studio.folder import Folder


def note_death(folder: Folder, painter: int, problem: str, hint: str) -> None:
    """Say that a painter is gone, unless it has said itself what ails it."""
    with database.writing(folder.database) as connection:
        added = connection.execute("INSERT OR IGNORE INTO troubles VALUES (?, ?, ?)", (painter, problem, hint))
        if added.rowcount:
            database.tick(connection)


def note(folder: Folder, painter: int, problem: str, hint: str) -> None:
    """Say what it is now."""
    with database.writing(folder.database) as connection:
        changed = connection.execute(
            "INSERT INTO troubles VALUES (:painter, :problem, :hint) ON CONFLICT (painter) "
            "DO UPDATE SET problem = :problem, hint = :hint WHERE (problem, hint) != (:problem, :hint)",
            {"painter": painter, "problem": problem, "hint": hint},
        )
        if changed.rowcount:
            database.tick(connection)


def clear(folder: Folder, painter: int | None = None) -> None:
    """It is over; None for those of all painters."""
    with database.writing(folder.database) as connection:
        gone = connection.execute(
            "DELETE FROM troubles WHERE :painter IS NULL OR painter = :painter", {"painter": painter}
        )
        if gone.rowcount:
            database.tick(connection)
