"""The default command: stylize a photograph."""

from typing import Annotated, Any

from cyclopts import Parameter

from impasto.cli.options import (
    DEFAULT_OUTPUTS,
    OutputOptions,
    Paintings,
    Photo,
    build_settings,
    output_option,
    with_settings,
)
from impasto.cli.signals import exit_on_interrupt


@with_settings()
def stylize(
    photo: Photo,
    paintings: Paintings,
    /,
    *,
    output: Annotated[
        str | None,
        output_option("photo-painting.png beside the photo (stdin-painting.png here, if it came from stdin)"),
    ] = None,
    cluster: Annotated[
        str | None,
        Parameter(
            help="Compute a picture of over a megapixel in tiles on a cluster of Ray: auto is the one that this "
            "machine is part of; local starts one of this machine alone.",
            metavar="local|auto|ADDRESS",
            group="Machine",
        ),
    ] = None,
    outputs: OutputOptions = DEFAULT_OUTPUTS,
    **values: Any,
) -> int:
    """Paint a photograph in the style of one or more paintings."""
    settings = build_settings(values, outputs.settings_from)
    with exit_on_interrupt():
        from impasto.cli import runner  # noqa: PLC0415
        from impasto.cli.inputs import check_count, check_no_film  # noqa: PLC0415
        from impasto.cli.outputs import RunArguments  # noqa: PLC0415
    check_count(paintings, weighed=bool(settings.style_blend or settings.mask))
    check_no_film(photo, paintings)
    return runner.run(RunArguments(photo, tuple(paintings), output, options=outputs, cluster=cluster), settings)
