"""How a run is shown while it runs, and the files that are made of its events: plot, animation, steps."""

import sys

from impasto.cli.display.bars import Bars
from impasto.cli.display.base import Display, NullDisplay
from impasto.cli.display.json import JsonLines
from impasto.cli.display.lines import Lines

__all__ = ["Display", "NullDisplay", "choose_display"]


def choose_display(*, json: bool, quiet: bool) -> Display:
    """Choose what the user asked for and the terminal can show."""
    if json:
        return JsonLines()
    if quiet:
        return NullDisplay()
    return Bars() if sys.stderr.isatty() else Lines()
