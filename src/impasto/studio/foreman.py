"""Keeps the painter's process alive for as long as the server lives."""

import asyncio
import contextlib
import logging
import sys
import time

from impasto.studio.folder import Folder

_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a painter that ended is replaced: twice as many each time, for one that cannot even start."""
_HEALTHY = 30.0
"""A painter that lived for so many seconds could start."""

_log = logging.getLogger(__name__)


async def keep_painting(folder: Folder) -> None:
    """Start the painter, and another whenever it ends; until cancelled, which ends it too."""
    pause = _PAUSE
    again: tuple[str, ...] = ()
    while True:
        begin = time.monotonic()
        try:
            code = await _painted(folder, again)
            problem = f"ended with {code}"
        except OSError as error:
            problem = f"could not be started: {error}"
        pause = _PAUSE if time.monotonic() - begin > _HEALTHY else min(2 * pause, _LONGEST_PAUSE)
        _log.warning("the painter %s; starting another in %.0f s", problem, pause)
        await asyncio.sleep(pause)
        again = ("again",)


async def _painted(folder: Folder, words: tuple[str, ...]) -> int:
    """One painter's life; returns how it ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "impasto.studio.painter", str(folder.root), *words),
        stdin=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is the server's, which then ends the painter
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
