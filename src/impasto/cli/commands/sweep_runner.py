"""Run a sweep: a small picture for each combination of some settings' values, on one labeled sheet."""

import json
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from impasto import images
from impasto.cli import outputs
from impasto.cli.display.sweep import SweepCell, SweepSummary, choose_sweep_display
from impasto.cli.inputs import read_picture, read_style_input
from impasto.cli.options import build_settings
from impasto.cli.outputs import RunArguments
from impasto.cli.runner import check_memory
from impasto.cli.signals import StopFlag, stop_on_signal
from impasto.cli.stored_settings import SWEEP_KEY
from impasto.cli.sweep_axes import SheetLayout
from impasto.engine.estimate import Estimate, sum_estimates
from impasto.engine.events import Event, Finished, Step
from impasto.engine.job import Job, execute
from impasto.engine.result import describe
from impasto.engine.spec import input_spec, result_size
from impasto.engine.stylizer import Stylizer
from impasto.errors import DivergedError, OutOfMemoryError
from impasto.images.grid import Grid
from impasto.settings import METADATA_KEY
from impasto.settings.stored import portable_choice, portable_values
from impasto.storage.atomic import make_folder

_ALL_FAILED = 1
_SOME_FAILED = 3


def run_sweep(arguments: RunArguments, layout: SheetLayout, shared: Mapping[str, Any]) -> int:
    """Make the pictures and write the sheet.

    Args:
        arguments: inputs and outputs; `save_dir` is for the single pictures.
        layout: the combinations of values.
        shared: the settings that all pictures share.

    Returns:
        The exit code: 0; 3 if a picture failed, 1 if all did; 129, 130 or 143 if a signal ended the sweep.

    Raises:
        ImpastoError: an input, an output or a setting cannot be used, before the first picture; or a write failed.
    """
    quiet = arguments.options.quiet or arguments.options.json
    with stop_on_signal(quiet=quiet) as stop:
        sweep = _Sweep(arguments, layout, shared)
        if arguments.options.dry_run:
            sweep.plan()
            return 0
        stop.begin()
        stopped = sweep.run(stop)
        sweep.write(stopped=stopped)
    return stop.exit_code if stopped else sweep.exit_code


class _Sweep:
    """The pictures of a sweep, and those of them that are finished.

    Raises:
        ImpastoError: one of them cannot be made, or the sheet cannot be written.
    """

    def __init__(self, arguments: RunArguments, layout: SheetLayout, shared: Mapping[str, Any]) -> None:
        self._options, self._layout = arguments.options, layout
        chosen = [build_settings({**shared, **cell.choice}, self._options.settings_from) for cell in layout.cells]
        self._paths = outputs.plan_outputs(
            arguments, steps=False, masks=[name for settings in chosen for name in input_spec(settings).files]
        )
        self._stylizer = Stylizer()
        for settings in chosen:
            check_memory(self._stylizer, arguments, settings)
        photo, *paintings = arguments.sources
        self._content, self._styles = read_picture(photo), [read_style_input(painting) for painting in paintings]
        self._cells = [
            SweepCell(number, position, settings, result_size(settings, self._content))
            for number, (position, settings) in enumerate(zip(layout.cells, chosen, strict=True), 1)
        ]
        estimate = self._check()
        self._finished: dict[tuple[int, int], Finished] = {}
        self._failed = False
        self._start = time.perf_counter()
        self._display = choose_sweep_display(self._options, self._cells, estimate)

    @property
    def exit_code(self) -> int:
        """The exit code of a sweep that was not stopped."""
        if not self._failed:
            return 0
        return _SOME_FAILED if self._finished else _ALL_FAILED

    def plan(self) -> None:
        """Show what the sweep would do, where it is not run."""
        self._display.plan()

    def run(self, stop: StopFlag) -> bool:
        """Make one picture after another; returns whether a signal ended that early."""
        with self._display:
            for cell in self._cells:
                try:
                    finished = self._make(cell, stop)
                except (DivergedError, OutOfMemoryError) as error:
                    self._failed = True
                    self._display.on_failed(cell, error)
                    continue
                if finished.stopped:
                    return True
                self._finished[cell.position.row, cell.position.column] = finished
                self._display.on_finished(cell, finished, self._save(cell, finished))
        return False

    def write(self, *, stopped: bool) -> None:
        """Write the sheet, if a picture on it is finished."""
        paths, place = outputs.avoid_new_files(self._paths), None
        if self._finished:
            sheet = self._grid.draw({position: finished.picture for position, finished in self._finished.items()})
            place = outputs.write_picture(sheet, paths, self._metadata())
            self._failed = self._failed or place != paths.picture
        self._display.finish(
            SweepSummary(
                path=place,
                painted=len(self._finished),
                cells=len(self._cells),
                stopped=stopped,
                elapsed=time.perf_counter() - self._start,
            )
        )
        if self._finished:
            outputs.report_picture(self._options, self._paths.picture, paths.picture, place)

    def _check(self) -> Estimate:
        """Check that all pictures can be made and that the sheet's format can hold them; returns what they take."""
        estimates = [self._stylizer.check(self._content, self._styles, cell.settings) for cell in self._cells]
        images.encode(self._grid.draw({}), self._paths.picture.suffix if self._paths.picture else "png")
        return sum_estimates(estimates)

    def _make(self, cell: SweepCell, stop: StopFlag) -> Finished:
        def on_event(event: Event) -> None:
            if isinstance(event, Step):
                self._display.on_step(cell, event)

        job = Job(self._content, tuple(self._styles), cell.settings)
        return execute(job, self._stylizer, on_event, stop=stop, preview_every=0)

    def _save(self, cell: SweepCell, finished: Finished) -> Path | None:
        """Write a picture to a file of its own, named by its row and column, if that is asked for."""
        folder = self._paths.steps
        if folder is None:
            return None
        make_folder(folder, elsewhere="Choose another --save-dir.")
        rows, columns = (len(str(len(labels))) for labels in (self._layout.rows, self._layout.columns))
        path = folder / f"{cell.position.row + 1:0{rows}}-{cell.position.column + 1:0{columns}}.png"
        finished.result.save(path, overwrite=True)
        return path

    @cached_property
    def _grid(self) -> Grid:
        sizes = [cell.size for cell in self._cells]
        across = len(self._layout.columns)
        return Grid(
            [sizes[start : start + across] for start in range(0, len(sizes), across)],
            rows=self._layout.rows,
            columns=self._layout.columns,
            headings=self._layout.headings,
            caption=self._caption(),
        )

    def _caption(self) -> str:
        styles = ", ".join(Path(style.name).name for style in self._styles)
        cell = self._cells[0]
        recipe = "" if "recipe" in cell.position.choice else f", recipe {Path(cell.settings.recipe).name}"
        return f"{Path(self._content.name).name} in the style of {styles}{recipe}"

    def _metadata(self) -> dict[str, str]:
        texts = describe(self._cells[0].settings, self._content, self._styles)
        del texts[METADATA_KEY]
        rows: list[list[dict[str, Any]]] = [[] for _ in self._layout.rows]
        for cell in self._cells:
            rows[cell.position.row].append(self._describe_cell(cell))
        return {**texts, SWEEP_KEY: json.dumps({"cells": rows})}

    def _describe_cell(self, cell: SweepCell) -> dict[str, Any]:
        """Describe a picture in the sheet's metadata: its box on the sheet, and the settings that make it again."""
        row, column = cell.position.row, cell.position.column
        return {
            "over": portable_choice(cell.position.choice),
            "box": self._grid.boxes[row][column],
            "painted": (row, column) in self._finished,
            "settings": portable_values(cell.settings),
        }
