"""The pictures that a command reads."""

from collections.abc import Sequence

from impasto import images
from impasto.cli import terminal
from impasto.cli.terminal import STREAM
from impasto.errors import InputError


def check_stdin(sources: Sequence[str]) -> None:
    """Refuse to read two pictures from stdin.

    Raises:
        InputError: more than one of the sources is stdin.
    """
    if sources.count(STREAM) > 1:
        raise InputError("stdin can supply one picture only", "Name a file for the others.")


def read_picture(source: str) -> images.Picture:
    """Read a picture from a file or stdin.

    Raises:
        ImageError: it cannot be read.
    """
    return images.read(terminal.read_stdin(), name="stdin") if source == STREAM else images.read(source)
