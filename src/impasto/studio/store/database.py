"""The studio's SQLite database: one connection per transaction, and migrations that bring it up to date on startup."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from impasto.errors import StorageError

_BUSY_TIMEOUT = 30.0
"""Seconds to wait for another process that writes."""


_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_FREE = "Free some disk space, or choose another folder with --data."
_ALLOW = "See that it is a file that may be written, or choose another folder with --data."
_RESTART = "Restart the studio: it saves what can be read."
_HINTS = {
    sqlite3.SQLITE_FULL: _FREE,
    sqlite3.SQLITE_IOERR: _FREE,
    sqlite3.SQLITE_CANTOPEN: _ALLOW,
    sqlite3.SQLITE_PERM: _ALLOW,
    sqlite3.SQLITE_READONLY: _ALLOW,
    sqlite3.SQLITE_BUSY: "End the program that uses it.",
    sqlite3.SQLITE_CORRUPT: _RESTART,
    sqlite3.SQLITE_NOTADB: _RESTART,
}


class DamagedError(StorageError):
    """The file is no database, or a part of it is overwritten."""


@contextmanager
def read_transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a connection whose statements all see the database at one moment."""
    with _connected(path) as connection:
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")


@contextmanager
def write_transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Commit everything when the block ends, or nothing when it raises.

    Raises:
        StorageError: the disk is full or failed.
    """
    with _connected(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            if connection.in_transaction:  # a full disk has rolled it back already
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def next_version(connection: sqlite3.Connection) -> int:
    """Count a change up: the version is higher than that of every change before this transaction."""
    row = connection.execute("UPDATE change_counter SET version = version + 1 RETURNING version").fetchone()
    return int(row["version"])


def connect_for_watching(path: Path) -> sqlite3.Connection:
    """Open a connection for polling `PRAGMA data_version`, which changes whenever another connection commits."""
    return _open(path, check_same_thread=False)


def is_damaged(path: Path) -> bool:
    """Tell whether a file is not a sound database; one that does not exist is.

    Raises:
        StorageError: it cannot be opened.
    """
    if not path.exists():
        return False
    try:
        with _connected(path) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except DamagedError:
        return True


def open_damaged(path: Path) -> sqlite3.Connection:
    """Open a database that may be damaged, to read what can be read."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA writable_schema = ON")  # otherwise a file that is cut short is not read at all
    return connection


