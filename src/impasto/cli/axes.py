"""`--over NAME=V1,V2,...`: the settings that a sweep goes through, and how their combinations lie on its sheet."""

import difflib
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from impasto.errors import InputError
from impasto.settings import FORMER_NAMES, Settings, option_name

SEPARATORS = "|;,"
"""The first of these that occurs separates the values: some settings' own values have commas in them."""

Choice = Mapping[str, str]
"""Settings by name, each with the one value of its axis, as the user wrote it."""


@dataclass(frozen=True)
class Axis:
    """One setting and the values that it takes."""

    setting: str
    values: tuple[str, ...]

    @property
    def choices(self) -> list[Choice]:
        """Each value by itself."""
        return [{self.setting: value} for value in self.values]


@dataclass(frozen=True)
class Place:
    """Where a combination stands on the sheet."""

    row: int
    """From 0, from the top of the sheet; `column` from the left."""
    column: int
    choice: Choice


@dataclass(frozen=True)
class Plan:
    """How the combinations lie on a sheet."""

    cells: tuple[Place, ...]
    """Row by row."""
    rows: tuple[str, ...]
    """Of each row its label; empty where there is one row."""
    columns: tuple[str, ...]
    """Of each column its label."""
    headings: Mapping[int, str]
    """What is written above the rows that begin another grid, by their index."""


def parse(texts: Sequence[str], *, given: Collection[str], without: Collection[str] = ()) -> list[Axis]:
    """The axes that the command line names.

    Args:
        texts: `NAME=V1,V2,...` each, NAME as the command line writes a setting.
        given: settings that stand as options of their own.
        without: settings that mean nothing to a sweep.

    Raises:
        InputError: one is not of that form, names no setting, a value is empty, or a setting is named twice.
    """
    axes: list[Axis] = []
    for text in texts:
        axis = _axis(text, without)
        if axis.setting in {other.setting for other in axes}:
            raise InputError(f"--over {_written(axis.setting)} is given twice", "Give all its values in one --over.")
        if axis.setting in given:
            option = option_name(axis.setting)
            raise InputError(f"{option} is given beside --over {_written(axis.setting)}", f"Leave out {option}.")
        axes.append(axis)
    return axes


def plan(axes: Sequence[Axis]) -> Plan:
    """Lay out the combinations: one axis goes across; of more, the first goes down and the second across.

    Each combination of the values of further axes has a grid of its own; the grids stand one under another.
    """
    down, across, beyond = (axes[0], axes[1], axes[2:]) if len(axes) > 1 else (None, axes[0], ())
    blocks = [_joined(choices) for choices in itertools.product(*(axis.choices for axis in beyond))]
    vertical = down.choices if down else [{}]
    rows = [{**row, **block} for block in blocks for row in vertical]
    return Plan(
        cells=tuple(
            Place(row, column, {**choice, **across.choices[column]})
            for row, choice in enumerate(rows)
            for column in range(len(across.choices))
        ),
        rows=tuple(label(row) for row in vertical) * len(blocks),
        columns=tuple(label(choice) for choice in across.choices),
        headings={number * len(vertical): label(block) for number, block in enumerate(blocks)},
    )


def label(choice: Choice) -> str:
    """What the sheet says of a choice: `content weight 0.3, style scale 2`."""
    parts = (f"{setting.replace('_', ' ')} {value.replace(',', ', ')}" for setting, value in choice.items())
    return ", ".join(parts)


def _joined(choices: Sequence[Choice]) -> Choice:
    return {setting: value for choice in choices for setting, value in choice.items()}


def _axis(text: str, without: Collection[str]) -> Axis:
    name, _, listed = text.partition("=")
    setting = _setting(name.strip(), without)
    separator = next((mark for mark in SEPARATORS if mark in listed), SEPARATORS[-1])
    values = tuple(value.strip() for value in listed.split(separator))
    if not all(values):
        problem = f"--over {text} has an empty value" if len(values) > 1 else f"--over {text} has no values"
        raise InputError(problem, f"Write it as --over {_written(setting)}=V1{separator}V2.")
    return Axis(setting, values)


def _setting(name: str, without: Collection[str]) -> str:
    setting = name.removeprefix("--").replace("-", "_")
    setting = FORMER_NAMES.get(setting, setting)
    known = [field for field in Settings.model_fields if field not in without]
    if setting in known:
        return setting
    close = difflib.get_close_matches(setting, known, n=1)
    hint = f"Did you mean '{_written(close[0])}'?" if close else "`impasto sweep --help` lists the settings."
    raise InputError(f"--over '{name}' names no setting", hint)


def _written(setting: str) -> str:
    """As the command line writes a setting, less the dashes before it."""
    return option_name(setting).removeprefix("--")
