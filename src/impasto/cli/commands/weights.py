"""`impasto weights`: list, path, fetch and import."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from impasto.cli.options import Force, Quiet
from impasto.cli.signals import exit_on_interrupt
from impasto.cli.terminal import STREAM, print_result, print_status, status_stream
from impasto.errors import WeightsError

if TYPE_CHECKING:
    from impasto.weights import Status

_MEGABYTE = 1_000_000

app = App(name="weights", help="List, fetch and import the networks' weights.", version_flags=[], help_epilogue="")


@app.default
@app.command(name="list")
def list_weights() -> None:
    """List the networks: where their weights are, who made them, under which license."""
    with exit_on_interrupt():
        from impasto import weights  # noqa: PLC0415
    for status in weights.available():
        print_result(f"{status.name}: {_state(status)}")
        print_result(f"    {status.title}")
        print_result(f"    by {status.source}; license: {status.license}")


@app.command(name="path")
def weights_path(name: Annotated[str, Parameter(help="A network's name.")], /) -> None:
    """Print the path of a network's weights."""
    with exit_on_interrupt():
        from impasto import weights  # noqa: PLC0415
    print_result(str(weights.path(name)))


@app.command(name="fetch")
def fetch_weights(
    name: Annotated[str, Parameter(help="A network's name.")], /, *, force: Force = False, quiet: Quiet = False
) -> None:
    """Download a network's weights; an interrupted download is resumed."""
    with exit_on_interrupt():
        from impasto import weights  # noqa: PLC0415
        from impasto.weights import registry  # noqa: PLC0415
    registry.entry(name)  # an unknown name is refused before any progress is shown
    with _show_progress(name, quiet=quiet) as progress:
        path = weights.fetch(name, progress=progress, force=force)
    print_result(str(path))


@app.command(name="import")
def import_weights(
    file: Annotated[str, Parameter(help="A .safetensors, .pth, .h5, .mat or .onnx file.")],
    /,
    *,
    name: Annotated[str | None, Parameter(help="Name for --network; unset, the file's own.", metavar="NAME")] = None,
    convention: Annotated[
        str | None, Parameter(help="Input convention of the network; unset, detected.", metavar="NAME")
    ] = None,
    force: Force = False,
) -> None:
    """Import weights from a file of another library."""
    if file == STREAM:
        raise WeightsError("weights cannot come from stdin", "Name a file.")
    with exit_on_interrupt():
        from impasto import weights  # noqa: PLC0415
    print_result(str(weights.import_file(Path(file), name=name, convention=convention, overwrite=force)))


def _state(status: "Status") -> str:
    if status.path is not None:
        return f"{status.state}, {status.path}"
    return f"{status.state}, {status.size / _MEGABYTE:.0f} MB: impasto weights fetch {status.name}"


@contextmanager
def _show_progress(name: str, *, quiet: bool) -> Iterator[Callable[[int, int | None], None] | None]:
    """Show a bar on a terminal and a line elsewhere; gives the function that updates the bar."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        print_status(f"fetching {name}")
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=status_stream())) as bar:
        task = bar.add_task(name, total=None)
        yield lambda here, whole: bar.update(task, completed=here, total=whole)
