"""The three standard streams, whatever became of them: closed, broken, or unable to encode a name."""

import codecs
import contextlib
import io
import json
import math
import os
import sys
from collections.abc import Mapping
from typing import IO, Any, TextIO, cast

from impasto.errors import OutputError
from impasto.storage.names import to_text

STREAM = "\0-"
"""Replaces a `-` among the arguments: no file can have this name, and the parser does not take it for an option."""


_OWN_BYTES = "impasto-own-bytes"
"""How stdout encodes what its encoding lacks: as the bytes that the system's files have in their names."""


def prepare_streams() -> None:
    """Open those of the standard streams that are closed, and let stdout take any name.

    Until then the next file that is opened gets a closed stream's number, and messages would be written into it: in
    this process, and in those that it starts.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number, which is this one
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - open to the end
    codecs.register_error(_OWN_BYTES, _encode_as_name)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=_OWN_BYTES)


def _encode_as_name(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    try:
        return os.fsencode(text), error.end
    except UnicodeEncodeError:  # not even a name
        return text.encode("ascii", "backslashreplace"), error.end


def silence(stream: TextIO) -> None:
    """Redirect a stream to the null device: nothing reads it, and Python would fail again at its last flush."""
    with contextlib.suppress(OSError, ValueError):  # no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class _StatusStream(io.TextIOBase):
    """Stderr as it is now, except that it never fails: a message that nobody reads must not end a run."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of stderr."""
        return self._stream.encoding

    def fileno(self) -> int:
        """The number of stderr's descriptor."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream.isatty()

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        try:
            self._stream.write(text)
        except OSError:
            silence(self._stream)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, if that is possible."""
        try:
            self._stream.flush()
        except OSError:
            silence(self._stream)


def status_stream() -> IO[str]:
    """Give stderr as a stream that never fails."""
    return cast("IO[str]", _StatusStream())


def print_result(line: str) -> None:
    """Write a line of result to stdout, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Write a line of JSON to stdout, at once."""
    print_result(json.dumps(_to_json(value), allow_nan=False))


def _to_json(value: Any) -> Any:
    """Replace what JSON lacks: infinity, NaN, names that are no text, mappings and sequences but its own two."""
    if isinstance(value, Mapping):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, str):
        return to_text(value)
    if isinstance(value, list | tuple):
        return [_to_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_status(line: str) -> None:
    """Write a line for the person at the terminal to stderr, if anybody can read it there."""
    stream = status_stream()
    stream.write(line + "\n")
    stream.flush()


def read_stdin() -> bytes:
    """Read all of stdin."""
    return sys.stdin.buffer.read()


def check_stdout() -> None:
    """Refuse to write a picture's bytes to a terminal, or to nowhere.

    Raises:
        OutputError: stdout is a terminal, or was closed from the beginning.
    """
    if getattr(sys.stdout, "name", None) == os.devnull:  # as `prepare_streams` opened it
        raise OutputError("stdout is closed, and -o - would write the picture to it", "Pipe it, or name a file.")
    if sys.stdout.isatty():
        raise OutputError("-o - would write a picture's bytes to the terminal", "Pipe them, or name a file.")


def write_stdout(content: bytes) -> None:
    """Write bytes to stdout, at once."""
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
