"""What a sweep shows while it runs: lines or a bar for people, lines of JSON for programs."""

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

from impasto.cli import axes, terminal
from impasto.cli.axes import Place
from impasto.cli.display import seconds
from impasto.cli.request import Request
from impasto.core.pyramid import Size
from impasto.engine.events import Finished, Step
from impasto.errors import ImpastoError
from impasto.settings import Settings


@dataclass(frozen=True)
class Cell:
    """One picture of a sweep."""

    number: int
    """From 1, in the order of painting."""
    place: Place
    settings: Settings
    size: Size


@dataclass(frozen=True)
class Outcome:
    """How a sweep ended."""

    path: Path | None
    """Of the sheet; None where it went to stdout, or where no picture was finished."""
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

    def step(self, cell: Cell, event: Step) -> None:
        """Show an iteration of a picture."""

    def painted(self, cell: Cell, event: Finished, path: Path | None) -> None:
        """Show that a picture is finished; `path` is where it was saved by itself, if it was."""

    def failed(self, cell: Cell, error: ImpastoError) -> None:
        """Show that a picture could not be painted."""

    def done(self, outcome: Outcome) -> None:
        """Show the end, after the sheet is written."""


def display(request: Request, cells: Sequence[Cell]) -> SweepDisplay:
    """What the user asked for, and what the terminal can show."""
    if request.json:
        return _JsonLines(len(cells))
    if request.quiet:
        return _Silent()
    return _Bar(cells) if sys.stderr.isatty() else _Lines(cells)


class _Silent:
    """Shows nothing but what failed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def step(self, cell: Cell, event: Step) -> None:
        pass

    def painted(self, cell: Cell, event: Finished, path: Path | None) -> None:
        pass

    def failed(self, cell: Cell, error: ImpastoError) -> None:
        terminal.say(f"impasto: error: {axes.label(cell.place.choice)}: {error}")

    def done(self, outcome: Outcome) -> None:
        pass


class _JsonLines(_Silent):
    """One object for each picture, and one for the sheet."""

    def __init__(self, cells: int) -> None:
        self._cells = cells

    def painted(self, cell: Cell, event: Finished, path: Path | None) -> None:
        figures = {"loss": event.loss, "terms": event.terms, "elapsed": event.elapsed}
        settings = event.settings.model_dump(mode="json")
        saved = None if path is None else str(path)
        terminal.tell_json({"event": "cell", **self._place(cell), "path": saved, **figures, "settings": settings})

    def failed(self, cell: Cell, error: ImpastoError) -> None:
        terminal.tell_json({"event": "failed", **self._place(cell), "error": str(error)})

    def done(self, outcome: Outcome) -> None:
        path = None if outcome.path is None else str(outcome.path)
        terminal.tell_json({"event": "finished", **vars(outcome), "path": path})

    def _place(self, cell: Cell) -> dict[str, Any]:
        """Rows and columns count from 1, as `--settings-from` counts them."""
        return {
            "cell": cell.number,
            "cells": self._cells,
            "row": cell.place.row + 1,
            "column": cell.place.column + 1,
            "over": {name: getattr(cell.settings, name) for name in cell.place.choice},
        }


class _Lines(_Silent):
    """A plain line for each picture."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells, self._count, self._clock = cells, len(cells), _Clock(cells)

    def __enter__(self) -> Self:
        terminal.say(_planned(self._cells))
        return self

    def painted(self, cell: Cell, event: Finished, path: Path | None) -> None:
        self._clock.end(cell)
        saved = "" if path is None else f" -> {path}"
        times = f"{seconds(event.elapsed)}, {seconds(self._clock.remaining())} left"
        terminal.say(f"{_counted(cell, self._count)}: {times}{saved}")

    def failed(self, cell: Cell, error: ImpastoError) -> None:
        self._clock.end(cell)
        terminal.say(f"{_counted(cell, self._count)}: left gray: {error}")

    def done(self, outcome: Outcome) -> None:
        terminal.say(_ended(outcome))


class _Bar(_Silent):
    """One bar for all pictures."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells, self._count, self._clock = cells, len(cells), _Clock(cells)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True, highlight=False),
            expand=True,
        )
        self._task: TaskID = self._progress.add_task(f"cell 1 of {self._count}", total=1.0, left="")

    def __enter__(self) -> Self:
        self._progress.start()
        self._say(_planned(self._cells))
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, cell: Cell, event: Step) -> None:
        self._clock.step(cell, event)
        self._show(cell)

    def painted(self, cell: Cell, event: Finished, path: Path | None) -> None:  # noqa: ARG002
        self._clock.end(cell)
        self._show(cell)

    def failed(self, cell: Cell, error: ImpastoError) -> None:
        self._clock.end(cell)
        self._say(f"{_counted(cell, self._count)}: left gray: {error}")

    def done(self, outcome: Outcome) -> None:
        self._say(_ended(outcome))

    def _show(self, cell: Cell) -> None:
        left = f"{seconds(self._clock.remaining())} left"
        self._progress.update(
            self._task, description=_counted(cell, self._count), completed=self._clock.share, left=left
        )

    def _say(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


class _Clock:
    """How much of the sweep is done, and from that the time left; a picture counts by its pixels and iterations."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._began = time.perf_counter()
        self._work = [cell.size[0] * cell.size[1] * cell.settings.iterations for cell in cells]
        self.share = 0.0

    def step(self, cell: Cell, event: Step) -> None:
        self._reach(cell, event.elapsed / (event.elapsed + event.remaining))

    def end(self, cell: Cell) -> None:
        self._reach(cell, 1.0)

    def remaining(self) -> float:
        """Seconds."""
        return (time.perf_counter() - self._began) * (1 - self.share) / self.share

    def _reach(self, cell: Cell, part: float) -> None:
        done = sum(self._work[: cell.number - 1]) + part * self._work[cell.number - 1]
        self.share = done / sum(self._work)


def _planned(cells: Sequence[Cell]) -> str:
    """How much is to be painted: what decides how long it takes is the size, and it may not be the user's choice."""
    smallest, largest = (pick([cell.size for cell in cells], key=math.prod) for pick in (min, max))
    sizes = [f"{width} x {height}" for width, height in dict.fromkeys((smallest, largest))]
    return f"{len(cells)} pictures of {' to '.join(sizes)} px; --size makes them larger or smaller"


def _counted(cell: Cell, cells: int) -> str:
    return f"cell {cell.number} of {cells} ({axes.label(cell.place.choice)})"


def _ended(outcome: Outcome) -> str:
    pictures = f"{outcome.painted} of {outcome.cells} pictures, {seconds(outcome.elapsed)}"
    if not outcome.painted:
        return f"{pictures}: no sheet is written"
    return f"stopped: {pictures}, the others are left gray" if outcome.stopped else f"finished: {pictures}"
