"""How a sweep is shown while it runs: lines or a bar for people, lines of JSON for programs."""

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from impasto.cli.display.text import format_estimate
from impasto.cli.options import OutputOptions
from impasto.cli.sweep_axes import GridCell, format_choice
from impasto.cli.terminal import print_json, print_result, print_status, status_stream
from impasto.engine.estimate import Estimate
from impasto.engine.events import Finished, Step
from impasto.engine.progress import format_seconds
from impasto.errors import ImpastoError, count_noun
from impasto.settings import Settings
from impasto.sizing import Size
from impasto.storage.names import json_fields
from impasto.wording import COMMAND


@dataclass(frozen=True)
class SweepCell:
    """One picture of a sweep."""

    number: int
    """From 1, in the order of painting."""
    position: GridCell
    settings: Settings
    size: Size


@dataclass(frozen=True)
class SweepSummary:
    """How a sweep ended."""

    path: Path | None
    """The sheet's file; None if it went to stdout, or if no picture was finished."""
    painted: int
    cells: int
    stopped: bool
    elapsed: float


class SweepDisplay(Protocol):
    """Shows a sweep; entered before the first picture and left after the last."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def plan(self) -> None:
        """Show what the sweep would do, where it is not run: this is the command's result."""

    def on_step(self, cell: SweepCell, event: Step) -> None:
        """Show an iteration of a picture."""

    def on_finished(self, cell: SweepCell, event: Finished, path: Path | None) -> None:
        """Show that a picture is finished; `path` is its own file, if it has one."""

    def on_failed(self, cell: SweepCell, error: ImpastoError) -> None:
        """Show that a picture could not be painted."""

    def finish(self, summary: SweepSummary) -> None:
        """Show the end, after the sheet is written."""


def choose_sweep_display(options: OutputOptions, cells: Sequence[SweepCell], estimate: Estimate) -> SweepDisplay:
    """Choose what the user asked for and the terminal can show; `estimate` is that of all cells."""
    if options.json:
        return SweepJsonLines(len(cells), estimate)
    if options.quiet:
        return SweepNullDisplay()
    return SweepBar(cells, estimate) if sys.stderr.isatty() else SweepLines(cells, estimate)


