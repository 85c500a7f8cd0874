"""What Ctrl-C and `kill` do: leave at once while nothing has begun, end well while a picture is being made."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_Handler = Callable[[int, FrameType | None], None]
_STOPPING = b"\nstopping after this step; once more to stop at once, without the picture\n"
_SIGNALLED = 128  # a shell adds the signal's number to it


class Stop:
    """Turns true at the first SIGINT or SIGTERM, and says so; a second one raises KeyboardInterrupt."""

    def __init__(self, *, quiet: bool) -> None:
        self._number: int | None = None
        self._quiet = quiet

    def __call__(self) -> bool:
        return self._number is not None

    @property
    def exit_code(self) -> int:
        """130 after SIGINT, 143 after SIGTERM, 0 after none."""
        return 0 if self._number is None else _SIGNALLED + self._number

    def receive(self, number: int, _frame: FrameType | None) -> None:
        if self._number is not None:
            raise KeyboardInterrupt
        self._number = number
        if not self._quiet:
            os.write(sys.stderr.fileno(), _STOPPING)  # a handler may not use buffered streams


@contextmanager
def stopping(*, quiet: bool) -> Iterator[Stop]:
    """While inside, the first SIGINT or SIGTERM only sets the flag that is given."""
    stop = Stop(quiet=quiet)
    with _handling(stop.receive, signal.SIGINT, signal.SIGTERM):
        yield stop


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """While inside, SIGINT ends the process: imports swallow a KeyboardInterrupt or print it as a traceback."""
    with _handling(_leave, signal.SIGINT):
        yield


def _leave(number: int, _frame: FrameType | None) -> None:
    os._exit(_SIGNALLED + number)


@contextmanager
def _handling(handler: _Handler, *numbers: signal.Signals) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
