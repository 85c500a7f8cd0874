"""Starts a worker process, and restarts it for as long as the server runs."""

import asyncio
import contextlib
import logging
import sys
import time

from impasto.errors import ImpastoError
from impasto.studio.controls import PAGE
from impasto.studio.limits import Limits
from impasto.studio.store import alerts, queue
from impasto.studio.store.folder import Folder

EXIT_NO_DEVICE = 2
"""Exit status of a worker whose device does not exist: restarting it would not help."""
EXIT_STORAGE = 3
"""Exit status of a worker that could not write its files: the job is not the cause."""

_PAUSE, _MAX_PAUSE = 1.0, 60.0
"""Seconds before a worker is restarted, doubled each time it exits early."""
_KILLED = -9
_HEALTHY_SECONDS = 30.0
"""A worker that ran for so long did start properly."""

_log = logging.getLogger(__name__)


async def run_worker(folder: Folder, worker: int, device: str, limits: Limits, memory: alerts.MemoryAlerts) -> None:
    """Run a worker, and restart it whenever it exits; cancelling this ends the worker too.

    Args:
        folder: the studio's folder.
        worker: its number.
        device: where it computes.
        limits: at which space the worker waits, and after how many crashes a job fails.
        memory: shows problems that cannot be stored.
    """
    name = "the worker" if device == "auto" else f"the worker on {device}"
    pause = _PAUSE
    while True:
        start = time.monotonic()
        status = await _run_process(str(folder.root), str(worker), device, limits.to_argument())
        pause = _PAUSE if time.monotonic() - start > _HEALTHY_SECONDS else min(2 * pause, _MAX_PAUSE)
        problem = f"{name} {_describe_exit(status)}"
        final = status == EXIT_NO_DEVICE
        _log.warning("%s; %s", problem, "it is not restarted" if final else f"restarting it in {pause:.0f} s")
        exited: queue.Exit = "storage" if status == EXIT_STORAGE else "crash"
        while failure := await asyncio.to_thread(_requeue, folder, limits, worker, problem, exited=exited):
            memory.set(name, *failure.words_for(PAGE))
            await asyncio.sleep(pause)
        memory.clear(name)
        if final:
            return
        await asyncio.sleep(pause)


def _requeue(folder: Folder, limits: Limits, worker: int, problem: str, *, exited: queue.Exit) -> ImpastoError | None:
    """Requeue the worker's job and set an alert until the next worker runs; returns why that failed, None if not."""
    try:
        queue.recover(folder, limits, worker, exited=exited)
        hint = "It is restarted automatically; the studio's terminal shows the details."
        alerts.set_alert(folder, worker, problem, hint, overwrite=False)
    except Exception as error:  # noqa: BLE001 - whatever the cause, giving up here would stop the queue for good
        _log.warning("the worker's job cannot be requeued: %s", error)
        if isinstance(error, ImpastoError):
            return error
        return ImpastoError(f"{problem}, and its job cannot be requeued: {error}", "Restart the studio.")
    return None


async def _run_process(*arguments: str) -> int | None:
    """Run one worker process to its end; returns its exit status, None if it could not be started."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "impasto.studio.worker.worker", *arguments),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C goes to the server, which then ends the worker
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


def _describe_exit(status: int | None) -> str:
    if status is None:
        return "could not be started"
    if status == _KILLED:
        return "was killed, perhaps because memory ran out"
    return f"stopped with exit status {status}"
