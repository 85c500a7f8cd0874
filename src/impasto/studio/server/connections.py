"""Closes connections that hold the server up: requests that do not arrive, answers that nobody reads, too many at once.

The server library has none of these limits but for the idle time between two requests of a connection.

A client that reads slowly gets its whole answer from about 6 kB/s on Linux, with `stall_seconds` of 30: systems take
and tell of what was read in large parts, and a slower client may seem to read nothing for so long.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import sys
from dataclasses import replace
from enum import IntEnum
from functools import partial
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from impasto.errors import InputError
from impasto.studio.limits import Limits

ACCEPTED_AT_ONCE = 16
"""Connections that the event loop accepts before it looks at their number."""
_SWEEP_SECONDS = 0.5
_FILES_BESIDE_CONNECTIONS = 112
"""Files that the server needs for its threads' databases, its worker processes and itself."""
_FILES_PER_CONNECTION = 2
"""A socket, and the file that an answer is read from."""
_FEWEST_CONNECTIONS = 8
_SEND_BUFFER = 2**18
"""Bytes of answers that the system keeps for a connection; it would keep megabytes for each that does not read."""
_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-type: application/json\r\n\r\n"
    b'{"problem": "the studio has too many connections", "hint": "Wait a moment, and try again."}'
)

_log = logging.getLogger("uvicorn.error")


class _State(IntEnum):
    """What a connection waits for; the first are the first to be closed where connections run short."""

    IDLE = 0
    """The next request, for which the server library has a time limit."""
    HEADERS = 1
    UNWANTED_BODY = 2
    """The rest of a request that is answered already."""
    BODY = 3
    ANSWER = 4
    """The application."""


class ConnectionGuard:
    """Keeps the number of connections, and the time that each waits for its client, below the limits.

    Args:
        limits: the number of connections and the times.
    """

    def __init__(self, limits: Limits) -> None:
        self._most = limits.connections
        self._connections: set[GuardedProtocol] = set()
        self._stall_seconds = limits.stall_seconds
        self._seconds = {
            _State.HEADERS: limits.header_seconds,
            _State.UNWANTED_BODY: limits.header_seconds,
            _State.BODY: max(limits.upload_seconds, limits.clip_upload_seconds)
            + limits.body_seconds,  # routes end theirs before, with an error
        }

    def protocol_class(self) -> type[asyncio.Protocol]:
        """Return what the server library calls to make the protocol of a new connection."""
        return cast("type[asyncio.Protocol]", partial(GuardedProtocol, self))

    def admit(self, new: "GuardedProtocol") -> None:
        """Count a new connection; close another one, or refuse it, if there are too many."""
        if len(self._connections) >= self._most and not self._close_one():
            new.transport.write(_REFUSAL)
            new.transport.close()
        self._connections.add(new)

    def release(self, closed: "GuardedProtocol") -> None:
        """Count a connection out."""
        self._connections.discard(closed)

    async def watch(self) -> None:
        """Close connections that wait for too long, until cancelled."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            for connection in [*self._connections]:
                connection.note_progress()
                most = self._stall_seconds if connection.unsent else self._seconds.get(connection.state)
                if most is not None and loop.time() - connection.progress_time > most:
                    self._close(connection)

    def _close_one(self) -> bool:
        """Close the connection that waits for its client for the longest; returns whether there was one."""
        for connection in self._connections:
            connection.note_progress()
        waiting = [it for it in self._connections if it.state != _State.ANSWER or it.is_stalled(2 * _SWEEP_SECONDS)]
        if waiting:
            self._close(min(waiting, key=lambda it: (it.state, it.progress_time)))
        return bool(waiting)

    def _close(self, connection: "GuardedProtocol") -> None:
        self.release(connection)  # its protocol hears of it only later
        connection.transport.abort()

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Make room where the system has no resources for a connection; it is accepted a second later."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in _OUT_OF_RESOURCES:
            _log.warning("a connection could not be accepted: %s", error.strerror)
            self._close_one()
        else:
            loop.default_exception_handler(context)


class GuardedProtocol(H11Protocol):
    """A connection that knows what it waits for and since when."""

    def __init__(self, guard: ConnectionGuard, **server: Any) -> None:
        super().__init__(**server)
        self._guard = guard
        self._awaited: tuple[_State, object] | None = None
        self.progress_time = 0.0
        """When it began to wait for what it waits for, or when the client last read a part of an answer."""
        self.unsent = 0
        """Bytes of answers that the system does not take because the client does not read."""
        self._unread = 0
        """These, and the bytes that the system holds for the client."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the base class has it
        """Begin to count the time for the first request."""
        super().connection_made(transport)
        with contextlib.suppress(OSError):  # gone already
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self.note_progress()
        self._guard.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the connection out."""
        self._guard.release(self)
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Note that so much was read that more is written, which a look at the bytes left would miss."""
        self.progress_time = self.loop.time()
        super().resume_writing()

    @property
    def state(self) -> _State:
        """What it waits for."""
        answered = self.cycle is None or self.cycle.response_complete
        if self.conn.their_state is h11.SEND_BODY:
            return _State.UNWANTED_BODY if answered else _State.BODY
        if not answered:
            return _State.ANSWER
        return _State.IDLE if self.timeout_keep_alive_task else _State.HEADERS

    def note_progress(self) -> None:
        """Note the time if the connection waits for something else than before, or if a part of an answer was read.

        What is read of an answer that the system holds whole does not count: the client has another request to finish.
        """
        unsent, awaited = self.transport.get_write_buffer_size(), (self.state, self.cycle)
        unread = unsent + _held_bytes(self.transport.get_extra_info("socket"))
        is_read = unread < self._unread and (unsent or self.state == _State.ANSWER)
        if is_read or (awaited != self._awaited and not unsent) or (unsent and not self.unsent):
            self.progress_time = self.loop.time()
        self.unsent, self._unread, self._awaited = unsent, unread, awaited

    def is_stalled(self, seconds: float) -> bool:
        """Tell whether its client has read nothing of an answer for some time."""
        return bool(self.unsent) and self.loop.time() - self.progress_time > seconds


