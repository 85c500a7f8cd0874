"""Help in two lengths: `--help` names the groups of rarer options, `--help-all` lists them."""

from contextvars import ContextVar

from cyclopts.help import DefaultFormatter, HelpPanel
from rich.console import Console, ConsoleOptions
from rich.text import Text

SHORT, LONG = "--help", "--help-all"
COMMON_GROUPS = ("Look", "Paintings", "Regions")
"""Those groups of settings that the short help lists, in this order before the others."""
_long = ContextVar("long", default=False)


class RareGroup:
    """Shows a group of options in the long help, and says in the short one that it is there."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print the group; see cyclopts' `HelpFormatter`."""
        if _long.get():
            DefaultFormatter()(console, options, panel)
        else:
            console.print(Text(f"  {panel.title}: {len(panel.entries)} options, listed by {LONG}"))


def choose_length(arguments: list[str]) -> list[str]:
    """Note whether the long help is asked for, and give the arguments that ask for help of either length."""
    _long.set(LONG in arguments)
    return [SHORT if argument == LONG else argument for argument in arguments]
