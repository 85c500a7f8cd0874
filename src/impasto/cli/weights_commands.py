"""`impasto weights`: list, path, fetch and import."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from impasto import weights
from impasto.cli import terminal
from impasto.errors import WeightsError
from impasto.weights import Status, registry

_MEGABYTE = 1_000_000


def show_list() -> None:
    """Print every network: where it is, who made it, under which license."""
    for status in weights.available():
        terminal.tell(f"{status.name}: {_state(status)}")
        terminal.tell(f"    {status.title}")
        terminal.tell(f"    by {status.source}; license: {status.license}")


def show_path(name: str) -> None:
    """Print where a network is."""
    terminal.tell(str(weights.path(name)))


def fetch(name: str, *, force: bool, quiet: bool) -> None:
    """Download a network, with a bar on a terminal; prints where it is."""
    registry.entry(name)  # before anything is announced
    with _progress(name, shown=not quiet) as progress:
        path = weights.fetch(name, progress=progress, force=force)
    terminal.tell(str(path))


def import_file(file: str, *, name: str | None, convention: str | None, overwrite: bool) -> None:
    """Import a weights file; prints where it is kept."""
    if file == terminal.STREAM:
        raise WeightsError("weights cannot come from stdin", "Name a file.")
    terminal.tell(str(weights.import_file(Path(file), name=name, convention=convention, overwrite=overwrite)))


def _state(status: Status) -> str:
    if status.path is not None:
        return f"{status.state}, {status.path}"
    return f"{status.state}, {status.size / _MEGABYTE:.0f} MB: impasto weights fetch {status.name}"


@contextmanager
def _progress(name: str, *, shown: bool) -> Iterator[Callable[[int, int | None], None] | None]:
    if not shown:
        yield None
        return
    if not sys.stderr.isatty():
        terminal.say(f"fetching {name}")
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)
        yield lambda here, whole: bar.update(task, completed=here, total=whole)
