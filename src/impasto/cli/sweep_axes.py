"""`--over NAME=V1,V2,...`: the settings that a sweep varies, and how their combinations are arranged on its sheet."""

import difflib
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from impasto.errors import InputError
from impasto.settings import FORMER_NAMES, Settings
from impasto.settings.stored import portable_choice
from impasto.wording import option_name

SEPARATORS = "|;,"
"""The first of these that occurs separates the values: some settings' own values have commas in them."""

Choice = Mapping[str, str]
"""Settings by name, each with the one value of its axis, as the user wrote it."""


@dataclass(frozen=True)
class SweepAxis:
    """One setting and the values that it takes."""

    setting: str
    values: tuple[str, ...]

    @property
    def choices(self) -> list[Choice]:
        """Each value by itself."""
        return [{self.setting: value} for value in self.values]


@dataclass(frozen=True)
class GridCell:
    """One combination of values and its position on the sheet."""

    row: int
    """From 0, counted from the top of the sheet; `column` from the left."""
    column: int
    choice: Choice


@dataclass(frozen=True)
class SheetLayout:
    """The combinations, arranged on a sheet."""

    cells: tuple[GridCell, ...]
    """Row by row."""
    rows: tuple[str, ...]
    """The label of each row; empty where there is one row."""
    columns: tuple[str, ...]
    """The label of each column."""
    headings: Mapping[int, str]
    """The headings of the grids, by the index of their first row."""


def parse_axes(texts: Sequence[str], *, given: Collection[str], without: Collection[str] = ()) -> list[SweepAxis]:
    """Parse the axes that the command line names.

    Args:
        texts: `NAME=V1,V2,...` each, NAME as the command line writes a setting.
        given: settings that are given as options of their own.
        without: settings that do not apply to a sweep.

    Raises:
        InputError: one is not of that form, names no setting, a value is empty, or a setting is named twice.
    """
    axes: list[SweepAxis] = []
    for text in texts:
        axis = _parse_axis(text, without)
        if axis.setting in {other.setting for other in axes}:
            raise InputError(f"--over {_axis_name(axis.setting)} is given twice", "Give all its values in one --over.")
        if axis.setting in given:
            option = option_name(axis.setting)
            raise InputError(f"{option} is given beside --over {_axis_name(axis.setting)}", f"Leave out {option}.")
        axes.append(axis)
    return axes


def arrange_cells(axes: Sequence[SweepAxis]) -> SheetLayout:
    """Arrange the combinations: one axis runs across; of more, the first runs down and the second across.

    Each combination of the values of further axes has a grid of its own; the grids are stacked vertically.
    """
    down, across, beyond = (axes[0], axes[1], axes[2:]) if len(axes) > 1 else (None, axes[0], ())
    blocks = [_merge(choices) for choices in itertools.product(*(axis.choices for axis in beyond))]
    vertical = down.choices if down else [{}]
    rows = [{**row, **block} for block in blocks for row in vertical]
    return SheetLayout(
        cells=tuple(
            GridCell(row, column, {**choice, **across.choices[column]})
            for row, choice in enumerate(rows)
            for column in range(len(across.choices))
        ),
        rows=tuple(_label(row) for row in vertical) * len(blocks),
        columns=tuple(_label(choice) for choice in across.choices),
        headings={number * len(vertical): _label(block) for number, block in enumerate(blocks)},
    )


def format_choice(choice: Choice) -> str:
    """Format a choice as words: `content weight 0.3, style scale 2`."""
    parts = (f"{setting.replace('_', ' ')} {value.replace(',', ', ')}" for setting, value in choice.items())
    return ", ".join(parts)


def _label(choice: Choice) -> str:
    """Format a choice for the sheet, which may be passed on: without the folders of files."""
    return format_choice(portable_choice(choice))


def _merge(choices: Sequence[Choice]) -> Choice:
    return {setting: value for choice in choices for setting, value in choice.items()}


def _parse_axis(text: str, without: Collection[str]) -> SweepAxis:
    name, _, listed = text.partition("=")
    setting = _find_setting(name.strip(), without)
    separator = next((mark for mark in SEPARATORS if mark in listed), SEPARATORS[-1])
    values = tuple(value.strip() for value in listed.split(separator))
    if not all(values):
        problem = f"--over {text} has an empty value" if len(values) > 1 else f"--over {text} has no values"
        raise InputError(problem, f"Write it as --over {_axis_name(setting)}=V1{separator}V2.")
    return SweepAxis(setting, values)


def _find_setting(name: str, without: Collection[str]) -> str:
    setting = name.removeprefix("--").replace("-", "_")
    setting = FORMER_NAMES.get(setting, setting)
    known = [field for field in Settings.model_fields if field not in without]
    if setting in known:
        return setting
    close = difflib.get_close_matches(setting, known, n=1)
    hint = f"Did you mean '{_axis_name(close[0])}'?" if close else "`impasto sweep --help` lists the settings."
    raise InputError(f"--over '{name}' names no setting", hint)


def _axis_name(setting: str) -> str:
    """The name of a setting's option, without its dashes."""
    return option_name(setting).removeprefix("--")
