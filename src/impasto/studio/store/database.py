"""The studio's SQLite database: opened anew for each piece of work, and brought up to date when a studio starts."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from impasto.errors import StorageError

_PATIENCE = 30.0
"""Seconds to wait for another process that writes."""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose statements all see the database at one moment."""
    with _connected(path) as connection:
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction: written whole when the block ends, or not at all when it raises.

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


def tick(connection: sqlite3.Connection) -> int:
    """The version of a change that this transaction makes: later than every other so far."""
    row = connection.execute("UPDATE clock SET version = version + 1 RETURNING version").fetchone()
    return int(row["version"])


def watch(path: Path) -> sqlite3.Connection:
    """A connection for asking `PRAGMA data_version`, which changes whenever another connection commits."""
    return _open(path, check_same_thread=False)


def migrate(path: Path) -> None:
    """Make the database, or bring one of an earlier version up to date.

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
        for migration in MIGRATIONS[done:]:
            migration(connection)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
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
        raise StorageError(f"{path}: {error}", "Make room, or choose another folder with --data.") from None


def _open(path: Path, *, check_same_thread: bool = True) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=check_same_thread)
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


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_pictures_and_jobs, _several_painters)
"""In order; the database's `user_version` is how many of them it has had. Never change one: add another."""
