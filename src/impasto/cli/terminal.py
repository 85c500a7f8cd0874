"""The three standard streams."""

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from impasto.errors import OutputError

STREAM = "\0-"
"""Stands for a `-` among the arguments: no file can have this name, and the parser does not take it for an option."""


def tell(line: str) -> None:
    """Write a line of result to stdout, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tell_json(value: Any) -> None:
    """Write a line of JSON to stdout, at once."""
    tell(json.dumps(_plain(value), allow_nan=False))


def _plain(value: Any) -> Any:
    """JSON has no infinity, no NaN, and one kind of mapping and of list."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def say(line: str) -> None:
    """Write a line for the person at the terminal to stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def read_stdin() -> bytes:
    return sys.stdin.buffer.read()


def check_stdout() -> None:
    """Refuse to pour a picture's bytes onto a terminal.

    Raises:
        OutputError: stdout is a terminal.
    """
    if sys.stdout.isatty():
        raise OutputError(
            "-o - would write a picture's bytes onto the terminal", "Pipe them into a program, or name a file."
        )


def write_stdout(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
