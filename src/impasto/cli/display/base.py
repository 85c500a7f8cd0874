"""The interface of a display, and the one that shows nothing."""

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from impasto.engine.events import Event, Finished, Started


class Display(Protocol):
    """Shows a run; entered before the first event and left after the last."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def plan(self, event: Started) -> None:
        """Show what a run would do, where it is not run: this is the command's result."""

    def on_event(self, event: Event, path: Path | None) -> None:
        """Show an event other than Finished; `path` is the file of its picture, if one was saved."""

    def finish(self, event: Finished, path: Path | None) -> None:
        """Show the end, after the result is written; `path` is None if it went to stdout."""


class NullDisplay:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def plan(self, event: Started) -> None:
        """Ignore a plan."""

    def on_event(self, event: Event, path: Path | None) -> None:
        """Ignore an event."""

    def finish(self, event: Finished, path: Path | None) -> None:
        """Ignore the end."""
