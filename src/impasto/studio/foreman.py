"""Keeps painters alive for as long as the server lives."""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process

from impasto.errors import ImpastoError
from impasto.studio import jobs, troubles
from impasto.studio.folder import Folder

_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a painter that ended is replaced: twice as many each time, for one that cannot even start."""
_HEALTHY = 30.0
"""A painter that lived for so many seconds could start."""
_LAST_WORDS = 4000
"""Bytes of what a painter said that are remembered."""

_log = logging.getLogger(__name__)


async def keep_painting(folder: Folder, painter: int, device: str, most_bytes: int) -> None:
    """Start a painter, and another whenever it ends; until cancelled, which ends it too.

    Args:
        folder: the studio's.
        painter: its number.
        device: where it computes.
        most_bytes: it waits while the folder has as many.
    """
    pause, reason = _PAUSE, ""
    while True:
        if not reason:
            begin = time.monotonic()
            reason = await _painted(str(folder.root), str(painter), device, str(most_bytes))
            pause = _PAUSE if time.monotonic() - begin > _HEALTHY else min(2 * pause, _LONGEST_PAUSE)
            _log.warning("the painter stopped (%s); starting another in %.0f s", reason, pause)
        if await asyncio.to_thread(_settled, folder, painter, reason):
            reason = ""
        await asyncio.sleep(pause)


def _settled(folder: Folder, painter: int, reason: str) -> bool:
    """Put its job back, and tell the page until the next one takes that back; returns whether that could be done."""
    try:
        jobs.recover(folder, painter, blame=True)
        hint = "Another is started by itself; what it said is in the studio's terminal."
        troubles.note(folder, painter, f"the painter stopped: {reason}", hint)
    except ImpastoError as error:
        _log.warning("its job cannot be put back: %s", error)
        return False
    return True


async def _painted(*arguments: str) -> str:
    """One painter's life; returns how it ended."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "impasto.studio.painter", *arguments),
            stdin=PIPE,
            stderr=PIPE,
            start_new_session=True,  # Ctrl-C is the server's, which then ends the painter
        )
    except OSError as error:
        return f"it could not be started: {error.strerror}"
    try:
        said = await _passed_on(process)
        code = await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return said or f"it ended with {code}"


async def _passed_on(process: Process) -> str:
    """Pass what it says on to the terminal until it ends; returns its last line."""
    assert process.stderr
    said = b""
    while chunk := await process.stderr.read(_LAST_WORDS):
        sys.stderr.write(chunk.decode(errors="replace"))
        said = (said + chunk)[-_LAST_WORDS:]
    return said.decode(errors="replace").strip().rpartition("\n")[2].rstrip(".")
