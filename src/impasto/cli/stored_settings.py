"""The settings stored in a PNG made by Impasto: of one picture, or of each picture on a sweep's sheet."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from impasto.errors import ImageError
from impasto.settings import METADATA_KEY

SWEEP_KEY = "impasto:sweep"
"""The key of a sheet's metadata: `{"cells": [[cell, ...], ...]}`, rows of cells, each with its `settings` and more."""
_CELL_REFERENCE = re.compile(r"(?P<file>.+)#(?:(?P<row>\d{1,6}),)?(?P<column>\d{1,6})")


def read_stored_settings(source: str) -> dict[str, Any]:
    """Read the settings in a PNG file, by name.

    Args:
        source: a file, or a sweep's sheet and the position of a picture on it, counted from 1: `sheet.png#ROW,COLUMN`,
            or `sheet.png#COLUMN` where the sheet has one row.

    Raises:
        ImageError: the file cannot be read, or holds no settings, or has no picture at that position.
    """
    from impasto import images  # noqa: PLC0415 - `impasto --help` must not wait for Pillow

    # A file of that very name is preferred. Unlike Path.exists, this returns False for names that no file can have.
    cell = None if os.path.exists(source) else _CELL_REFERENCE.fullmatch(source)  # noqa: PTH110
    file = cell["file"] if cell else source
    texts = images.read_metadata(file)
    if cell or SWEEP_KEY in texts:
        return _read_cell(file, texts, cell)
    if METADATA_KEY not in texts:
        raise ImageError(f"{file} holds no settings", "Give a PNG file that Impasto wrote.")
    return _parse_object(file, texts[METADATA_KEY])


def _read_cell(file: str, texts: Mapping[str, str], cell: re.Match[str] | None) -> dict[str, Any]:
    if SWEEP_KEY not in texts:
        raise ImageError(f"{file} is not the sheet of a sweep", f"Give {file} without #.")
    cells = _parse_cells(file, texts[SWEEP_KEY])
    rows, columns = len(cells), len(cells[0])
    example = f"Name one as {file}#{rows},{columns} (row {rows}, column {columns})."
    if cell is None:
        raise ImageError(f"{file} holds the settings of {rows * columns} pictures", example)
    if cell["row"] is None and rows > 1:
        raise ImageError(f"{file} has {rows} rows of pictures", example)
    row, column = int(cell["row"] or 1), int(cell["column"])
    if not (1 <= row <= rows and 1 <= column <= columns):
        raise ImageError(f"{file} has no picture in row {row}, column {column}", example)
    return dict(cells[row - 1][column - 1]["settings"])


def _parse_cells(file: str, text: str) -> Sequence[Sequence[Mapping[str, Any]]]:
    cells = _parse_object(file, text).get("cells")
    if not (isinstance(cells, list) and cells and all(_is_row(row, like=cells[0]) for row in cells)):
        raise _damage_error(file)
    return cells


def _is_row(row: Any, like: Any) -> bool:
    """Whether this is a list of cells, each with its settings, as long as `like`."""
    if not (isinstance(row, list) and row and len(row) == len(like)):
        return False
    return all(isinstance(cell, dict) and isinstance(cell.get("settings"), dict) for cell in row)


def _parse_object(file: str, text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):  # also for numbers of too many digits, and lists nested too deep
        values = None
    if not isinstance(values, dict):
        raise _damage_error(file)
    return values


def _damage_error(file: str) -> ImageError:
    return ImageError(f"{file} holds settings that are damaged", "Give a PNG file as Impasto wrote it.")
