"""Replaces a damaged database by what can be read of it; nothing is deleted."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from impasto.studio.store import database
from impasto.studio.store.folder import Folder

_JSON_COLUMNS = frozenset({"settings", "origin", "progress", "axes", "refused", "processor", "clip", "film"})
_LOST = "the studio's database was damaged while this job was waiting"


def replace_if_damaged(folder: Folder) -> Path | None:
    """Set a damaged database and all files aside, and copy what rows can be read; `put_back` moves their files back.

    Returns:
        The folder with the damaged database and the files; None if there is no damage.

    Raises:
        StorageError, OutputError: the files cannot be moved, or the database cannot be opened for another reason.
    """
    if not database.is_damaged(folder.database):
        return None
    aside = folder.set_aside()
    damaged = database.open_damaged(aside / folder.database.name)
    version = _version(damaged)
    database.migrate(folder.database, version)
    with contextlib.closing(damaged), database.write_transaction(folder.database) as connection:
        for table in _tables(connection):
            _copy(damaged, connection, table)
    database.migrate(folder.database)
    with database.write_transaction(folder.database) as connection:
        _settle(connection)
    return aside


def put_back(folder: Folder) -> None:
    """Move files that rows name, and that are missing, back from all folders in which damage was set aside.

    Call it at each start: a repair that was killed leaves rows whose files are still there.
    """
    asides = folder.aside_folders()
    if not asides:
        return
    with database.read_transaction(folder.database) as connection:
        pictures = [row["id"] for row in connection.execute("SELECT id FROM pictures").fetchall()]
        finished = [row["id"] for row in connection.execute("SELECT id FROM jobs WHERE state = 'finished'").fetchall()]
    for aside in reversed(asides):  # the latest first
        folder.put_back(aside, pictures, finished)


def _version(damaged: sqlite3.Connection) -> int | None:
    """Return how many migrations a damaged database has had; None, for all, where it cannot be read."""
    with contextlib.suppress(sqlite3.DatabaseError):
        version = int(damaged.execute("PRAGMA user_version").fetchone()[0])
        return version if 0 < version <= len(database.MIGRATIONS) else None
    return None


def _tables(connection: sqlite3.Connection) -> list[str]:
    """List the tables in the order in which they were made: none refers to a later one."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid"
    )
    return [row["name"] for row in rows.fetchall()]


def _copy(damaged: sqlite3.Connection, connection: sqlite3.Connection, table: str) -> None:
    for row in filter(_is_sound, _readable(damaged, table)):
        columns, places = ", ".join(row.keys()), ", ".join("?" * len(row))
        with contextlib.suppress(sqlite3.Error):  # a row that refers to a lost one, or whose values are damaged
            connection.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({places})", tuple(row))  # noqa: S608


def _readable(damaged: sqlite3.Connection, table: str) -> Iterator[sqlite3.Row]:
    """Read a table from its start, and where it breaks off also from its end."""
    for order in ("", "ORDER BY 1 DESC"):
        try:
            yield from damaged.execute(f"SELECT * FROM {table} {order}")  # noqa: S608
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            continue
        return


def _is_sound(row: sqlite3.Row) -> bool:
    """Tell whether the JSON of a row can be read; only this would keep a job from being shown."""
    try:
        for name in _JSON_COLUMNS.intersection(row.keys()):
            if row[name] is not None:
                json.loads(row[name])
    except ValueError:
        return False
    return True


def _settle(connection: sqlite3.Connection) -> None:
    """End the jobs that had not ended, whose inputs may be lost, and count on from the highest version."""
    version = database.next_version(connection)
    connection.execute(
        "UPDATE jobs SET state = 'failed', problem = ?, hint = 'Look at its pictures, and retry it.', ended = ?, "
        "worker = NULL, requested_action = NULL WHERE state IN ('queued', 'running')",
        (_LOST, time.time()),
    )
    connection.execute(
        "UPDATE change_counter SET version = 1 + max(?, (SELECT coalesce(max(version), 0) FROM jobs), "
        "(SELECT coalesce(max(version), 0) FROM deleted_jobs))",
        (version,),
    )
    connection.execute("DELETE FROM alerts")