def _held_bytes(connection: socket.socket) -> int:
    """Return how many bytes the system holds that the other side has not taken yet; 0 where it does not say.

    Linux takes further bytes only once a third of its buffer is free, which a slow reader needs a minute for.
    """
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):  # Windows; a connection that is closed
        import fcntl  # noqa: PLC0415
        import termios  # noqa: PLC0415

        return int.from_bytes(fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    return 0


def fit_to_system(limits: Limits) -> Limits:
    """Take as many connections as this process may open files for, and streams for half of them at most.

    Raises:
        InputError: so few files may be open that no studio can run.
    """
    files = _raise_file_limit(limits)
    connections = min(limits.connections, (files - _FILES_BESIDE_CONNECTIONS) // _FILES_PER_CONNECTION)
    if connections < _FEWEST_CONNECTIONS:
        raise InputError(f"only {files} files may be open at once", "Run `ulimit -n 1024` first.")
    return replace(limits, connections=connections, streams=min(limits.streams, connections // 2))


def _raise_file_limit(limits: Limits) -> int:
    """Let this process open as many files as its connections take, if the system allows; returns the limit."""
    wanted = _FILES_BESIDE_CONNECTIONS + _FILES_PER_CONNECTION * limits.connections
    try:
        import resource  # noqa: PLC0415
    except ImportError:  # Windows has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


class RareMessages(logging.Filter):
    """Lets each kind of message pass once a minute: whoever sends nonsense in a loop must not fill a disk with it."""

    def __init__(self, seconds: float = 60.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._times: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a message passes; one with a traceback always does."""
        last = self._times.get(record.msg, float("-inf"))
        if record.exc_info is None and record.created - last < self._seconds:
            return False
        self._times[record.msg] = record.created
        return True
