"""The settings that a PNG of Impasto's carries: of one picture, or of each picture on a sweep's sheet."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from impasto.errors import ImageError
from impasto.settings import METADATA_KEY

SWEEP_KEY = "impasto:sweep"
"""Under which a sheet carries `{"cells": [[cell, ...], ...]}`, rows of cells, each with its `settings` among others."""
_PLACE = re.compile(r"(?P<file>.+)#(?:(?P<row>\d{1,6}),)?(?P<column>\d{1,6})")


def read(source: str) -> dict[str, Any]:
    """The settings in a PNG file, by name.

    Args:
        source: a file, or a sweep's sheet and the place of a picture in it, counted from 1: `sheet.png#ROW,COLUMN`, or
            `sheet.png#COLUMN` where the sheet has one row.

    Raises:
        ImageError: the file cannot be read, or holds no settings, or has no picture at that place.
    """
    from impasto import images  # noqa: PLC0415 - `impasto --help` must not wait for Pillow

    # A file may be called that; then it is meant. Unlike Path.exists, this says no of names that can name no file.
    place = None if os.path.exists(source) else _PLACE.fullmatch(source)  # noqa: PTH110
    file = place["file"] if place else source
    texts = images.read_metadata(file)
    if place or SWEEP_KEY in texts:
        return _of_cell(file, texts, place)
    if METADATA_KEY not in texts:
        raise ImageError(f"{file} holds no settings", "Give a PNG file that Impasto wrote.")
    return _mapping(file, texts[METADATA_KEY])


def _of_cell(file: str, texts: Mapping[str, str], place: re.Match[str] | None) -> dict[str, Any]:
    if SWEEP_KEY not in texts:
        raise ImageError(f"{file} is not the sheet of a sweep", f"Give {file} without #.")
    cells = _cells(file, texts[SWEEP_KEY])
    rows, columns = len(cells), len(cells[0])
    example = f"Name one as {file}#{rows},{columns} (row {rows}, column {columns})."
    if place is None:
        raise ImageError(f"{file} holds the settings of {rows * columns} pictures", example)
    if place["row"] is None and rows > 1:
        raise ImageError(f"{file} has {rows} rows of pictures", example)
    row, column = int(place["row"] or 1), int(place["column"])
    if not (1 <= row <= rows and 1 <= column <= columns):
        raise ImageError(f"{file} has no picture in row {row}, column {column}", example)
    found = cells[row - 1][column - 1]["settings"]
    return dict(found)


def _cells(file: str, text: str) -> Sequence[Sequence[Mapping[str, Any]]]:
    cells = _mapping(file, text).get("cells")
    if not (isinstance(cells, list) and cells and all(_is_row(row, like=cells[0]) for row in cells)):
        raise _damaged(file)
    return cells


def _is_row(row: Any, like: Any) -> bool:
    """Whether this is a list of cells, each with its settings, as long as another."""
    if not (isinstance(row, list) and row and len(row) == len(like)):
        return False
    return all(isinstance(cell, dict) and isinstance(cell.get("settings"), dict) for cell in row)


def _mapping(file: str, text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError:
        values = None
    if not isinstance(values, dict):
        raise _damaged(file)
    return values


def _damaged(file: str) -> ImageError:
    return ImageError(f"{file} holds settings that are damaged", "Give a PNG file as Impasto wrote it.")
