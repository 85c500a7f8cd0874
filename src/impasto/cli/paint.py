"""The default command: read, paint, write."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from impasto import images
from impasto.cli import options, outputs, terminal
from impasto.cli.display import Display, Silent
from impasto.cli.json_lines import JsonLines
from impasto.cli.outputs import Targets
from impasto.cli.progress import Bars, Lines
from impasto.cli.recording import Curves, Frames, preview_every
from impasto.cli.request import Request
from impasto.cli.signals import Stop, stopping
from impasto.cli.steps import StepFiles
from impasto.cli.terminal import STREAM
from impasto.engine import stylizer
from impasto.engine.events import Finished
from impasto.engine.spec import input_spec
from impasto.settings import Settings


def paint(request: Request, values: Mapping[str, Any]) -> int:
    """Do what was asked for; returns the exit code: 0, or 130 or 143 when a signal ended the run early.

    Raises:
        ImpastoError: something that was given cannot be used, or the run or a write failed.
    """
    return make(request, options.settings(values, request.settings_from))


def make(request: Request, settings: Settings) -> int:
    """The same with settings that are complete: of a photograph, of paintings, or of both.

    Raises:
        ImpastoError: as for `paint`.
    """
    targets = outputs.plan(
        request, steps=settings.save_every > 0 or settings.rounds > 1, masks=input_spec(settings).mask_files
    )
    job = _Job(request, settings, targets)
    with stopping(quiet=request.quiet or request.json) as stop:
        finished = job.run(stop)
        job.write(finished)
    return stop.exit_code if finished.stopped else 0


class _Job:
    """One painting: its pictures, and everyone who watches the run."""

    def __init__(self, request: Request, settings: Settings, targets: Targets) -> None:
        self._request, self._settings, self._targets = request, settings, targets
        self._content = None if request.photo is None else read(request.photo)
        self._styles = [read(painting) for painting in request.paintings]
        self._display = _display(request)
        self._steps = StepFiles(targets.steps) if targets.steps else None
        self._curves = Curves() if targets.plot else None
        self._frames = Frames() if targets.animation else None

    def run(self, stop: Stop) -> Finished:
        """Paint, showing what happens."""
        events = stylizer.Stylizer().run(
            self._content, self._styles, self._settings, stop=stop, preview_every=self._preview_every()
        )
        with self._display:
            for event in events:
                if isinstance(event, Finished):
                    return event
                path = self._steps.see(event) if self._steps else None
                for watcher in (self._curves, self._frames):
                    if watcher:
                        watcher.see(event)
                self._display.show(event, path)
        raise AssertionError("a run ends with Finished")

    def write(self, finished: Finished) -> None:
        """Write everything that was asked for, the picture first."""
        targets = outputs.unoccupied(self._targets)
        self._write_picture(finished, targets)
        if targets.sheet:
            self._write_sheet(finished, targets.sheet)
        if targets.plot and self._curves:
            from impasto.cli import plot  # noqa: PLC0415 - matplotlib takes a while and few runs need it

            plot.save(self._curves.steps, targets.plot)
        if targets.animation and self._frames:
            frames = self._frames.with_last(finished.picture)
            images.save_animation(frames, targets.animation, overwrite=targets.overwrite)
        self._display.done(finished, targets.picture)
        outputs.announce(self._request, self._targets, targets)

    def _write_picture(self, finished: Finished, targets: Targets) -> None:
        metadata = finished.result.metadata
        profile = finished.picture.profile if self._request.profile == "source" else None
        outputs.write_picture(finished.picture, targets, metadata, profile)

    def _write_sheet(self, finished: Finished, path: Path) -> None:
        photo = [self._content] if self._content else []
        labels = [*("photo" for _ in photo), *("painting" for _ in self._styles), self._settings.recipe]
        sheet = images.side_by_side([*photo, *self._styles, finished.picture], labels)
        images.save(sheet, path, overwrite=self._targets.overwrite)

    def _preview_every(self) -> int | None:
        """The settings' own, unless an animation needs frames and nothing else counts on the previews."""
        if self._frames and not self._steps:
            return preview_every(self._settings.iterations)
        return None


def read(source: str) -> images.Picture:
    """Read a picture from a file or stdin.

    Raises:
        ImageError: it cannot be read.
    """
    return images.read(terminal.read_stdin(), name="stdin") if source == STREAM else images.read(source)


def _display(request: Request) -> Display:
    if request.json:
        return JsonLines()
    if request.quiet:
        return Silent()
    return Bars() if sys.stderr.isatty() else Lines()
