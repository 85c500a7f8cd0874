"""The pictures that a command reads."""

import re
from collections.abc import Sequence
from pathlib import Path

from impasto import images
from impasto.cli import terminal
from impasto.cli.terminal import STREAM
from impasto.engine import style_file
from impasto.engine.style_file import LoadedStyle
from impasto.errors import ImageError, ImpastoError, InputError
from impasto.images import formats
from impasto.storage.paths import is_file

_MANY = 12
"""Paintings that are mixed on purpose, without a word on how much each counts."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def check_stdin(sources: Sequence[str]) -> None:
    """Refuse to read two pictures from stdin.

    Raises:
        InputError: more than one of the sources is stdin.
    """
    if sources.count(STREAM) > 1:
        raise InputError("stdin can supply one picture only", "Name a file for the others.")


def check_count(paintings: Sequence[str], *, weighed: bool) -> None:
    """Refuse more paintings than anyone mixes: `impasto *.jpg painting.jpg` takes all photographs but one for them.

    Args:
        paintings: as they were named.
        weighed: whether each was given a weight or a mask, as who means it does.

    Raises:
        InputError: there are too many.
    """
    if len(paintings) > _MANY and not weighed:
        raise InputError(
            f"{len(paintings)} paintings were given: the first picture is the photograph, all others are paintings",
            "To paint many photographs, run it for each; to mix so many paintings, weigh them with --style-blend.",
        )


def check_no_film(photo: str, paintings: Sequence[str]) -> None:
    """Refuse a film as a photograph, with the command that paints it, or as a painting.

    Raises:
        InputError: one is.
    """
    if _is_film(photo):
        raise InputError(f"{photo} is a film", "Paint it with `impasto video`.")
    for painting in paintings:
        if _is_film(painting):
            raise InputError(
                f"{painting} is a film, and a painting is a still picture", "Export a frame of it, and give that."
            )


def _is_film(source: str) -> bool:
    path = Path(source).expanduser()
    if source == STREAM or not is_file(path) or style_file.is_style(path):
        return False
    try:
        with path.open("rb") as file:
            if formats.recognize(file.read(formats.HEAD)) is not None:
                return False
        from impasto.video.read.sources import open_clip  # noqa: PLC0415 - few pictures are films

        open_clip(path)
    except (ImpastoError, OSError):  # whoever reads it as a picture says what is wrong
        return False
    return True


def check_sources(sources: Sequence[str], *, output: str | None) -> None:
    """Refuse what cannot be read, before a word about outputs whose names derive from it.

    Raises:
        ImageError: a picture does not exist, or is an address.
        InputError: a picture is given twice, or the last is meant as the result.
    """
    for number, source in enumerate(sources):
        if source == STREAM:
            continue
        if _ADDRESS.match(source):
            raise ImageError(f"{source} is an address, and addresses are not taken", "Download the picture first.")
        if source in sources[:number] and number > 1:
            raise InputError(f"{source} is given twice", "Leave it out, or weigh the paintings with --style-blend.")
        if not Path(source).expanduser().exists():
            last = number == len(sources) - 1 and number > 1 and output is None
            if last and Path(source).suffix.lower() in images.SUFFIXES:
                raise ImageError(f"{source} does not exist", f"If it is the result, write -o {source}.")
            raise ImageError(f"{source} does not exist", "Check the path.")


def read_picture(source: str) -> images.Picture:
    """Read a picture from a file or stdin.

    Raises:
        ImageError: it cannot be read.
    """
    return images.read(terminal.read_stdin(), name="stdin") if source == STREAM else images.read(source)


def read_style_input(source: str) -> LoadedStyle:
    """Read a painting or a style file from a file or stdin.

    Raises:
        ImageError: it cannot be read.
    """
    given: str | bytes = terminal.read_stdin() if source == STREAM else source
    return style_file.read_style_input(given, name="stdin" if source == STREAM else None)
