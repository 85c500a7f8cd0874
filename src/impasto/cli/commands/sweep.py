"""`impasto sweep`: one small picture for each combination of some settings' values."""

from typing import Annotated, Any

from cyclopts import Parameter

from impasto.cli import sweep_axes
from impasto.cli.options import (
    OUTPUT,
    DryRun,
    Force,
    OutputOptions,
    Paintings,
    Photo,
    Quiet,
    SettingsFrom,
    json_option,
    output_option,
    with_settings,
)
from impasto.cli.signals import exit_on_interrupt
from impasto.settings import Settings

EXAMPLES = """\
Examples:

  impasto sweep photo.jpg painting.jpg --over style-scale=1,2 --over seed=1,2

  impasto photo.jpg painting.jpg --settings-from photo-painting-sweep.png#2,1
"""

_SIZE = 256
_NOT_SWEPT = frozenset({"save_every"})


@with_settings(defaults=Settings(size=_SIZE), without=_NOT_SWEPT)
def sweep(
    photo: Photo,
    paintings: Paintings,
    /,
    *,
    over: Annotated[
        list[str],
        Parameter(
            help="A setting and its values, NAME=V1,V2,...; NAME is the option without its dashes. Separate values "
            "that contain commas by ; and values that contain both by |: 'style-layers=relu1_1,relu2_1;relu3_1'. "
            "One setting runs across the sheet; of two, the first runs down and the second across; more repeat that "
            "grid.",
            metavar="NAME=LIST",
            negative="",
        ),
    ],
    output: Annotated[str | None, output_option("photo-painting-sweep.png beside the photo")] = None,
    force: Force = False,
    save_dir: Annotated[
        str | None,
        Parameter(
            help="Folder for a file of each picture, named ROW-COLUMN.png, with its settings.",
            metavar="DIR",
            group=OUTPUT,
        ),
    ] = None,
    settings_from: SettingsFrom = None,
    dry_run: DryRun = False,
    json: Annotated[
        bool, json_option("the start and each picture as a line of JSON to stdout; the last is the sheet")
    ] = False,
    quiet: Quiet = False,
    **values: Any,
) -> int:
    """Paint a small picture for each combination of some settings' values, all on one labeled sheet.

    The pictures are small, so that choosing is quick: --size has a default here, unless --size-rule is given.
    """
    axes = sweep_axes.parse_axes(over, given=values, without=_NOT_SWEPT)
    has_size = {"size", "size_rule"} & {*values, *(axis.setting for axis in axes)}
    shared = values if has_size else {"size": _SIZE, **values}
    options = OutputOptions(
        force=force, save_dir=save_dir, settings_from=settings_from, dry_run=dry_run, json=json, quiet=quiet
    )
    with exit_on_interrupt():
        from impasto.cli.commands.sweep_runner import run_sweep  # noqa: PLC0415
        from impasto.cli.outputs import RunArguments  # noqa: PLC0415
    arguments = RunArguments(photo, tuple(paintings), output, name_ending="sweep", options=options)
    return run_sweep(arguments, sweep_axes.arrange_cells(axes), shared)
