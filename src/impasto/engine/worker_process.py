"""Worker processes of this machine: each holds a network, and does one task after another.

Tasks and updates are pickled, and pass through stdin and stdout. A worker ends with the process that started it,
however that one ends.
"""

import contextlib
import io
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import psutil

from impasto.errors import ImpastoError

READY = "ready"
"""The first message of a worker that can paint; one that cannot gives the error."""
_EXIT_SECONDS = 5.0
"""For a worker that has closed its output to end."""


class WorkerStartError(ImpastoError):
    """A worker process could not be started."""


class WorkerLostError(ImpastoError):
    """A worker process ended amid a task."""


class WorkerProcess:
    """A worker process, whose updates a thread puts into a queue.

    None follows them when it has ended, or an error if one of them cannot be read.

    Args:
        module: what it runs; the module calls `serve`.
        messages: takes pairs of the worker and what it says.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, module: str, messages: "queue.SimpleQueue[Any]") -> None:
        self.ready = False
        # In a session of its own, Ctrl-C at the terminal does not reach it: it ends when it is told to.
        group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows
        apart: dict[str, Any] = {"creationflags": group} if group else {"start_new_session": True}
        self._process = subprocess.Popen(  # noqa: S603 - this Python and a module of ours
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **apart,
        )
        threading.Thread(target=self._pass_on, args=(messages,), daemon=True).start()

    def send(self, task: Any) -> None:
        """Have it do a task, without waiting until it takes that; one that has ended says so among the messages."""
        threading.Thread(target=self._write, args=(pickle.dumps(task),), daemon=True).start()

    def memory(self) -> int:
        """Give the bytes that it holds by itself."""
        try:
            info = psutil.Process(self._process.pid).memory_info()
        except psutil.Error:
            return 0
        return int(info.rss - getattr(info, "shared", 0))

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Give the exit status of one that has ended, or is about to; the negative number of a signal."""
        try:
            status = self._process.wait(timeout=_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        return status

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has ended, and its pipe may be closed already
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def _pass_on(self, messages: "queue.SimpleQueue[Any]") -> None:
        assert self._process.stdout is not None
        end = None
        try:
            with self._process.stdout as updates:
                while True:
                    messages.put((self, pickle.load(updates)))  # noqa: S301 - from a process of ours
        except (EOFError, OSError, pickle.UnpicklingError):  # it has ended, perhaps amid an update
            pass
        except Exception as error:  # noqa: BLE001 - what unpickling raises depends on what is in the update
            problem = f"a worker sent an update that cannot be read: {type(error).__name__}: {error}"
            end = WorkerLostError(problem, "Please report this if it happens again.")
        finally:
            messages.put((self, end))


def explain_exit(status: int, what: str) -> tuple[str, str]:
    """Give the problem and the hint of an exit status."""
    if status == -getattr(signal, "SIGKILL", 9):
        return f"{what} was killed, perhaps because memory ran out", "Use fewer workers."
    return f"{what} stopped with exit status {status}", "Please report this if it happens again."


def serve(start: Callable[[Callable[[Any], None]], Callable[[Any], None]]) -> None:
    """Do the tasks that come by stdin, until that is closed: what a worker's module does.

    Args:
        start: takes what sends an update, and gives what does a task; it may load torch, which may be what fails.
    """
    # Whatever a library prints must not get among the updates.
    updates = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def report(message: Any) -> None:
        updates.write(pickle.dumps(message))
        updates.flush()

    try:
        do = start(report)
    except Exception as error:  # noqa: BLE001 - whatever it is, no task can be done
        problem = f"no worker can start: {type(error).__name__}: {error}"
        report(WorkerStartError(problem, "Check the installation with `impasto doctor`."))
        return
    report(READY)
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(tasks,), daemon=True).start()
    while True:
        do(tasks.get())


def _receive(tasks: "queue.SimpleQueue[Any]") -> None:
    """Pass on the tasks, and end the process with the one that sends them, even amid a task."""
    reader = io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False))
    try:
        while True:
            tasks.put(pickle.load(reader))  # noqa: S301 - from the process that started this one
    except (EOFError, OSError, pickle.UnpicklingError):
        os._exit(0)
