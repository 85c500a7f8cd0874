"""`impasto style`: save and show."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from impasto.cli.options import OUTPUT, Force, Quiet, build_settings, with_settings
from impasto.cli.signals import exit_on_interrupt
from impasto.cli.terminal import STREAM, print_json, print_result, print_status
from impasto.errors import InputError, OutputError, count_noun
from impasto.settings import Settings

if TYPE_CHECKING:
    from impasto.engine.style_file import StyleFile

_EXAMPLES = """\
Example:

  impasto style save painting.jpg another.jpg -o both.style

  impasto photo.jpg both.style
"""
_MEASURED = frozenset(
    {"recipe", "network", "normalize", "pooling", "padding", "style_layers", "statistic", "style_crop", "style_detail"}
    | {"device", "precision", "memory", "threads"}
)
"""The settings that a style file depends on."""
_MEGABYTE = 1_000_000

app = App(
    name="style",
    help="Save and show style files: paintings that were measured, to paint with without them.",
    version_flags=[],
    help_epilogue="",
)


@app.command(name="save", help_epilogue=_EXAMPLES)
@with_settings(without=Settings.model_fields.keys() - _MEASURED)
def save_style(
    paintings: Annotated[
        list[str],
        Parameter(
            name="PAINTING", help="The paintings, which become one style: files, folders and patterns.", negative=""
        ),
    ],
    /,
    *,
    output: Annotated[
        str, Parameter(name=["--output", "-o"], help="The style file to write.", metavar="FILE.style", group=OUTPUT)
    ],
    credit: Annotated[
        str, Parameter(help="Whom to name for the paintings; kept in the file.", metavar="TEXT", group=OUTPUT)
    ] = "",
    force: Force = False,
    quiet: Quiet = False,
    **values: Any,
) -> None:
    """Measure paintings as one style, and save that.

    The file serves recipes and settings of the same network, pooling and padding: those of --recipe.
    """
    settings = build_settings(values)
    if STREAM in (output, *paintings):
        raise InputError("a style is saved from files to a file, and - is none", "Name files.")
    with exit_on_interrupt():
        from impasto.batch import files  # noqa: PLC0415
        from impasto.batch.plan import unique  # noqa: PLC0415
        from impasto.engine import style_file  # noqa: PLC0415
        from impasto.engine.measure_style import measure_style  # noqa: PLC0415
        from impasto.engine.stylizer import Stylizer  # noqa: PLC0415
    style_file.check_output(output, overwrite=force)
    found = [file.path for file in unique(files.expand(paintings))]
    if Path(output).expanduser().resolve() in {path.resolve() for path in found}:
        raise OutputError(f"{output} is one of the inputs", "Choose another name.")

    def say(number: int) -> None:
        if not quiet:
            print_status(f"measuring {found[number]} ({number + 1} of {len(found)})")

    style = measure_style(Stylizer(), found, settings, name=output, credit=credit, on_painting=say)
    style.save(output, overwrite=force)
    if not quiet:
        print_result(output)


@app.command(name="show")
def show_style(
    file: Annotated[str, Parameter(help="A style file.")],
    /,
    *,
    output: Annotated[
        str | None,
        Parameter(name=["--output", "-o"], help="Write the thumbnail.", metavar="FILE", group=OUTPUT),
    ] = None,
    force: Force = False,
    json: Annotated[bool, Parameter(negative="", help="Write what is in the file as JSON.", group=OUTPUT)] = False,
) -> None:
    """Print what is in a style file."""
    if STREAM in (file, output):
        raise InputError("a style file is shown from a file, and - is none", "Name files.")
    with exit_on_interrupt():
        from impasto import images  # noqa: PLC0415
        from impasto.engine.style_file import read_style  # noqa: PLC0415
    style = read_style(file)
    if output is not None:
        images.save(style.thumbnail, output, overwrite=force)
    if json:
        print_json({"path": file, "bytes": len(style.data), **style.info.model_dump()})
    else:
        for line in _describe(style):
            print_result(line)


def _describe(style: "StyleFile") -> Sequence[str]:
    info = style.info
    network = info.network
    named = f"{network.name}, {network.pooling} pooling, {network.padding} padding"
    rows = {
        "credit": info.credit or "none",
        "network": named + (", normalized" if network.normalize else ""),
        "layers": ", ".join(info.layers),
        "statistic": info.statistic,
        "sizes": ", ".join(str(side) for side in info.sides) + " px",
        "measured": f"in {info.precision} on {info.device}, {count_noun(info.threads, 'thread')}, by {info.made_by}",
    }
    paintings = [f"  {it.name}, {it.width} x {it.height} px" for it in info.paintings]
    head = f"{style.name}: {count_noun(len(info.paintings), 'painting')}, {len(style.data) / _MEGABYTE:.1f} MB"
    return [head, *paintings, *(f"{name + ':':11}{value}" for name, value in rows.items())]
