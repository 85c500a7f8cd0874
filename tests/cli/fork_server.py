"""A process that has loaded what the command loads, and forks for each command: so a test pays for torch only once.

A forked command runs `python -m impasto` to the interpreter's end, with its own descriptors, folder and environment.
"""

import contextlib
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from impasto.cli.main import set_torch_environment

CLOSED = -100
"""A stream that is not open at all, as after `2>&-` in a shell."""
PRELOADED = ["impasto.cli.app", "impasto.cli.runner", "impasto.video.write.film", "av", "scipy.optimize"]


class ForkServer:
    """The tests' end."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, __file__, str(theirs.fileno())]
        single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        environment = {**os.environ, **single}
        self._server = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        theirs.close()

    def start(self, arguments: list[str], folder: Path, **streams: int | IO[bytes]) -> "Forked":
        """Run the command; streams are those of `subprocess.Popen`, by default pipes but for stdin."""
        return Forked(self._channel, arguments, folder, streams)

    def close(self) -> None:
        self._channel.close()
        self._server.wait(timeout=30)


class Forked:
    """A command that runs, as much like `subprocess.Popen` as the tests need."""

    def __init__(
        self, channel: socket.socket, arguments: list[str], folder: Path, streams: dict[str, int | IO[bytes]]
    ) -> None:
        closed = [name for name, wanted in streams.items() if wanted == CLOSED]
        request = json.dumps([arguments, str(folder), dict(os.environ), closed])
        self.returncode: int | None = None
        self.stdin, self.stdout, self.stderr = None, None, None
        theirs, opened = [], []
        for name, wanted in {"stdin": None, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}.items():
            if wanted == subprocess.PIPE:
                read, write = os.pipe()
                mine, other = (write, read) if name == "stdin" else (read, write)
                setattr(self, name, os.fdopen(mine, "wb" if name == "stdin" else "rb"))
                opened.append(other)
            elif wanted in (None, CLOSED):
                opened.append(os.open(os.devnull, os.O_RDONLY))
                other = opened[-1]
            else:
                other = wanted if isinstance(wanted, int) else wanted.fileno()
            theirs.append(other)
        read, write = os.pipe()
        opened.append(write)
        socket.send_fds(channel, [request.encode()], [*theirs, write])
        for descriptor in opened:
            os.close(descriptor)
        self._status = os.fdopen(read, "rb")
        self.pid = int(self._status.readline())

    def poll(self) -> int | None:
        """Give the exit status, if it has ended."""
        try:
            return self.wait(timeout=0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float = 120) -> int:
        """Give the exit status, or the negative number of the signal that ended it."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("impasto", timeout)
            self.returncode = os.waitstatus_to_exitcode(int(self._status.readline()))
            self._status.close()
        return self.returncode

    def communicate(self, given: bytes | None = None, timeout: float = 120) -> tuple[bytes | None, bytes | None]:
        """Feed it, read everything and wait."""
        found: dict[str, bytes] = {}

        def read(name: str, stream: IO[bytes]) -> None:
            with stream:
                found[name] = stream.read()

        readers = [
            threading.Thread(target=read, args=(name, stream), daemon=True)
            for name in ("stdout", "stderr")
            if (stream := getattr(self, name)) is not None and not stream.closed
        ]
        for reader in readers:
            reader.start()
        if self.stdin is not None and not self.stdin.closed:
            with contextlib.suppress(BrokenPipeError), self.stdin:
                self.stdin.write(given or b"")
        end = time.monotonic() + timeout
        for reader in readers:
            reader.join(end - time.monotonic())
        self.wait(max(0, end - time.monotonic()))
        return found.get("stdout"), found.get("stderr")

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def serve(channel: socket.socket) -> None:
    """Fork for each request, until the other end is closed; in a command's process, run it and end."""
    set_torch_environment()
    for name in PRELOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 1 << 20, 4)
        if not message:
            return
        if not os.fork():
            channel.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            watch(*json.loads(message), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def watch(arguments: list[str], folder: str, environment: dict[str, str], closed: list[str], *descriptors: int) -> None:
    """Tell the number of a command's process and, when it ends, its status; come back in that process itself."""
    *streams, status = descriptors
    ready, go = os.pipe()
    if not (pid := os.fork()):
        os.close(status)
        os.read(ready, 1)
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
        for descriptor in (*streams, ready, go):
            os.close(descriptor)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        open_streams(closed)
        sys.argv = ["impasto", *arguments]
        sys.path[0] = ""
        runpy.run_module("impasto", run_name="__main__", alter_sys=True)  # raises SystemExit
    for descriptor in streams:
        os.close(descriptor)
    os.write(status, b"%d\n" % pid)
    os.write(go, b"1")
    _, code = os.waitpid(pid, 0)
    os.write(status, b"%d\n" % code)
    os._exit(0)


def open_streams(closed: list[str]) -> None:
    """Open the streams as Python does at its start: a closed one is None, and the environment names the encoding."""
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
    for number, (name, mode, errors) in enumerate(
        [("stdin", "r", "strict"), ("stdout", "w", "strict"), ("stderr", "w", "backslashreplace")]
    ):
        if name in closed:
            os.close(number)
            setattr(sys, name, None)
        else:
            buffer = open(number, mode + "b", closefd=False)  # noqa: SIM115 - open to the end
            setattr(sys, name, io.TextIOWrapper(buffer, encoding=encoding, errors=errors))


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
