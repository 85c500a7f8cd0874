"""What the workers compute with, as they say themselves: the server, which holds no torch, estimates by it."""

import json
from dataclasses import asdict

from impasto.engine.estimate import Processor
from impasto.studio.store import database
from impasto.studio.store.folder import Folder


def publish(folder: Folder, worker: int, processor: Processor, memory: int) -> None:
    """Say what a worker computes with, and the bytes of memory that it can have there while it paints nothing."""
    with database.write_transaction(folder.database) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO processors (worker, processor) VALUES (?, ?)",
            (worker, json.dumps({"processor": asdict(processor), "memory": memory})),
        )


def published(folder: Folder) -> tuple[Processor, int] | None:
    """Return what the first worker has published; None where none has."""
    with database.read_transaction(folder.database) as connection:
        row = connection.execute("SELECT processor FROM processors ORDER BY worker LIMIT 1").fetchone()
    if row is None:
        return None
    found = json.loads(row["processor"])
    return Processor(**found["processor"]), int(found["memory"])


def forget(folder: Folder) -> None:
    """Forget what the workers of an earlier studio computed with."""
    with database.write_transaction(folder.database) as connection:
        connection.execute("DELETE FROM processors")
