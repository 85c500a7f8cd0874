"""How the command reacts to Ctrl-C and `kill`: it exits at once before a run, and ends a run with its picture."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_Handler = Callable[[int, FrameType | None], None]
_NOTICE = b"\nstopping after this step; a second Ctrl-C stops at once, without the picture\n"
_SIGNAL_EXIT = 128  # a shell adds the signal's number to it


class StopFlag:
    """Turns true at the first SIGINT or SIGTERM, and says so; a second one raises KeyboardInterrupt."""

    def __init__(self, *, quiet: bool) -> None:
        self._number: int | None = None
        self._quiet = quiet

    def __call__(self) -> bool:
        return self._number is not None

    @property
    def exit_code(self) -> int:
        """130 after SIGINT, 143 after SIGTERM, 0 after none."""
        return 0 if self._number is None else _SIGNAL_EXIT + self._number

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if self._number is not None:
            raise KeyboardInterrupt
        self._number = number
        if not self._quiet:
            os.write(sys.stderr.fileno(), _NOTICE)  # a handler may not use buffered streams


@contextmanager
def stop_on_signal(*, quiet: bool) -> Iterator[StopFlag]:
    """Let the first SIGINT or SIGTERM only set a flag, within this context."""
    stop = StopFlag(quiet=quiet)
    with _handle(stop.receive, signal.SIGINT, signal.SIGTERM):
        yield stop


@contextmanager
def exit_on_interrupt() -> Iterator[None]:
    """Let SIGINT end the process, within this context: imports swallow a KeyboardInterrupt or print a traceback."""
    with _handle(_exit, signal.SIGINT):
        yield


def _exit(number: int, _frame: FrameType | None) -> None:
    os._exit(_SIGNAL_EXIT + number)


@contextmanager
def _handle(handler: _Handler, *numbers: signal.Signals) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
