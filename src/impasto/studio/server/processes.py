"""Processes that decode and encode pictures for the server.

A decoder that crashes or takes all memory does not affect the server, one that is no longer needed can be killed, and
none keeps the server from answering: some encoders hold Python's lock for seconds.
"""

import asyncio
import contextlib
import os
import sys

from impasto.storage.limits import limit_resources
from impasto.studio.limits import Limits

_NICENESS = 3
"""Behind the server and before the worker: someone waits for it."""


async def run_module(module: str, *arguments: str, limits: Limits) -> tuple[bytes, int]:
    """Run a module as a process; returns its standard output and exit status. Cancelling this kills it.

    Args:
        module: its name.
        arguments: for it; the limits are added as the last one.
        limits: how long it may take, and what it is to pass to `limit_process`.

    Raises:
        TimeoutError: it takes longer than that.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module, *arguments, limits.to_argument()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(limits.inspection_seconds):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        status = await process.wait()
    return output, status


def limit_process(limits: Limits) -> None:
    """Limit this process's memory and CPU time, and let the server go first."""
    with contextlib.suppress(AttributeError, OSError):  # Windows has no niceness
        os.nice(_NICENESS)
    limit_resources(memory_bytes=limits.process_memory_bytes, cpu_seconds=limits.process_cpu_seconds)
