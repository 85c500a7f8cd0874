"""How the command reacts to Ctrl-C, `kill` and a terminal that closes: a run ends with its picture, others at once."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_Handler = Callable[[int, FrameType | None], None]
_NOTICE = b"\nstopping after this step; a second Ctrl-C stops at once, without the picture\n"
_NOTHING_BEGUN = b"impasto: interrupted before the start: nothing was painted and nothing is written\n"
_AT_ONCE = "interrupted a second time: the picture is not written"
NOTHING_PAINTED = "interrupted before the first step: nothing was painted and nothing is written"
_SIGNAL_EXIT = 128  # a shell adds the signal's number to it
_HANG_UP = getattr(signal, "SIGHUP", None)  # Windows has none
_ENDING = tuple(filter(None, (signal.SIGINT, signal.SIGTERM, _HANG_UP)))
_STANDARD_STREAMS = range(3)


class Interrupted(KeyboardInterrupt):
    """A signal that ends the command at once.

    Args:
        exit_code: 128 and the signal's number.
        message: what became of the work.
    """

    def __init__(self, exit_code: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class StopFlag:
    """Turns true at the first SIGINT, SIGTERM or SIGHUP after `begin`, and says so; any other raises Interrupted.

    Args:
        quiet: whether to say nothing.
        notice: what to say at the first.
        at_once: what became of the work at a second.
    """

    def __init__(self, *, quiet: bool, notice: bytes = _NOTICE, at_once: str = _AT_ONCE) -> None:
        self._notice, self._at_once = notice, at_once
        self._number: int | None = None
        self._begun = False
        self._quiet = quiet
        self._terminals = [number for number in _STANDARD_STREAMS if os.isatty(number)]

    def __call__(self) -> bool:
        return self._number is not None

    def begin(self) -> None:
        """Say that there is work to be saved from now on."""
        self._begun = True

    @property
    def exit_code(self) -> int:
        """128 and the signal's number; 0 after none."""
        return 0 if self._number is None else _SIGNAL_EXIT + self._number

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if number == _HANG_UP:
            self._leave_terminals()
        if self._number is not None:
            raise Interrupted(_SIGNAL_EXIT + number, self._at_once)
        if not self._begun:
            raise Interrupted(_SIGNAL_EXIT + number, NOTHING_PAINTED)
        self._number = number
        if not self._quiet:
            _write(self._notice)

    def _leave_terminals(self) -> None:
        """Have what goes to a terminal that is gone go nowhere, since every write to it fails."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in self._terminals:
            os.dup2(nowhere, number)
        os.close(nowhere)


@contextmanager
def stop_on_signal(*, quiet: bool, notice: bytes = _NOTICE, at_once: str = _AT_ONCE) -> Iterator[StopFlag]:
    """Let the first SIGINT, SIGTERM or SIGHUP only set a flag, within this context and once work has begun.

    The arguments are those of `StopFlag`.
    """
    stop = StopFlag(quiet=quiet, notice=notice, at_once=at_once)
    with _handle(stop.receive, *_ENDING):
        yield stop


@contextmanager
def exit_on_interrupt() -> Iterator[None]:
    """Let these signals end the process, within this context: imports swallow or print a KeyboardInterrupt."""
    with _handle(_exit, *_ENDING):
        yield


def _exit(number: int, _frame: FrameType | None) -> None:
    _write(_NOTHING_BEGUN)
    os._exit(_SIGNAL_EXIT + number)


def _write(notice: bytes) -> None:
    """Write to stderr from within a handler, which may not use buffered streams."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # stderr is closed, or no file
        os.write(sys.stderr.fileno(), notice)


@contextmanager
def _handle(handler: _Handler, *numbers: signal.Signals) -> Iterator[None]:
    """Handle signals, within this context, but for those that the caller has ignored, as nohup does."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    before = {number: signal.getsignal(number) for number in numbers}
    heard = {number: previous for number, previous in before.items() if previous not in (signal.SIG_IGN, None)}
    for number in heard:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in heard.items():
            signal.signal(number, previous)
