"""`impasto sweep`: a small picture for each combination of some settings' values, on one labelled sheet."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from impasto import images
from impasto.cli import axes, options, outputs, paint, sweep_progress
from impasto.cli.axes import Plan
from impasto.cli.request import Request
from impasto.cli.signals import Stop, stopping
from impasto.cli.stored_settings import SWEEP_KEY
from impasto.cli.sweep_progress import Cell, Outcome
from impasto.engine import stylizer
from impasto.engine.events import Finished, Step
from impasto.engine.result import describe
from impasto.engine.spec import input_spec, result_size
from impasto.errors import DivergedError, OutOfMemoryError
from impasto.images.grid import Grid
from impasto.settings import METADATA_KEY
from impasto.storage.atomic import make_folder

_ALL_FAILED = 1
_SOME_FAILED = 3


def sweep(
    request: Request, over: Sequence[str], values: Mapping[str, Any], *, size: int, without: Collection[str]
) -> int:
    """Do what was asked for.

    Args:
        request: inputs and outputs; `save_dir` is for the single pictures.
        over: `NAME=V1,V2,...` each.
        values: the settings that all pictures share.
        size: long side of the pictures where neither a size nor a size rule is named, pixels.
        without: settings that mean nothing to a sweep.

    Returns:
        The exit code: 0; 3 if a picture failed, 1 if all did; 130 or 143 if a signal ended the sweep.

    Raises:
        ImpastoError: something that was given cannot be used, before anything is painted; or a write failed.
    """
    found = axes.parse(over, given=values, without=without)
    framed = {"size", "size_rule"} & {*values, *(axis.setting for axis in found)}
    job = _Sweep(request, axes.plan(found), values if framed else {"size": size, **values})
    with stopping(quiet=request.quiet or request.json) as stop:
        stopped = job.paint(stop)
        job.write(stopped=stopped)
    return stop.exit_code if stopped else job.exit_code


class _Sweep:
    """The pictures of a sweep, as far as they are painted.

    Raises:
        ImpastoError: any of them cannot be painted, or the sheet cannot be written.
    """

    def __init__(self, request: Request, plan: Plan, shared: Mapping[str, Any]) -> None:
        self._request, self._plan = request, plan
        chosen = [options.settings({**shared, **cell.choice}, request.settings_from) for cell in plan.cells]
        self._targets = outputs.plan(
            request, steps=False, masks=[name for settings in chosen for name in input_spec(settings).mask_files]
        )
        self._content, *self._styles = [paint.read(source) for source in request.sources]
        self._cells = [
            Cell(number, place, settings, result_size(settings, self._content))
            for number, (place, settings) in enumerate(zip(plan.cells, chosen, strict=True), 1)
        ]
        self._stylizer = stylizer.Stylizer()
        self._check()
        self._painted: dict[tuple[int, int], Finished] = {}
        self._failed = False
        self._began = time.perf_counter()
        self._display = sweep_progress.display(request, self._cells)

    @property
    def exit_code(self) -> int:
        """Of a sweep that was not stopped."""
        if not self._failed:
            return 0
        return _SOME_FAILED if self._painted else _ALL_FAILED

    def paint(self, stop: Stop) -> bool:
        """Paint one picture after another; returns whether a signal ended that early."""
        with self._display:
            for cell in self._cells:
                try:
                    finished = self._paint(cell, stop)
                except (DivergedError, OutOfMemoryError) as error:
                    self._failed = True
                    self._display.failed(cell, error)
                    continue
                if finished.stopped:
                    return True
                self._painted[cell.place.row, cell.place.column] = finished
                self._display.painted(cell, finished, self._save(cell, finished))
        return False

    def write(self, *, stopped: bool) -> None:
        """Write the sheet, if there is anything to be seen on it."""
        targets = outputs.unoccupied(self._targets)
        if self._painted:
            sheet = self._grid.draw({place: finished.picture for place, finished in self._painted.items()})
            outputs.write_picture(sheet, targets, self._metadata())
        self._display.done(
            Outcome(
                path=targets.picture if self._painted else None,
                painted=len(self._painted),
                cells=len(self._cells),
                stopped=stopped,
                elapsed=time.perf_counter() - self._began,
            )
        )
        if self._painted:
            outputs.announce(self._request, self._targets, targets)

    def _check(self) -> None:
        """See to it that all can be painted and that the sheet's format can hold them, before a minute goes into it."""
        for cell in self._cells:
            self._stylizer.check(self._content, self._styles, cell.settings)
        images.encode(self._grid.draw({}), self._targets.picture.suffix if self._targets.picture else "png")

    def _paint(self, cell: Cell, stop: Stop) -> Finished:
        for event in self._stylizer.run(self._content, self._styles, cell.settings, stop=stop, preview_every=0):
            if isinstance(event, Finished):
                return event
            if isinstance(event, Step):
                self._display.step(cell, event)
        raise AssertionError("a run ends with Finished")

    def _save(self, cell: Cell, finished: Finished) -> Path | None:
        """Write a picture by itself, named by its row and column, if that was asked for."""
        folder = self._targets.steps
        if folder is None:
            return None
        make_folder(folder, elsewhere="Choose another --save-dir.")
        rows, columns = (len(str(len(labels))) for labels in (self._plan.rows, self._plan.columns))
        path = folder / f"{cell.place.row + 1:0{rows}}-{cell.place.column + 1:0{columns}}.png"
        metadata = finished.result.metadata
        images.save(finished.picture, path, metadata=metadata, overwrite=True)
        return path

    @cached_property
    def _grid(self) -> Grid:
        sizes = [cell.size for cell in self._cells]
        across = len(self._plan.columns)
        return Grid(
            [sizes[start : start + across] for start in range(0, len(sizes), across)],
            rows=self._plan.rows,
            columns=self._plan.columns,
            headings=self._plan.headings,
            caption=self._caption(),
        )

    def _caption(self) -> str:
        styles = ", ".join(Path(style.name).name for style in self._styles)
        cell = self._cells[0]
        recipe = "" if "recipe" in cell.place.choice else f", recipe {Path(cell.settings.recipe).name}"
        return f"{Path(self._content.name).name} in the style of {styles}{recipe}"

    def _metadata(self) -> dict[str, str]:
        texts = describe(self._cells[0].settings, self._content, self._styles)
        del texts[METADATA_KEY]
        rows: list[list[dict[str, Any]]] = [[] for _ in self._plan.rows]
        for cell in self._cells:
            rows[cell.place.row].append(self._described(cell))
        return {**texts, SWEEP_KEY: json.dumps({"cells": rows})}

    def _described(self, cell: Cell) -> dict[str, Any]:
        """What the sheet tells of a picture: where it is, and how to make it again."""
        row, column = cell.place.row, cell.place.column
        return {
            "over": dict(cell.place.choice),
            "box": self._grid.boxes[row][column],
            "painted": (row, column) in self._painted,
            "settings": cell.settings.model_dump(mode="json"),
        }
