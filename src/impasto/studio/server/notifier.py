"""Tells waiting requests that the database has changed, whichever process changed it, or an alert in memory."""

import asyncio
import contextlib
import logging
import sqlite3
from pathlib import Path

from impasto.studio.store import database
from impasto.studio.store.alerts import MemoryAlerts

_POLL_SECONDS = 0.1
_RETRY_SECONDS = 5.0
"""Until a database that failed is opened again."""

_log = logging.getLogger(__name__)


class ChangeNotifier:
    """Wakes all waiting requests at each change; each reads what it has not sent yet, so none falls behind."""

    def __init__(self, alerts: MemoryAlerts) -> None:
        self._alerts = alerts
        self._changed = asyncio.Event()
        self.closing = False
        """Whether the server is about to exit: set it from any thread, and waiting requests are woken a last time."""

    def next_change(self) -> asyncio.Event:
        """Return an event that is set at the next change; get it before reading, so that no change is missed."""
        return self._changed

    async def watch(self, path: Path) -> None:
        """Poll the database until cancelled."""
        while True:
            try:
                with contextlib.closing(database.connect_for_watching(path)) as connection:
                    await self._poll(connection)
            except sqlite3.Error as error:
                _log.warning("the database cannot be watched: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _poll(self, connection: sqlite3.Connection) -> None:
        seen = None
        while True:
            version = connection.execute("PRAGMA data_version").fetchone()[0], self._alerts.version
            if version != seen or self.closing:
                seen = version
                self._changed.set()
                self._changed = asyncio.Event()
            await asyncio.sleep(_POLL_SECONDS)