def migrate(path: Path, version: int | None = None) -> None:
    """Create the database, or bring one of an earlier version up to date.

    Args:
        path: the file.
        version: number of migrations that it shall have had; None for all.

    Raises:
        StorageError: the file cannot be opened or is no database; or a later version of Impasto made it.
    """
    with _connected(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        done: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if done > len(MIGRATIONS):
            raise StorageError(
                f"{path} was made by a later version of Impasto",
                "Update Impasto, or choose another folder with --data.",
            )
        wanted = MIGRATIONS[:version]
        for migration in wanted[done:]:
            migration(connection)
        connection.execute(f"PRAGMA user_version = {len(wanted)}")
        connection.execute("COMMIT")


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = _open(path)
        try:
            yield connection
        finally:
            connection.close()
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # of Python's own errors, there is none
        kind = DamagedError if code in _DAMAGED else StorageError
        raise kind(f"{path}: {error}", _HINTS.get(code, "Choose another folder with --data.")) from None


def _open(path: Path, *, check_same_thread: bool = True) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=check_same_thread)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _pictures_and_jobs(connection: sqlite3.Connection) -> None:
    for statement in (
        """CREATE TABLE pictures (
            id TEXT PRIMARY KEY,            -- SHA-256 of the file
            name TEXT NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            added REAL NOT NULL,
            origin TEXT                     -- JSON, where Impasto made it
        ) STRICT""",
        """CREATE TABLE jobs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            version INTEGER NOT NULL,       -- of the last change, over all jobs
            state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'finished', 'failed', 'cancelled')),
            position REAL NOT NULL,         -- the lowest queued one is painted next
            wish TEXT CHECK (wish IN ('keep', 'cancel')),
            settings TEXT NOT NULL,         -- JSON
            attempt INTEGER NOT NULL DEFAULT 1,
            deaths INTEGER NOT NULL DEFAULT 0, -- of painters, at this job
            created REAL NOT NULL,
            started REAL,
            ended REAL,
            progress TEXT,                  -- JSON
            preview INTEGER NOT NULL DEFAULT 0,
            width INTEGER,
            height INTEGER,
            kept_early INTEGER NOT NULL DEFAULT 0,
            problem TEXT,
            hint TEXT
        ) STRICT""",
        "CREATE INDEX jobs_by_state ON jobs (state, position)",
        "CREATE INDEX jobs_by_version ON jobs (version)",
        """CREATE TABLE inputs (
            job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('photo', 'painting')),
            place INTEGER NOT NULL,
            picture TEXT NOT NULL REFERENCES pictures (id),
            PRIMARY KEY (job, role, place)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX inputs_by_picture ON inputs (picture)",
        """CREATE TABLE steps (
            job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            scale INTEGER NOT NULL,
            iteration INTEGER NOT NULL,
            loss REAL NOT NULL,
            elapsed REAL NOT NULL,
            PRIMARY KEY (job, number)
        ) STRICT, WITHOUT ROWID""",
        """CREATE VIEW placed_jobs AS
            SELECT jobs.*, queue.place FROM jobs LEFT JOIN (
                SELECT id, row_number() OVER (ORDER BY position) AS place FROM jobs WHERE state = 'queued'
            ) AS queue USING (id)""",
        "CREATE TABLE removed (job INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT",
        "CREATE TABLE clock (only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL) STRICT",
        "INSERT INTO clock VALUES (1, 0)",
    ):
        connection.execute(statement)


def _several_painters(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE jobs ADD COLUMN painter INTEGER")  # whose it is while it runs
    connection.execute(
        "CREATE TABLE troubles (painter INTEGER PRIMARY KEY, problem TEXT NOT NULL, hint TEXT NOT NULL) STRICT"
    )


def _standard_names(connection: sqlite3.Connection) -> None:
    """Give tables, columns and the keys of stored settings the names that the code has."""
    for statement in (
        "DROP VIEW placed_jobs",
        "ALTER TABLE jobs RENAME COLUMN wish TO requested_action",
        "ALTER TABLE jobs RENAME COLUMN deaths TO crash_count",
        "ALTER TABLE jobs RENAME COLUMN painter TO worker",
        "ALTER TABLE inputs RENAME COLUMN place TO position",
        "ALTER TABLE clock RENAME TO change_counter",
        "ALTER TABLE removed RENAME TO deleted_jobs",
        "ALTER TABLE troubles RENAME TO alerts",
        "ALTER TABLE alerts RENAME COLUMN painter TO worker",
        """CREATE VIEW jobs_with_queue_position AS
            SELECT jobs.*, queue.queue_position FROM jobs LEFT JOIN (
                SELECT id, row_number() OVER (ORDER BY position) AS queue_position FROM jobs WHERE state = 'queued'
            ) AS queue USING (id)""",
    ):
        connection.execute(statement)
    for row in connection.execute("SELECT id, settings FROM jobs").fetchall():
        settings = _with_standard_keys(json.loads(row["settings"]))
        connection.execute("UPDATE jobs SET settings = ? WHERE id = ?", (json.dumps(settings), row["id"]))
    for row in connection.execute("SELECT id, origin FROM pictures WHERE origin IS NOT NULL").fetchall():
        origin = json.loads(row["origin"])
        origin["settings"] = _with_standard_keys(origin["settings"])
        connection.execute("UPDATE pictures SET origin = ? WHERE id = ?", (json.dumps(origin), row["id"]))


def _with_standard_keys(settings: dict[str, Any]) -> dict[str, Any]:
    names = {"frame": "size_rule", "keep": "output_iterate"}
    # A file may state both: then the present name counts.
    return {names[name]: settings[name] for name in names if name in settings} | {
        name: value for name, value in settings.items() if name not in names
    }


def _write_failures(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE jobs ADD COLUMN write_failures INTEGER NOT NULL DEFAULT 0")


def _gallery(connection: sqlite3.Connection) -> None:
    """Batches, albums, favorites, a trash, masks, words to search, and what a worker computes with."""
    for statement in (
        """CREATE TABLE batches (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL CHECK (kind IN ('photographs', 'sheet')),
            name TEXT NOT NULL,
            axes TEXT NOT NULL,              -- JSON
            refused TEXT NOT NULL,           -- JSON: files that could not be uploaded, and why
            created REAL NOT NULL
        ) STRICT""",
        "ALTER TABLE jobs ADD COLUMN batch INTEGER",
        "ALTER TABLE jobs ADD COLUMN favorite INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE jobs ADD COLUMN album TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE jobs ADD COLUMN trashed REAL",  # when; null for what is not in the trash
        "ALTER TABLE jobs ADD COLUMN words TEXT NOT NULL DEFAULT ''",  # to be searched for, in lower case
        "CREATE INDEX jobs_by_batch ON jobs (batch, id)",
        """CREATE TABLE masked_inputs (
            job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('photo', 'painting', 'mask', 'keep')),
            position INTEGER NOT NULL,
            picture TEXT NOT NULL REFERENCES pictures (id),
            PRIMARY KEY (job, role, position)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO masked_inputs SELECT job, role, position, picture FROM inputs",
        "DROP TABLE inputs",
        "ALTER TABLE masked_inputs RENAME TO inputs",
        "CREATE INDEX inputs_by_picture ON inputs (picture)",
        "CREATE TABLE processors (worker INTEGER PRIMARY KEY, processor TEXT NOT NULL) STRICT",  # JSON
        "DROP VIEW jobs_with_queue_position",
        """CREATE VIEW jobs_with_queue_position AS
            SELECT jobs.*, queue.queue_position FROM jobs LEFT JOIN (
                SELECT id, row_number() OVER (ORDER BY position) AS queue_position FROM jobs WHERE state = 'queued'
            ) AS queue USING (id) WHERE jobs.trashed IS NULL""",
    ):
        connection.execute(statement)


