"""The app: registers the commands, parses a command line and runs it."""

import difflib
from pathlib import Path

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError
from rich.console import Console

from impasto.cli.commands import (
    completion,
    doctor,
    losses,
    rebuild,
    recipes,
    studio,
    stylize,
    sweep,
    texture,
    weights,
)
from impasto.cli.terminal import STREAM
from impasto.errors import InputError

_WRONG_USE = 2

_EXAMPLES = """\
Examples:

  impasto photo.jpg painting.jpg

  impasto photo.jpg painting.jpg -o out.png --size 768 --style-scale 1.5
"""

app = App(
    name="impasto",
    help="Paint a photograph in the style of one or more paintings.",
    help_epilogue=_EXAMPLES,
    usage="Usage: impasto PHOTO PAINTING [PAINTING ...] [OPTIONS]\n       impasto COMMAND ...",
    help_format="plaintext",
    version_flags=["--version"],
    default_parameter=Parameter(show_default=False),
)
app.default(stylize.stylize)
app.command(sweep.sweep, help_epilogue=sweep.EXAMPLES)
app.command(texture.texture, help_epilogue=texture.EXAMPLES)
app.command(rebuild.rebuild, help_epilogue=rebuild.EXAMPLES)
app.command(losses.losses, help_epilogue="")
app.command(recipes.app)
app.command(weights.app)
app.command(doctor.doctor, help_epilogue="")
app.command(studio.studio, help_epilogue="")
app.command(completion.completion_of(app), help_epilogue="")


def run(arguments: list[str]) -> int:
    """Parse and run a command line; returns the exit code.

    Raises:
        InputError: the command line cannot be parsed; any other error of Impasto's comes from the command itself.
    """
    console = Console()  # the app's own would keep the width of the terminal at its first use
    if not arguments:
        app.help_print([], console=console)
        return _WRONG_USE
    _check_command(arguments[0])
    tokens = [STREAM if argument == "-" else argument for argument in arguments]
    try:
        code = app(tokens, console=console, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        raise _input_error(error) from None
    return code if isinstance(code, int) else 0


def _check_command(first: str) -> None:
    """Refuse a misspelled command, which would be read as a photograph, unless there is such a file."""
    commands = [name for name in app if not name.startswith("-")]
    close = difflib.get_close_matches(first, commands, n=1, cutoff=0.7)
    if close and first not in commands and not Path(first).exists():
        raise InputError(f"there is no command and no picture '{first}'", f"Did you mean `impasto {close[0]}`?")


def _input_error(error: CycloptsError) -> InputError:
    """Split the parser's message into the problem and, where it suggests something, the hint."""
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return InputError(f"'{error.unused_tokens[0]}' is one argument too many", "Leave it out.")
    text = " ".join(str(error).replace(STREAM, "-").split())
    command = " ".join(("impasto", *(error.command_chain or ())))
    problem, mark, suggestion = text.partition(" Did you mean ")
    if not mark:
        problem, mark, suggestion = text.partition(" Choose from: ")
    hint = (mark + suggestion).strip() or f"See `{command} --help`."
    return InputError(problem[:1].lower() + problem[1:], hint)
