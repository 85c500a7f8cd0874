"""Clients that hold a server up, and a studio process to try them on."""

import contextlib
import http.client
import json
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from impasto import Settings
from impasto.studio.limits import Limits
from impasto.studio.store import database, queue
from impasto.studio.store.folder import Folder

HALF_OPEN = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-"
ENDLESS_HEADER = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "
ENDLESS_BODY = (
    b"POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 500000\r\n\r\n"
)
PROGRAM = """
import json, sys
from pathlib import Path
from impasto.studio.limits import Limits
from impasto.studio.server import serve
data, limits = json.loads(sys.argv[1])
config = serve.ServerConfig(Path(data), "127.0.0.1", 0, None, (), Limits(**limits), ())
serve.serve(config, browser=False, announce=lambda text: print(text, flush=True))
"""


class StudioProcess:
    """A studio in a process of its own, whose standard error is kept.

    Args:
        data: its folder.
        options: of the command; or with None a studio without a worker, with `limits`.
        files: as of `ulimit -n`.
        limits: fields of `Limits` that are not the usual.
    """

    def __init__(self, data: Path, *options: str, files: int | None = None, **limits) -> None:
        self.errors = data.with_name(f"{data.name}-errors.txt")
        command = ["-m", "impasto", "studio", "--no-browser", "--port", "0", "--data", str(data), *options]
        if not options:
            command = ["-c", PROGRAM, json.dumps([str(data), limits])]
        shell = f"ulimit -n {files}; " if files else ""
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", f'{shell}exec "$@"', "sh", sys.executable, *command],
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        line = self.process.stdout.readline().decode()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert found, self.errors.read_text()
        self.port = int(found[1])
        assert self.get(timeout=60)[0] == 200, "it answers, so that all of its own files are open"

    @property
    def files(self) -> int:
        """The number of its open files."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @property
    def sockets(self) -> int:
        """The number of its connections, and of its other sockets, which does not change."""
        found = 0
        for file in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                found += str(file.readlink()).startswith("socket:")
        return found

    @property
    def children(self) -> list[str]:
        """The processes that it has started and that run."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return " ".join(file.read_text() for file in threads).split()

    @property
    def memory(self) -> float:
        """Its resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000

    def limit_files(self, most: int) -> None:
        """Change its limit of open files while it runs."""
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (most, 20_000))

    def get(self, address: str = "/api/jobs", timeout: float = 5.0) -> tuple[int, bytes]:
        """Request something on a connection of its own: status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request("GET", address)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def connect(self, sent: bytes, *, window: int | None = None) -> socket.socket:
        """Open a connection and send something; with `window`, take at most so many bytes that are not read."""
        connection = socket.socket()
        if window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(sent)
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        self.process.send_signal(signal.SIGKILL if failure else signal.SIGINT)
        try:
            self.process.wait(timeout=20)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def is_closed(connection: socket.socket, within: float) -> bool:
    """Tell whether the server closes a connection in time, whatever it sends before."""
    end = time.monotonic() + within
    while (left := end - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            if not connection.recv(65536):
                return True
        except TimeoutError:
            return False
        except OSError:
            return True
    return False


def wait_until(true, within: float = 10.0) -> bool:
    """Tell whether something comes to be true in time."""
    end = time.monotonic() + within
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def trickling(connections: list[socket.socket], pause: float = 0.1) -> Iterator[None]:
    """Send one byte on each connection again and again."""
    ended = threading.Event()

    def trickle() -> None:
        while not ended.wait(pause):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.send(b"x")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for connection in connections:
            connection.close()


def make_result(data: Path, width: int, height: int) -> int:
    """Leave a finished job in a studio's folder, before the studio starts; returns its number."""
    folder = Folder(data)
    database.migrate(folder.database)
    job = queue.enqueue(folder, queue.Order(None, [], Settings()), Limits())
    queue.claim(folder)
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * y % 251, (x + y) % 256, x ^ y], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(folder.result(job), compress_level=1)
    Image.fromarray(pixels[:48, :64]).save(folder.result_thumbnail(job))
    queue.finish(folder, job, (width, height), kept_early=False)
    return job


def request(address: str, method: str = "GET") -> bytes:
    """Write a request."""
    return f"{method} {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n".encode()
