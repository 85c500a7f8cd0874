"""`impasto rebuild`: reconstruct a photograph from the features of one layer."""

from typing import Annotated, Any

from cyclopts import Parameter

from impasto.cli.options import DEFAULT_OUTPUTS, OutputOptions, build_settings, output_option, with_settings
from impasto.cli.signals import exit_on_interrupt
from impasto.settings import Settings

EXAMPLES = """\
Example:

  impasto rebuild photo.jpg --layer relu5_1
"""

_NO_STYLE: dict[str, Any] = {"style_weight": 0.0, "style_layers": {}, "strength": 0.5}
_STYLE_SETTINGS = frozenset({*_NO_STYLE, "style_scale", "style_blend", "style_fit", "statistic"})


@with_settings(defaults=Settings(recipe="rebuild"), without=_STYLE_SETTINGS, names={"content_layers": "--layer"})
def rebuild(
    photo: Annotated[str, Parameter(help="The photograph to rebuild; - reads stdin.")],
    /,
    *,
    output: Annotated[str | None, output_option("photo-LAYER.png beside the photo")] = None,
    outputs: OutputOptions = DEFAULT_OUTPUTS,
    **values: Any,
) -> int:
    """Rebuild a photograph from the features of one layer of the network (Mahendran and Vedaldi 2015)."""
    recipe = {} if outputs.settings_from else {"recipe": "rebuild"}
    settings = build_settings({**recipe, **values, **_NO_STYLE}, outputs.settings_from)
    with exit_on_interrupt():
        from impasto.cli import runner  # noqa: PLC0415
        from impasto.cli.outputs import RunArguments  # noqa: PLC0415
    layers = "-".join(settings.content_layers)
    return runner.run(RunArguments(photo, output=output, name_ending=layers, options=outputs), settings)
