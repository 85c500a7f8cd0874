"""Batches: jobs that were ordered together; each function is one transaction."""

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from impasto.studio.errors import MissingError
from impasto.studio.limits import Limits
from impasto.studio.schemas import Axis, Refused
from impasto.studio.store import database, queue
from impasto.studio.store.folder import Folder


@dataclass(frozen=True)
class NewBatch:
    """What jobs have in common that are ordered together."""

    kind: Literal["photographs", "sheet"]
    name: str
    axes: Sequence[Axis] = ()
    refused: Sequence[Refused] = ()


def add(folder: Folder, orders: Sequence[queue.Order], limits: Limits, batch: NewBatch) -> int:
    """Add a batch with its jobs to the end of the queue, all of them or none; returns the batch's number.

    Raises:
        MissingError: a picture has expired.
        BusyError: the queue has no room for them.
    """
    with database.write_transaction(folder.database) as connection:
        queue.check_room_within(connection, len(orders), limits)
        number = _add(connection, batch)
        for order in orders:
            queue.add(connection, order, number)
    return number


def _add(connection: sqlite3.Connection, batch: NewBatch) -> int:
    axes, refused = (json.dumps([it.model_dump() for it in them]) for them in (batch.axes, batch.refused))
    added = connection.execute(
        "INSERT INTO batches (kind, name, axes, refused, created) VALUES (?, ?, ?, ?, ?)",
        (batch.kind, batch.name, axes, refused, time.time()),
    )
    return int(added.lastrowid or 0)


def cancel(folder: Folder, batch: int) -> None:
    """Cancel all jobs of a batch that have not ended.

    Raises:
        MissingError: there is no such batch.
    """
    with database.write_transaction(folder.database) as connection:
        _check_batch(connection, batch)
        version = database.next_version(connection)
        connection.execute(
            "UPDATE jobs SET state = 'cancelled', ended = ?, version = ? "
            "WHERE batch = ? AND state = 'queued' AND trashed IS NULL",
            (time.time(), version, batch),
        )
        connection.execute(
            "UPDATE jobs SET requested_action = 'cancel', version = ? WHERE batch = ? AND state = 'running'",
            (version, batch),
        )
        queue.touch_queue(connection)


def retry(folder: Folder, batch: int, limits: Limits) -> None:
    """Queue the jobs of a batch once more that have failed or were cancelled.

    Raises:
        MissingError: there is no such batch.
        BusyError: the queue has no room for them.
    """
    with database.write_transaction(folder.database) as connection:
        _check_batch(connection, batch)
        rows = connection.execute(
            "SELECT id FROM jobs WHERE batch = ? AND state IN ('failed', 'cancelled') AND trashed IS NULL ORDER BY id",
            (batch,),
        ).fetchall()
        queue.check_room_within(connection, len(rows), limits)
        last = connection.execute("SELECT coalesce(max(position), 0) FROM jobs").fetchone()[0]
        version = database.next_version(connection)
        connection.executemany(
            "UPDATE jobs SET state = 'queued', position = ?, attempt = attempt + 1, crash_count = 0, "
            "write_failures = 0, requested_action = NULL, started = NULL, ended = NULL, problem = NULL, hint = NULL, "
            "version = ? WHERE id = ?",
            [(last + place, version, row["id"]) for place, row in enumerate(rows, 1)],
        )
        queue.touch_queue(connection)


def _check_batch(connection: sqlite3.Connection, batch: int) -> None:
    if connection.execute("SELECT 1 FROM jobs WHERE batch = ? AND trashed IS NULL", (batch,)).fetchone() is None:
        raise MissingError(f"there is no batch {batch}", "It may have been deleted.")