def _films(connection: sqlite3.Connection) -> None:
    """Clips among the pictures; what is ordered of a film, how far it is painted, and how long it takes."""
    for statement in (
        "ALTER TABLE pictures ADD COLUMN clip TEXT",  # JSON, where it is a film or an animation
        "ALTER TABLE jobs ADD COLUMN film TEXT",  # JSON, where the result is a film
        "ALTER TABLE jobs ADD COLUMN frames INTEGER NOT NULL DEFAULT 0",  # of the film
        "ALTER TABLE jobs ADD COLUMN painted INTEGER NOT NULL DEFAULT 0",  # of these, kept until the film is whole
        "ALTER TABLE jobs ADD COLUMN remaining REAL",  # seconds, while it is painted
        "ALTER TABLE jobs ADD COLUMN whole_seconds REAL",  # for the whole film, after a preview of it
        "DROP VIEW jobs_with_queue_position",
        """CREATE VIEW jobs_with_queue_position AS
            SELECT jobs.*, queue.queue_position FROM jobs LEFT JOIN (
                SELECT id, row_number() OVER (ORDER BY position) AS queue_position FROM jobs WHERE state = 'queued'
            ) AS queue USING (id) WHERE jobs.trashed IS NULL""",
    ):
        connection.execute(statement)


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _pictures_and_jobs,
    _several_painters,
    _standard_names,
    _write_failures,
    _gallery,
    _films,
)
"""In order; the database's `user_version` is the number already applied. Never change one: append another."""
