"""Progress on a terminal: a bar for each scale."""

from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from impasto.cli.display import text
from impasto.cli.terminal import status_stream
from impasto.engine.events import Event, Finished, Preview, Restart, Started, Step


class Bars:
    """One bar for each scale, with its loss, speed and time left."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console or Console(file=status_stream(), highlight=False),
            expand=True,
        )
        self._task: TaskID | None = None
        self._last: Step | None = None
        self._scale_start = 0.0
        self._iterations = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def on_event(self, event: Event, path: Path | None) -> None:
        match event:
            case Started():
                self._progress.start()  # not before: an input that cannot be used leaves the terminal untouched
                self._print(text.started_line(event))
            case Step():
                self._step(event)
            case Preview() if path is not None:
                self._print(text.preview_line(event, self._last, path))
            case Restart():
                self._print(text.restart_line(event))

    def finish(self, event: Finished, path: Path | None) -> None:  # noqa: ARG002 - stdout gets the path
        self._print(text.finished_line(event, self._iterations))

    def _step(self, event: Step) -> None:
        if self._task is None or self._last is None or event.scale != self._last.scale:
            self._begin_scale(event)
        self._last = event
        self._iterations += 1
        if self._task is not None:
            self._progress.update(self._task, completed=event.iteration, figures=self._figures(event))

    def _begin_scale(self, event: Step) -> None:
        self._end_scale()
        self._scale_start = self._last.elapsed if self._last else 0.0
        name = f"scale {event.scale}/{event.scales}  {event.width} x {event.height}"
        self._task = self._progress.add_task(name, total=event.iterations, figures="")

    def _end_scale(self) -> None:
        """Fill the bar of a scale, which may end before its planned iterations."""
        if self._task is not None and self._last is not None:
            self._progress.update(self._task, total=self._last.iteration)

    def _figures(self, event: Step) -> str:
        speed = event.iteration / max(event.elapsed - self._scale_start, 1e-9)
        times = f"{text.format_seconds(event.elapsed)}, {text.format_seconds(event.remaining)} left"
        return f"loss {event.loss:.4g}  {speed:.1f} it/s  {times}"

    def _print(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
