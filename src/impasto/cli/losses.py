"""`impasto losses`: a recipe's objective on an existing picture."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from impasto.cli import options, terminal
from impasto.cli.paint import read
from impasto.cli.terminal import STREAM
from impasto.engine.stylizer import Losses, Stylizer
from impasto.errors import InputError


def losses(
    image: str, content: str, styles: Sequence[str], values: Mapping[str, Any], *, stored_in: str | None, as_json: bool
) -> None:
    """Evaluate and print.

    Raises:
        InputError: a picture, a setting or the network cannot be used.
    """
    settings = options.settings(values, stored_in)
    if [image, content, *styles].count(STREAM) > 1:
        raise InputError("stdin can supply one picture only", "Name a file for the others.")
    pictures = [read(style) for style in styles]
    found = Stylizer().losses(read(image), read(content), pictures, settings)
    if as_json:
        terminal.tell_json(asdict(found))
    else:
        Console(highlight=False).print(_table(found, settings.recipe))


def _table(found: Losses, recipe: str) -> Table:
    table = Table("term", "layer", title=f"{recipe}", show_footer=True)
    table.columns[0].footer = "total"
    table.add_column("weight", justify="right")
    table.add_column("loss", justify="right", footer=f"{found.total:.6g}")
    table.add_column("share", justify="right")
    for term in found.terms:
        share = term.value / found.total if found.total else 0.0
        table.add_row(term.kind, term.layer or "", f"{term.weight:g}", f"{term.value:.6g}", f"{share:.1%}")
    return table