class SweepNullDisplay:
    """Shows nothing but failures."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def plan(self) -> None:
        pass

    def on_step(self, cell: SweepCell, event: Step) -> None:
        pass

    def on_finished(self, cell: SweepCell, event: Finished, path: Path | None) -> None:
        pass

    def on_failed(self, cell: SweepCell, error: ImpastoError) -> None:
        print_status(f"impasto: error: {format_choice(cell.position.choice)}: {error.message_for(COMMAND)}")

    def finish(self, summary: SweepSummary) -> None:
        pass


class SweepJsonLines(SweepNullDisplay):
    """One object for the start, one for each picture, and one for the sheet."""

    def __init__(self, cells: int, estimate: Estimate) -> None:
        self._cells, self._estimate = cells, estimate

    def __enter__(self) -> Self:
        self.plan()
        return self

    def plan(self) -> None:
        print_json({"event": "started", "cells": self._cells, "estimate": vars(self._estimate)})

    def on_finished(self, cell: SweepCell, event: Finished, path: Path | None) -> None:
        figures = {"loss": event.loss, "terms": event.terms, "elapsed": event.elapsed}
        settings = event.settings.model_dump(mode="json")
        print_json({"event": "cell", **self._position(cell), **json_fields(path), **figures, "settings": settings})

    def on_failed(self, cell: SweepCell, error: ImpastoError) -> None:
        print_json({"event": "cell_failed", **self._position(cell), "error": error.message_for(COMMAND)})

    def finish(self, summary: SweepSummary) -> None:
        print_json({"event": "finished", **vars(summary), **json_fields(summary.path)})

    def _position(self, cell: SweepCell) -> dict[str, Any]:
        """Name the cell; rows and columns count from 1, as for `--settings-from`."""
        return {
            "cell": cell.number,
            "cells": self._cells,
            "row": cell.position.row + 1,
            "column": cell.position.column + 1,
            "over": {name: getattr(cell.settings, name) for name in cell.position.choice},
        }


class SweepLines(SweepNullDisplay):
    """A plain line for each picture."""

    def __init__(self, cells: Sequence[SweepCell], estimate: Estimate) -> None:
        self._planned, self._count, self._clock = _planned_line(cells, estimate), len(cells), SweepClock(cells)

    def __enter__(self) -> Self:
        print_status(self._planned)
        return self

    def plan(self) -> None:
        print_result(self._planned)

    def on_finished(self, cell: SweepCell, event: Finished, path: Path | None) -> None:
        self._clock.complete(cell)
        saved = "" if path is None else f" -> {path}"
        times = f"{format_seconds(event.elapsed)}, {format_seconds(self._clock.remaining())} left"
        print_status(f"{_counter(cell, self._count)}: {times}{saved}")

    def on_failed(self, cell: SweepCell, error: ImpastoError) -> None:
        self._clock.complete(cell)
        print_status(_failed_line(cell, self._count, error))

    def finish(self, summary: SweepSummary) -> None:
        print_status(_ended_line(summary))


class SweepBar(SweepNullDisplay):
    """One bar for all pictures."""

    def __init__(self, cells: Sequence[SweepCell], estimate: Estimate) -> None:
        self._planned, self._count, self._clock = _planned_line(cells, estimate), len(cells), SweepClock(cells)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[left]}"),
            console=Console(file=status_stream(), highlight=False),
            expand=True,
        )
        self._task: TaskID = self._progress.add_task(f"cell 1 of {self._count}", total=1.0, left="")

    def __enter__(self) -> Self:
        self._progress.start()
        self._print(self._planned)
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def plan(self) -> None:
        print_result(self._planned)

    def on_step(self, cell: SweepCell, event: Step) -> None:
        self._clock.advance(cell, event)
        self._show(cell)

    def on_finished(self, cell: SweepCell, event: Finished, path: Path | None) -> None:  # noqa: ARG002
        self._clock.complete(cell)
        self._show(cell)

    def on_failed(self, cell: SweepCell, error: ImpastoError) -> None:
        self._clock.complete(cell)
        self._print(_failed_line(cell, self._count, error))

    def finish(self, summary: SweepSummary) -> None:
        self._print(_ended_line(summary))

    def _show(self, cell: SweepCell) -> None:
        left = f"{format_seconds(self._clock.remaining())} left"
        self._progress.update(
            self._task, description=_counter(cell, self._count), completed=self._clock.share, left=left
        )

    def _print(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


class SweepClock:
    """Estimates the time left from the share of the work that is done: pixels times iterations."""

    def __init__(self, cells: Sequence[SweepCell]) -> None:
        self._start = time.perf_counter()
        self._work = [cell.size[0] * cell.size[1] * cell.settings.iterations for cell in cells]
        self.share = 0.0

    def advance(self, cell: SweepCell, event: Step) -> None:
        self._set_progress(cell, event.elapsed / (event.elapsed + event.remaining))

    def complete(self, cell: SweepCell) -> None:
        self._set_progress(cell, 1.0)

    def remaining(self) -> float:
        """Estimate the time left, in seconds."""
        return (time.perf_counter() - self._start) * (1 - self.share) / self.share

    def _set_progress(self, cell: SweepCell, part: float) -> None:
        done = sum(self._work[: cell.number - 1]) + part * self._work[cell.number - 1]
        self.share = done / sum(self._work)


def _planned_line(cells: Sequence[SweepCell], estimate: Estimate) -> str:
    """State number, size, time and memory: the size decides how long it takes, and it may not be the user's choice."""
    smallest, largest = (pick([cell.size for cell in cells], key=math.prod) for pick in (min, max))
    sizes = [f"{width} x {height}" for width, height in dict.fromkeys((smallest, largest))]
    pictures = f"{count_noun(len(cells), 'picture')} of {' to '.join(sizes)} px"
    return f"{pictures}; {format_estimate(estimate)}; --size makes them larger or smaller"


def _counter(cell: SweepCell, cells: int) -> str:
    return f"cell {cell.number} of {cells} ({format_choice(cell.position.choice)})"


def _failed_line(cell: SweepCell, cells: int, error: ImpastoError) -> str:
    return f"{_counter(cell, cells)}: left gray: {error.message_for(COMMAND)}"


def _ended_line(summary: SweepSummary) -> str:
    pictures = f"{summary.painted} of {summary.cells} pictures, {format_seconds(summary.elapsed)}"
    if not summary.painted:
        return f"{pictures}: no sheet is written"
    return f"stopped: {pictures}, the others are left gray" if summary.stopped else f"finished: {pictures}"
