"""Processes that decode and encode pictures for the server.

A decoder that crashes or takes all memory does not affect the server, one that is no longer needed can be killed, and
none keeps the server from answering: some encoders hold Python's lock for seconds.
"""

import asyncio
import contextlib
import os
import sys

_MEMORY_BYTES = 6 * 2**30
_CPU_SECONDS = 60
_NICENESS = 3
"""Behind the server and before the worker: someone waits for it."""


async def run_module(module: str, *arguments: str, seconds: float) -> tuple[bytes, int]:
    """Run a module as a process; returns its standard output and exit status. Cancelling this kills it.

    Raises:
        TimeoutError: it takes longer than that.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        status = await process.wait()
    return output, status


def limit_resources() -> None:
    """Limit this process's memory and CPU time, and let the server go first."""
    with contextlib.suppress(AttributeError, OSError):  # Windows has no niceness
        os.nice(_NICENESS)
    with contextlib.suppress(ImportError):  # nor such limits; there the server's time limit applies
        import resource  # noqa: PLC0415

        for what, most in ((resource.RLIMIT_AS, _MEMORY_BYTES), (resource.RLIMIT_CPU, _CPU_SECONDS)):
            _, hard = resource.getrlimit(what)
            limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
            with contextlib.suppress(ValueError, OSError):  # some systems define a limit and do not accept it
                resource.setrlimit(what, (limit, hard))
