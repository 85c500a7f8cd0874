"""Jobs from a table: a row each, in a CSV, TOML or JSON lines file."""

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from impasto.errors import ImpastoError, InputError
from impasto.settings import INIT_IMAGES
from impasto.settings.stored import FILE_SETTINGS
from impasto.storage.paths import is_file

SUFFIXES = (".csv", ".toml", ".jsonl")
_TABLE_HEAD = re.compile(r"^[ \t]*\[\[[ \t]*job[ \t]*\]\]", re.MULTILINE)


@dataclass(frozen=True)
class TableRow:
    """A row: the photograph, its paintings, the name of the result and the settings that it states."""

    place: str
    """`line 3`, for messages."""
    photo: Path = field(default_factory=Path)
    folder: PurePath = field(default_factory=PurePath)
    """Of the photograph, within that of the table; none where it is outside."""
    styles: tuple[Path, ...] = ()
    output: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    error: ImpastoError | None = None
    """What is wrong with the row by itself."""


def read_table(file: Path) -> list[TableRow]:
    """Read the rows of a table. Relative paths are relative to the folder of the file.

    Columns are `photo`, `style` (one painting or several: a list, or in CSV names with commas between them), `output`,
    and any setting by its name. An empty cell of a CSV file states nothing.

    Raises:
        InputError: the file cannot be read, or is no table at all.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{file} is no table of jobs by its name", f"It is to end in {', '.join(SUFFIXES)}.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{file} does not exist", "Check the path.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{file} cannot be read: {reason}", "Give a text file in UTF-8.") from None
    readers = {".csv": _read_csv, ".toml": _read_toml, ".jsonl": _read_json_lines}
    rows = [_row(place, found, file.parent, split=suffix == ".csv") for place, found in readers[suffix](text, file)]
    if not rows:
        raise InputError(f"{file} has no rows", "Give it a row for each job.")
    return rows


Found = Iterator[tuple[str, Any]]
"""Where each row is, and its values by column, or the error that it has."""


def _read_csv(text: str, file: Path) -> Found:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    try:
        columns = [column.strip() for column in reader.fieldnames or ()]
        if "photo" not in columns:
            raise InputError(f"{file} has no column `photo` in its first line", "Name the columns there.")
        if len(set(columns)) < len(columns):
            raise InputError(f"{file} names a column twice in its first line", "Name each once.")
        reader.fieldnames = columns
        for row in reader:
            place = f"line {reader.line_num}"
            if None in row:
                yield place, InputError(f"it has more than {len(columns)} cells", "Put what has a comma in quotes.")
                continue
            yield place, {name: cell.strip() for name, cell in row.items() if cell and cell.strip()}
    except csv.Error as error:
        yield f"line {reader.line_num}", InputError(f"it cannot be read: {error}", "Check its quotes.")


def _read_toml(text: str, file: Path) -> Found:
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is not valid TOML: {error}", "Correct the file at that place.") from None
    jobs = found.pop("job", None)
    if found or not isinstance(jobs, list):
        extra = f"`{next(iter(found))}` beside" if found else "no"
        raise InputError(f"{file} has {extra} tables [[job]]", "Begin each job with a line [[job]].")
    heads = [text.count("\n", 0, match.start()) + 1 for match in _TABLE_HEAD.finditer(text)]
    for index, job in enumerate(jobs):
        place = f"line {heads[index]}" if len(heads) == len(jobs) else f"job {index + 1}"
        yield place, job


def _read_json_lines(text: str, file: Path) -> Found:  # noqa: ARG001 - as the others
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except (ValueError, RecursionError) as error:
                yield f"line {number}", InputError(f"it is not valid JSON: {error}", "Write one object a line.")


def _row(place: str, found: Any, folder: Path, *, split: bool) -> TableRow:
    if isinstance(found, ImpastoError):
        return TableRow(place, error=found)
    try:
        return _parse(place, found, folder, split=split)
    except ImpastoError as error:
        return TableRow(place, error=error)


def _parse(place: str, found: Any, folder: Path, *, split: bool) -> TableRow:
    if not isinstance(found, dict):
        raise InputError("it is not an object", 'Write it as {"photo": "cat.jpg", "style": "wave.jpg"}.')
    values = {name: value for name, value in found.items() if value is not None}
    photo, styles, output = (values.pop(name, "") for name in ("photo", "style", "output"))
    if not (isinstance(photo, str) and photo):
        raise InputError("it names no photograph", "Fill in `photo`.")
    if not isinstance(output, str):
        raise InputError("`output` is not a name", "Give the name of a file.")
    if isinstance(styles, str):
        styles = _split(styles) if split else [styles] if styles else []
    if not (isinstance(styles, list) and all(isinstance(style, str) and style for style in styles)):
        raise InputError("`style` is neither a name nor a list of names", "Give the names of paintings.")
    for name in (*FILE_SETTINGS, "recipe"):
        if name in values:
            values[name] = _resolve(name, values[name], folder)
    return TableRow(
        place,
        _within(folder, photo),
        _folder_within(photo),
        tuple(_within(folder, style) for style in styles),
        output,
        values,
    )


def _split(names: str) -> list[str]:
    """Split names at the commas outside double quotes."""
    try:
        return [name.strip() for name in next(csv.reader([names], skipinitialspace=True, strict=True), [])]
    except csv.Error:
        problem = f"the file names in {names!r} cannot be told apart"
        raise InputError(problem, "Put a name that contains a comma in double quotes.") from None


def _within(folder: Path, name: str) -> Path:
    return folder / Path(name).expanduser()


def _folder_within(name: str) -> PurePath:
    """Give the folder of a name that leads to somewhere within the folder that it is relative to."""
    path = Path(name).expanduser()
    return PurePath() if path.is_absolute() or ".." in path.parts else path.parent


def _resolve(name: str, value: Any, folder: Path) -> Any:
    """Give a setting's files relative to the table's folder; names that are no files of it stay as they are."""
    if name == "mask":
        names = _split(value) if isinstance(value, str) else value
        return [str(_within(folder, it)) for it in names] if isinstance(names, list) else value
    if not isinstance(value, str) or (name == "init" and value in INIT_IMAGES):
        return value
    path = _within(folder, value)
    return str(path) if is_file(path) else value
