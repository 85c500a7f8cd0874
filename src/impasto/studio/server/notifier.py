"""Tells whoever waits that something in the database has changed, whichever process changed it."""

import asyncio
import contextlib
import logging
import sqlite3
from pathlib import Path

from impasto.studio import database

_PAUSE = 0.1
"""Seconds between looks."""
_LONG_PAUSE = 5.0
"""Seconds until a database that failed is opened once more."""

_log = logging.getLogger(__name__)


class Feed:
    """Wakes all who wait at once; what changed, each reads for itself, and so none falls behind."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self.ended = False
        """Whether the server is about to end: set it from anywhere, and whoever waits is woken a last time."""

    def ticket(self) -> asyncio.Event:
        """Is set at the next change; take it before reading, so that nothing happens unseen in between."""
        return self._changed

    async def watch(self, path: Path) -> None:
        """Look at the database until cancelled."""
        while True:
            try:
                with contextlib.closing(database.watch(path)) as connection:
                    await self._look(connection)
            except sqlite3.Error as error:
                _log.warning("the database cannot be watched: %s", error)
                await asyncio.sleep(_LONG_PAUSE)

    async def _look(self, connection: sqlite3.Connection) -> None:
        seen = None
        while True:
            version = connection.execute("PRAGMA data_version").fetchone()[0]
            if version != seen or self.ended:
                seen = version
                self._changed.set()
                self._changed = asyncio.Event()
            await asyncio.sleep(_PAUSE)
