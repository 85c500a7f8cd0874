"""The three standard streams."""

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from impasto.errors import OutputError

STREAM = "\0-"
"""Replaces a `-` among the arguments: no file can have this name, and the parser does not take it for an option."""


def print_result(line: str) -> None:
    """Write a line of result to stdout, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Write a line of JSON to stdout, at once."""
    print_result(json.dumps(_to_json(value), allow_nan=False))


def _to_json(value: Any) -> Any:
    """Replace what JSON lacks: infinity, NaN, and any mapping or sequence but its own two."""
    if isinstance(value, Mapping):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_status(line: str) -> None:
    """Write a line for the person at the terminal to stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def read_stdin() -> bytes:
    """Read all of stdin."""
    return sys.stdin.buffer.read()


def check_stdout() -> None:
    """Refuse to write a picture's bytes to a terminal.

    Raises:
        OutputError: stdout is a terminal.
    """
    if sys.stdout.isatty():
        raise OutputError("-o - would write a picture's bytes to the terminal", "Pipe them, or name a file.")


def write_stdout(content: bytes) -> None:
    """Write bytes to stdout, at once."""
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
