"""Keeps the painter's process alive for as long as the server lives."""

import asyncio
import contextlib
import logging
import os
import sys

from impasto.studio.folder import Folder

_PAUSE = 1.0
"""Seconds before a painter that ended is replaced: one that cannot start must not be started without end."""

_log = logging.getLogger(__name__)


async def keep_painting(folder: Folder, environment: dict[str, str]) -> None:
    """Start the painter, and another whenever it ends; until cancelled, which ends it too.

    Args:
        folder: what it works in.
        environment: what its process has beside this one's.
    """
    while True:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "impasto.studio.painter", str(folder.root)),
            stdin=asyncio.subprocess.PIPE,
            env=os.environ | environment,
            start_new_session=True,  # Ctrl-C is the server's, which then ends the painter
        )
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        _log.warning("the painter ended with %s; starting another", code)
        await asyncio.sleep(_PAUSE)
