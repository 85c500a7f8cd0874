"""Progress on a terminal: a bar for each scale, and lines above them."""

from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from impasto.cli.display import text
from impasto.cli.terminal import print_result, status_stream
from impasto.engine.events import Event, Finished, Preview, Restart, Started, Step
from impasto.engine.progress import ProgressBars


class Bars:
    """The bars of a run, with the lines of its start, its saved pictures and its end."""

    def __init__(self, console: Console | None = None) -> None:
        self._bars = ProgressBars(console or Console(file=status_stream(), highlight=False))
        self._last: Step | None = None
        self._iterations = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def plan(self, event: Started) -> None:
        print_result(text.started_line(event))

    def on_event(self, event: Event, path: Path | None) -> None:
        self._bars.on_event(event)
        match event:
            case Started():
                self._bars.print(text.started_line(event))
            case Step():
                self._last = event
                self._iterations += 1
            case Preview() if path is not None:
                self._bars.print(text.preview_line(event, self._last, path))
            case Restart():
                self._bars.print(text.restart_line(event))

    def finish(self, event: Finished, path: Path | None) -> None:  # noqa: ARG002 - stdout gets the path
        self._bars.print(text.finished_line(event, self._iterations))
