"""What the workers compute with, as they say themselves: the server, which holds no torch, estimates by it."""

import json
from dataclasses import asdict

from impasto.engine.estimate import Processor
from impasto.studio.store import database
from impasto.studio.store.folder import Folder


def publish(folder: Folder, worker: int, processor: Processor) -> None:
    """Say what a worker computes with."""
    with database.write_transaction(folder.database) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO processors (worker, processor) VALUES (?, ?)",
            (worker, json.dumps(asdict(processor))),
        )


def published(folder: Folder) -> Processor | None:
    """Return what the first worker computes with; None where none has said so."""
    with database.read_transaction(folder.database) as connection:
        row = connection.execute("SELECT processor FROM processors ORDER BY worker LIMIT 1").fetchone()
    return Processor(**json.loads(row["processor"])) if row else None


def forget(folder: Folder) -> None:
    """Forget what the workers of an earlier studio computed with."""
    with database.write_transaction(folder.database) as connection:
        connection.execute("DELETE FROM processors")
