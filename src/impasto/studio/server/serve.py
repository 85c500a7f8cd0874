"""Runs the studio: one server per folder, its address printed, the browser opened."""

import asyncio
import ipaddress
import logging
import os
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import quote

import uvicorn
from filelock import FileLock, Timeout

from impasto.errors import InputError, OutputError
from impasto.studio.limits import Limits
from impasto.studio.server import connections
from impasto.studio.server.app import create_app
from impasto.studio.server.notifier import ChangeNotifier
from impasto.studio.store import cleanup, quota
from impasto.studio.store.folder import Folder

_SHUTDOWN_SECONDS = 2
"""Requests that take longer are cut off."""
_BACKLOG = 2048
"""Connections that the system holds until the server accepts them."""


@dataclass(frozen=True)
class ServerConfig:
    """Where a studio runs, and how it may be reached."""

    data: Path
    host: str
    port: int
    """0 for any free port."""
    token: str | None
    """None to generate one where other machines can reach the studio."""
    hosts: tuple[str, ...]
    """Host names that requests may use."""
    limits: Limits
    devices: tuple[str, ...]
    """A worker runs on each."""


def serve(config: ServerConfig, *, browser: bool, announce: Callable[[str], None]) -> None:
    """Run until interrupted.

    Raises:
        InputError: the address cannot be used.
        OutputError: the folder cannot be used, or another studio uses it.
    """
    folder = Folder(config.data)
    with _locked(folder), _listen(config.host, config.port) as listener:
        # A host name means that a proxy forwards requests of other machines.
        private = _is_loopback(config.host) and not config.hosts
        token = config.token or (None if private else secrets.token_urlsafe(24))
        limits = connections.fit_to_system(config.limits)
        guard = connections.ConnectionGuard(limits)
        app = create_app(folder, limits=limits, hosts=(*config.hosts, config.host), token=token, devices=config.devices)
        address = _address(config.host, listener.getsockname()[1]) + (f"?token={quote(token)}" if token else "")
        server = _Server(
            uvicorn.Config(
                app,
                http=guard.protocol_class(),
                ws="none",
                loop="asyncio",
                backlog=connections.ACCEPTED_AT_ONCE,
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
                lifespan="on",
            ),
            app.state.context.notifier,
            guard,
        )
        announce(f"The studio is at {address}\nCtrl-C ends it; the queue continues at the next start.")
        for aside in folder.aside_folders():
            announce(quota.describe_aside(aside))
        if browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Guards its connections, and ends the event streams on interrupt: otherwise each is cut off with a traceback."""

    def __init__(self, config: uvicorn.Config, notifier: ChangeNotifier, guard: connections.ConnectionGuard) -> None:
        super().__init__(config)
        self._notifier, self._guard = notifier, guard
        logging.getLogger("uvicorn.error").addFilter(connections.RareMessages())

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._watching = asyncio.create_task(self._guard.watch())
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(_BACKLOG)  # the library lets the system hold only as many as are accepted at once

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        self._watching.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._notifier.closing = True
        super().handle_exit(sig, frame)


@contextmanager
def _locked(folder: Folder) -> Iterator[None]:
    try:
        lock = FileLock(folder.server_lock, timeout=0)
        lock.acquire()
    except Timeout:
        problem = f"another studio uses the folder {folder.root}"
        raise OutputError(problem, "Use its page, or choose another folder with --data.") from None
    except OSError as error:
        raise cleanup.unusable_lock(folder.server_lock, error) from None
    try:
        yield
    finally:
        lock.release()


def _listen(host: str, port: int) -> socket.socket:
    """Open a listening socket before the server starts, so that the browser can connect at once."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):  # of a name that cannot be one
        raise InputError(f"there is no address '{host}' on this machine", "Choose another --host.") from None
    try:
        # The protocol is named, as asyncio sends small answers at once only where it is: else each request after the
        # first on a connection waits 40 ms for the other end's acknowledgment.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name != "nt":  # there it would share a port that is in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise InputError(
            f"{host}, port {port}, cannot be used: {error.strerror}", "Choose another --port; 0 takes any free one."
        ) from None
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(host: str, port: int) -> str:
    name = _own_address() if host in {"0.0.0.0", "::"} else host  # noqa: S104
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def _own_address() -> str:
    """Return the address under which other machines can reach this one; loopback where it has no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # for documentation only; a datagram socket sends nothing by this
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
