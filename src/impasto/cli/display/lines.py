"""Progress on stderr as plain lines, where stderr is no terminal."""

from pathlib import Path

from impasto.cli.display import text
from impasto.cli.display.base import NullDisplay
from impasto.cli.terminal import print_result, print_status
from impasto.engine.events import Event, Finished, Preview, Restart, Started, Step

_SECONDS_BETWEEN_LINES = 10.0


class Lines(NullDisplay):
    """Plain lines: the start, the end of each scale, each saved picture, and a step about every ten seconds."""

    def __init__(self) -> None:
        self._last: Step | None = None
        self._last_time: float = 0.0
        self._iterations = 0

    def plan(self, event: Started) -> None:
        print_result(text.started_line(event))

    def on_event(self, event: Event, path: Path | None) -> None:
        match event:
            case Started():
                print_status(text.started_line(event))
            case Step():
                self._step(event)
            case Preview() if path is not None:
                print_status(text.preview_line(event, self._last, path))
            case Restart():
                print_status(text.restart_line(event))

    def finish(self, event: Finished, path: Path | None) -> None:  # noqa: ARG002 - stdout gets the path
        self._end_scale()
        print_status(text.finished_line(event, self._iterations))

    def _step(self, event: Step) -> None:
        if self._last is not None and event.scale != self._last.scale:
            self._end_scale()
        self._last = event
        self._iterations += 1
        if event.elapsed - self._last_time >= _SECONDS_BETWEEN_LINES:
            self._print(event)

    def _end_scale(self) -> None:
        if self._last is not None:
            self._print(self._last)

    def _print(self, event: Step) -> None:
        self._last_time = event.elapsed
        print_status(text.step_line(event))
