"""Keeps painters alive for as long as the server lives."""

import asyncio
import contextlib
import logging
import sys
import time

from impasto.studio import jobs, troubles
from impasto.studio.folder import Folder

HOPELESS = 2
"""How a painter ends that has no device: another would not have it either."""
BLAMELESS = 3
"""How a painter ends that cannot write its files: no job is to blame for that."""

_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a painter that ended is replaced: twice as many each time, for one that cannot even start."""
_KILLED = -9
_HEALTHY = 30.0
"""A painter that lived for so many seconds could start."""

_log = logging.getLogger(__name__)


async def keep_painting(folder: Folder, painter: int, device: str, most_bytes: int) -> None:
    """Start a painter, and another whenever it ends; until cancelled, which ends it too.

    Args:
        folder: the studio's.
        painter: its number.
        device: where it computes.
        most_bytes: it waits while the folder has as many.
    """
    name = "the painter" if device == "auto" else f"the painter on {device}"
    pause = _PAUSE
    while True:
        begin = time.monotonic()
        code = await _painted(str(folder.root), str(painter), device, str(most_bytes))
        pause = _PAUSE if time.monotonic() - begin > _HEALTHY else min(2 * pause, _LONGEST_PAUSE)
        problem = f"{name} {_ending(code)}"
        hopeless = code == HOPELESS
        _log.warning("%s; %s", problem, "it is not started again" if hopeless else f"starting another in {pause:.0f} s")
        blame = code != BLAMELESS
        while not await asyncio.to_thread(_settled, folder, painter, problem, blame=blame):  # noqa: ASYNC110 - only trying tells
            await asyncio.sleep(pause)
        if hopeless:
            return
        await asyncio.sleep(pause)


def _settled(folder: Folder, painter: int, problem: str, *, blame: bool) -> bool:
    """Put its job back, and tell the page until the next one takes that back; returns whether that could be done."""
    try:
        jobs.recover(folder, painter, blame=blame)
        hint = "Another is started by itself; what it said is in the studio's terminal."
        troubles.note_death(folder, painter, problem, hint)
    except Exception as error:  # noqa: BLE001 - whatever it is, without this nothing would ever be painted again
        _log.warning("what it left behind cannot be put in order: %s", error)
        return False
    return True


async def _painted(*arguments: str) -> int | None:
    """One painter's life; returns its exit status, None if it could not be started."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "impasto.studio.painter", *arguments),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the server's, which then ends the painter
        )
    except OSError as error:
        _log.warning("no process can be started: %s", error.strerror)
        return None
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _ending(code: int | None) -> str:
    if code is None:
        return "could not be started"
    if code == _KILLED:
        return "was killed, perhaps because memory ran out"
    return f"stopped with exit status {code}"
