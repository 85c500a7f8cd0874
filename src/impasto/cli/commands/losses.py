"""`impasto losses`: a recipe's objective on an existing picture."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from impasto.cli.options import SettingsFrom, build_settings, with_settings
from impasto.cli.signals import exit_on_interrupt
from impasto.cli.terminal import print_json

if TYPE_CHECKING:
    from impasto.engine.stylizer import Losses


@with_settings()
def losses(
    image: Annotated[str, Parameter(help="The picture to evaluate.")],
    /,
    *,
    content: Annotated[str, Parameter(help="The photograph that gives the content.", metavar="FILE")],
    style: Annotated[
        list[str], Parameter(help="The painting that gives the style; may be repeated.", metavar="FILE", negative="")
    ],
    settings_from: SettingsFrom = None,
    json: Annotated[bool, Parameter(negative="", help="Write the terms as JSON.")] = False,
    **values: Any,
) -> None:
    """Evaluate a recipe's objective on an existing picture, without changing it."""
    with exit_on_interrupt():
        from impasto.cli.inputs import check_stdin, read_picture, read_style_input  # noqa: PLC0415
        from impasto.engine.stylizer import Stylizer  # noqa: PLC0415
    settings = build_settings(values, settings_from)
    check_stdin([image, content, *style])
    styles = [read_style_input(painting) for painting in style]
    found = Stylizer().losses(read_picture(image), read_picture(content), styles, settings)
    if json:
        print_json(asdict(found))
    else:
        Console(highlight=False).print(_table(found, settings.recipe))


def _table(found: "Losses", recipe: str) -> Table:
    table = Table("term", "layer", title=f"{recipe}", show_footer=True)
    table.columns[0].footer = "total"
    table.add_column("weight", justify="right")
    table.add_column("loss", justify="right", footer=f"{found.total:.6g}")
    table.add_column("share", justify="right")
    for term in found.terms:
        share = term.value / found.total if found.total else 0.0
        table.add_row(term.kind, term.layer or "", f"{term.weight:g}", f"{term.value:.6g}", f"{share:.1%}")
    return table
