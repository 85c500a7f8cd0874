"""Opens the studio: one server for a folder, the address told, the browser opened."""

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
from impasto.studio.app import create_app
from impasto.studio.feed import Feed
from impasto.studio.folder import Folder
from impasto.studio.pictures import Limits

_SHUTDOWN_SECONDS = 2
"""Whoever is still being answered then is cut off."""
_BACKLOG = 128


@dataclass(frozen=True)
class Place:
    """Where a studio is to be."""

    data: Path
    host: str
    port: int
    """0 for any that is free."""
    token: str | None
    """None for one that is made up where the host is not this machine's own."""
    hosts: tuple[str, ...]
    """Names under which it may be asked for."""
    quota_gigabytes: float
    devices: tuple[str, ...]
    """A painter works on each."""


def serve(place: Place, *, browser: bool, tell: Callable[[str], None]) -> None:
    """Run until it is told to stop.

    Raises:
        InputError: the address cannot be used.
        OutputError: the folder cannot be used, or another studio uses it.
    """
    folder = Folder(place.data)
    with _alone(folder), _listening(place.host, place.port) as listener:
        # A name of its own means that something passes on what others ask.
        private = _is_loopback(place.host) and not place.hosts
        token = place.token or (None if private else secrets.token_urlsafe(24))
        limits = Limits(folder_bytes=int(place.quota_gigabytes * 1e9))
        app = create_app(folder, limits=limits, hosts=(*place.hosts, place.host), token=token, devices=place.devices)
        address = _address(place.host, listener.getsockname()[1]) + (f"?token={quote(token)}" if token else "")
        server = _Server(
            uvicorn.Config(
                app,
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
                lifespan="on",
            ),
            app.state.studio.feed,
        )
        tell(f"The studio is at {address}\nCtrl-C ends it; what is queued goes on next time.")
        if browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends the streams of events when it is told to stop; they would otherwise be cut off, with a traceback each."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._feed.ended = True
        super().handle_exit(sig, frame)


@contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    try:
        with FileLock(folder.server_lock, timeout=0):
            yield
    except Timeout:
        problem = f"another studio uses the folder {folder.root}"
        raise OutputError(problem, "Use its page, or choose another folder with --data.") from None


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens already: a browser that is opened at once finds it."""
    try:
        family, *_, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
        if os.name != "nt":  # there it would share the port with whoever has it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise InputError(
            f"{host}, port {port}, cannot be used: {error.strerror}", "Choose another --port; 0 takes any that is free."
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
    """Under which other machines of the network know this one; loopback where it has no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # for documentation only; a datagram socket sends nothing by this
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
