"""Opens the studio: one server for a folder, the address told, the browser opened."""

import ipaddress
import logging
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout

from impasto.errors import InputError, OutputError
from impasto.studio.app import create_app
from impasto.studio.folder import Folder
from impasto.studio.pictures import Limits

_SHUTDOWN_SECONDS = 1
"""Open event streams would otherwise keep the server from ending."""
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


def serve(place: Place, *, browser: bool, tell: Callable[[str], None]) -> None:
    """Run until it is told to stop.

    Raises:
        InputError: the address cannot be used.
        OutputError: the folder cannot be used, or another studio uses it.
    """
    folder = Folder(place.data)
    lock = FileLock(folder.server_lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        problem = f"another studio uses the folder {place.data}"
        raise OutputError(problem, "Use its page, or choose another folder with --data.") from None
    with lock, _listening(place.host, place.port) as listener:
        token = place.token or (None if _is_loopback(place.host) else secrets.token_urlsafe(24))
        limits = Limits(folder_bytes=int(place.quota_gigabytes * 1e9))
        app = create_app(folder, limits=limits, hosts=(*place.hosts, place.host), token=token)
        address = _address(place.host, listener.getsockname()[1]) + (f"?token={token}" if token else "")
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
                lifespan="on",
            )
        )
        tell(f"The studio is at {address}\nCtrl-C ends it; what is queued goes on next time.")
        if browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens already: a browser that is opened at once finds it."""
    try:
        family, *_, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
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
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}/"
