"""How far a run is, for a person: bars on a terminal, one bar in a notebook."""

import html
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from impasto.engine.events import Event, Started, Step

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

_MINUTE = 60
_HOUR = 3600


def format_seconds(time: float) -> str:
    """Format a duration: 4.2 s, 1:05 min, 2:03:10 h."""
    if time < _MINUTE:
        return f"{time:.1f} s"
    whole = round(time)
    minutes, rest = divmod(whole, _MINUTE)
    if whole < _HOUR:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // _MINUTE}:{minutes % _MINUTE:02d}:{rest:02d} h"


@contextmanager
def show_progress() -> Iterator[Callable[[Event], None]]:
    """Show bars while the context lasts, in a notebook or on stderr; gives the function that takes the events."""
    if _in_notebook():
        yield NotebookBar().on_event
        return
    bars = ProgressBars()
    try:
        yield bars.on_event
    finally:
        bars.stop()


class ProgressBars:
    """One bar for each scale, with its loss, speed and time left.

    Args:
        console: where they are shown; stderr if not given.
    """

    def __init__(self, console: "Console | None" = None) -> None:
        from rich import console as consoles  # noqa: PLC0415 - few callers of the library show bars
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console or consoles.Console(stderr=True, highlight=False),
            expand=True,
        )
        self._task: TaskID | None = None
        self._last: Step | None = None
        self._scale_start = 0.0

    def on_event(self, event: Event) -> None:
        """Show a step, and begin with the start: an input that cannot be used leaves the terminal untouched."""
        if isinstance(event, Started):
            self._progress.start()
        elif isinstance(event, Step):
            self._step(event)

    def print(self, line: str) -> None:
        """Write a line above the bars."""
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def stop(self) -> None:
        """Leave the bars as they are."""
        self._progress.stop()

    def _step(self, event: Step) -> None:
        if self._task is None or self._last is None or event.scale != self._last.scale:
            self._begin_scale(event)
        self._last = event
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
        times = f"{format_seconds(event.elapsed)}, {format_seconds(event.remaining)} left"
        return f"loss {event.loss:.4g}  {speed:.1f} it/s  {times}"


class NotebookBar:
    """One bar in the output of a notebook's cell, which IPython alone can show and change."""

    def __init__(self) -> None:
        self._handle: Any = None

    def on_event(self, event: Event) -> None:
        """Show a step; other events change nothing."""
        if not isinstance(event, Step):
            return
        from IPython.display import HTML, display  # noqa: PLC0415 - there in a notebook, and nowhere else needed

        page = HTML(_bar_html(event))
        if self._handle is None:
            self._handle = display(page, display_id=True)
        else:
            self._handle.update(page)


def _bar_html(event: Step) -> str:
    where = f"scale {event.scale}/{event.scales}, {event.width} x {event.height} px"
    how_far = f"{event.iteration}/{event.iterations}, loss {event.loss:.4g}"
    text = f"{where}: {how_far}, {format_seconds(event.remaining)} left"
    return f'<progress value="{event.iteration}" max="{event.iterations}"></progress> {html.escape(text)}'


def _in_notebook() -> bool:
    """Whether a notebook's kernel runs this process."""
    ipython = sys.modules.get("IPython")  # a notebook has imported it already
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")
