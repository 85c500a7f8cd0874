"""`impasto texture`: make a texture of paintings alone."""

from typing import Annotated, Any

from cyclopts import Parameter

from impasto.cli.options import DEFAULT_OUTPUTS, OutputOptions, build_settings, output_option, with_settings
from impasto.cli.signals import exit_on_interrupt
from impasto.settings import Settings

EXAMPLES = """\
Example:

  impasto texture painting.jpg --size-rule 512x512
"""

_NO_CONTENT: dict[str, Any] = {"content_weight": 0.0, "content_layers": {}, "strength": 0.5}


@with_settings(defaults=Settings(recipe="texture"), without=_NO_CONTENT.keys())
def texture(
    paintings: Annotated[
        list[str],
        Parameter(name="PAINTING", help="The painting to make a texture of, or several; - reads stdin.", negative=""),
    ],
    /,
    *,
    output: Annotated[str | None, output_option("painting-texture.png beside the painting")] = None,
    outputs: OutputOptions = DEFAULT_OUTPUTS,
    **values: Any,
) -> int:
    """Make a texture of a painting alone, starting from noise in its colors (Gatys et al. 2015).

    It has the painting's aspect ratio, or any other with --size-rule WIDTHxHEIGHT.
    """
    recipe = {} if outputs.settings_from else {"recipe": "texture"}
    settings = build_settings({**recipe, **values, **_NO_CONTENT}, outputs.settings_from)
    with exit_on_interrupt():
        from impasto.cli import runner  # noqa: PLC0415
        from impasto.cli.outputs import RunArguments  # noqa: PLC0415
    arguments = RunArguments(paintings=tuple(paintings), output=output, name_ending="texture", options=outputs)
    return runner.run(arguments, settings)
