"""What a run shows while it runs: events to lines of text; nothing here knows a terminal."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from impasto.engine.events import Event, Finished, Preview, Restart, Started, Step

_MINUTE = 60
_HOUR = 3600


class Display(Protocol):
    """Shows a run; entered before the first event and left after the last."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, event: Event, path: Path | None) -> None:
        """Show an event that is not the last; `path` is where its picture was saved, if it was."""

    def done(self, event: Finished, path: Path | None) -> None:
        """Show the end, after the result is written; `path` is None where it went to stdout."""


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event, path: Path | None) -> None:
        pass

    def done(self, event: Finished, path: Path | None) -> None:
        pass


def started_line(event: Started) -> str:
    scales = "1 scale" if event.scales == 1 else f"{event.scales} scales"
    machine = f"{event.device}, {precision(event)}, {event.threads} thread{'' if event.threads == 1 else 's'}"
    size = f"{event.width} x {event.height}"
    return f"{event.settings.recipe}: {size} px, {scales}, {event.iterations} iterations at most ({machine})"


def precision(event: Started) -> str:
    """The type of the convolutions, and why, where a faster one was given up."""
    return f"{event.precision} because {event.fallback}" if event.fallback else event.precision


def step_line(event: Step) -> str:
    where = f"scale {event.scale}/{event.scales} ({event.width} x {event.height})"
    how_far = f"iteration {event.iteration}/{event.iterations}"
    return f"{where}, {how_far}: loss {event.loss:.4g}, {seconds(event.elapsed)}, {seconds(event.remaining)} left"


def preview_line(event: Preview, last: Step | None, path: Path) -> str:
    """The costs at a saved picture, as the course's notebook prints them."""
    costs = f"total {event.loss:.6g}" if event.loss is not None else "not evaluated"
    kinds = "".join(f", {kind} {value:.6g}" for kind, value in by_kind(last.terms).items()) if last else ""
    return f"iteration {event.total_iterations}: {costs}{kinds} -> {path}"


def restart_line(event: Restart) -> str:
    return f"scale {event.scale}, iteration {event.iteration}: begun anew from the best picture ({event.reason})"


def finished_line(event: Finished, iterations: int) -> str:
    verb = f"stopped after {iterations} iterations, the picture is kept as it is" if event.stopped else "finished"
    return f"{verb}: loss {event.loss:.4g}, {seconds(event.elapsed)}"


def by_kind(terms: Mapping[str, float]) -> dict[str, float]:
    """Sums of the terms of each kind: content, style, tv."""
    sums: defaultdict[str, float] = defaultdict(float)
    for name, value in terms.items():
        sums[name.partition(" ")[0]] += value
    return dict(sums)


def seconds(time: float) -> str:
    """A duration for people: 4.2 s, 1:05 min, 2:03:10 h."""
    if time < _MINUTE:
        return f"{time:.1f} s"
    whole = round(time)
    minutes, rest = divmod(whole, _MINUTE)
    if whole < _HOUR:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // _MINUTE}:{minutes % _MINUTE:02d}:{rest:02d} h"
