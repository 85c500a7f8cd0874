"""The commands for people who choose and people who learn: what each accepts. Bodies import what they run."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from cyclopts import Parameter

from impasto.cli import options
from impasto.cli.arguments import OUTPUT, Force, Outputs, Quiet, StoredIn, output_option
from impasto.cli.options import with_settings
from impasto.cli.request import Request
from impasto.cli.signals import leaving_at_once
from impasto.settings import Settings

_DEFAULT_OUTPUTS = Outputs()
_NO_CONTENT: Mapping[str, Any] = {"content_weight": 0.0, "content_layers": {}}
_NO_STYLE: Mapping[str, Any] = {"style_weight": 0.0, "style_layers": {}}
_OF_STYLE = frozenset({*_NO_STYLE, "style_scale", "style_blend", "style_fit", "statistic"})

_SMALL = 256
_NOT_SWEPT = frozenset({"save_every"})

SWEEP_EXAMPLES = """\
Examples:

  impasto sweep photo.jpg painting.jpg --over style-scale=1,2 --over seed=1,2

  impasto photo.jpg painting.jpg --settings-from photo-painting-sweep.png#2,1
"""
TEXTURE_EXAMPLE = """\
Example:

  impasto texture painting.jpg --size-rule 512x512
"""
REBUILD_EXAMPLE = """\
Example:

  impasto rebuild photo.jpg --layer relu5_1
"""


@partial(with_settings, defaults=Settings(size=_SMALL), without=_NOT_SWEPT)
def sweep(
    photo: Annotated[str, Parameter(help="The photograph whose content to keep; - reads stdin.")],
    paintings: Annotated[
        list[str], Parameter(name="PAINTING", help="The paintings whose style to take; - reads stdin.", negative="")
    ],
    /,
    *,
    over: Annotated[
        list[str],
        Parameter(
            help="A setting and its values, NAME=V1,V2,...; NAME is an option's name less the dashes. Values that have "
            "commas in them are separated by ; and those that have both by |: 'style-layers=relu1_1,relu2_1;relu3_1'. "
            "One goes across the sheet; of two, the first goes down and the second across; more repeat that grid.",
            metavar="NAME=LIST",
            negative="",
        ),
    ],
    output: Annotated[str | None, output_option("photo-painting-sweep.png beside the photo")] = None,
    force: Force = False,
    save_dir: Annotated[
        str | None,
        Parameter(
            help="Folder for every picture by itself, named ROW-COLUMN.png, with its settings.",
            metavar="DIR",
            group=OUTPUT,
        ),
    ] = None,
    settings_from: StoredIn = None,
    json: Annotated[
        bool,
        Parameter(
            negative="", help="Write each picture as a line of JSON to stdout; the last is the sheet.", group=OUTPUT
        ),
    ] = False,
    quiet: Quiet = False,
    **values: Any,
) -> int:
    """Paint a small picture for each combination of some settings' values, and put them onto one labelled sheet.

    They are small so that choosing is quick: --size has a default here, unless --size-rule is given.
    """
    request = Request(
        photo=photo,
        paintings=tuple(paintings),
        output=output,
        name="sweep",
        force=force,
        save_dir=save_dir,
        settings_from=settings_from,
        json=json,
        quiet=quiet,
    )
    with leaving_at_once():
        from impasto.cli import sweep as command  # noqa: PLC0415
    return command.sweep(request, over, values, size=_SMALL, without=_NOT_SWEPT)


@partial(with_settings, defaults=Settings(recipe="texture"), without=frozenset(_NO_CONTENT))
def texture(
    paintings: Annotated[
        list[str],
        Parameter(name="PAINTING", help="The painting to make a texture of, or several; - reads stdin.", negative=""),
    ],
    /,
    *,
    output: Annotated[str | None, output_option("painting-texture.png beside the painting")] = None,
    outputs: Outputs = _DEFAULT_OUTPUTS,
    **values: Any,
) -> int:
    """Make a texture of a painting alone, from noise in its colors (Gatys et al. 2015).

    It has the painting's aspect, or any with --size-rule WIDTHxHEIGHT.
    """
    settings = _settings("texture", outputs, {**values, **_NO_CONTENT})
    request = Request(paintings=tuple(paintings), output=output, name="texture", **vars(outputs))
    return _make(request, settings)


@partial(with_settings, defaults=Settings(recipe="rebuild"), without=_OF_STYLE, names={"content_layers": "--layer"})
def rebuild(
    photo: Annotated[str, Parameter(help="The photograph to rebuild; - reads stdin.")],
    /,
    *,
    output: Annotated[str | None, output_option("photo-LAYER.png beside the photo")] = None,
    outputs: Outputs = _DEFAULT_OUTPUTS,
    **values: Any,
) -> int:
    """Rebuild a photograph from what one layer of the network keeps of it (Mahendran and Vedaldi 2015)."""
    settings = _settings("rebuild", outputs, {**values, **_NO_STYLE})
    request = Request(photo=photo, output=output, name="-".join(settings.content_layers), **vars(outputs))
    return _make(request, settings)


def _settings(recipe: str, outputs: Outputs, values: Mapping[str, Any]) -> Settings:
    """The command's own recipe supplies what is not given, unless another is named, or a picture's settings are."""
    own = {} if outputs.settings_from else {"recipe": recipe}
    return options.settings({**own, **values}, outputs.settings_from)


def _make(request: Request, settings: Settings) -> int:
    with leaving_at_once():
        from impasto.cli import paint  # noqa: PLC0415
    return paint.make(request, settings)
