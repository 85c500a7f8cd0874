"""Tells whoever waits that something in the database has changed, whichever process changed it."""

import asyncio
from pathlib import Path

from impasto.studio import database

_PAUSE = 0.1
"""Seconds between looks."""


class Feed:
    """Wakes all who wait at once; what changed, each reads for itself, and so none falls behind."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def ticket(self) -> asyncio.Event:
        """Is set at the next change; take it before reading, so that nothing happens unseen in between."""
        return self._changed

    async def watch(self, path: Path) -> None:
        """Look at the database until cancelled."""
        connection, seen = database.watch(path), None
        try:
            while True:
                version = connection.execute("PRAGMA data_version").fetchone()[0]
                if version != seen:
                    seen = version
                    self._changed.set()
                    self._changed = asyncio.Event()
                await asyncio.sleep(_PAUSE)
        finally:
            connection.close()
