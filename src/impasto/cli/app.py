"""The app: registers the commands, parses a command line and runs it."""

import difflib
import functools
from collections.abc import Sequence
from pathlib import Path

from cyclopts import (
    App,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    RepeatArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from rich.console import Console

from impasto.cli.commands import (
    batch,
    completion,
    doctor,
    judge,
    losses,
    rebuild,
    recipes,
    studio,
    style,
    stylize,
    sweep,
    texture,
    video,
    weights,
)
from impasto.cli.help import choose_length
from impasto.cli.terminal import STREAM, print_result
from impasto.errors import InputError
from impasto.storage.paths import is_file

_WELCOME = """\
Impasto paints a photograph in the style of one or more paintings.

  impasto photo.jpg painting.jpg                paints photo-painting.png
  impasto photo.jpg painting.jpg -o out.png     chooses the name
  impasto photo.jpg painting.jpg --recipe fast  takes a third of the time
  impasto batch photos/ --style painting.jpg -o out/  paints a whole folder
  impasto recipes list                          lists the looks
  impasto video clip.mp4 painting.jpg           paints a film
  impasto studio                                opens a page in the browser
  impasto doctor                                checks the installation

impasto --help lists the usual options, impasto --help-all all of them; impasto help COMMAND those of a command."""

_EXAMPLES = """\
Examples:

  impasto photo.jpg painting.jpg

  impasto photo.jpg painting.jpg -o out.png --size 768 --style-scale 1.5

Exit codes:

  0    done
  1    failed: no memory, no room on the disk, no numbers in the objective
  2    wrong use, or a file or a value that cannot be used; nothing is written
  3    some pictures of a sweep or a batch failed
  129  stopped because the terminal closed: the picture is written as it is
  130  stopped by Ctrl-C: likewise
  143  stopped by `kill`: likewise
  141  nothing reads the output any more

The last line that a run with --json writes to stdout:

  finished  the run ended; `path` is null if nothing was written
  started   with --dry-run: nothing is painted
  failed    with `error` and `exit_code`; none if a signal comes while the command is loading

Environment variables:

  IMPASTO_HOME         folder of networks, recipes, the cache and the studio
  IMPASTO_MIRROR       address to fetch networks from, instead of their authors'
  IMPASTO_STUDIO_TOKEN access token of `impasto studio`
  IMPASTO_DEBUG        1 shows the traceback of an unexpected error
  NO_COLOR             1 shows no colors
"""

app = App(
    name="impasto",
    help="Paint a photograph in the style of one or more paintings.",
    help_epilogue=_EXAMPLES,
    usage="Usage: impasto PHOTO PAINTING [PAINTING ...] [OPTIONS]\n       impasto COMMAND ...",
    help_format="plaintext",
    version_flags=["--version"],
    default_parameter=Parameter(show_default=False),
    suppress_keyboard_interrupt=False,
)
app.default(stylize.stylize)
app.command(batch.batch, help_epilogue=batch.EXAMPLES)
app.command(video.video, help_epilogue=video.EXAMPLES)
app.command(sweep.sweep, help_epilogue=sweep.EXAMPLES)
app.command(texture.texture, help_epilogue=texture.EXAMPLES)
app.command(rebuild.rebuild, help_epilogue=rebuild.EXAMPLES)
app.command(losses.losses, help_epilogue="")
app.command(judge.judge, help_epilogue=judge.EXAMPLES)
app.command(style.app)
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
        print_result(_WELCOME)
        return 0
    arguments = choose_length(_as_options(arguments))
    _check_command(arguments[0])
    if arguments[0] == "video":
        arguments = video.join_keyframes(arguments)
    tokens = [STREAM if argument == "-" else argument for argument in arguments]
    try:
        code = app(tokens, console=console, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        raise _input_error(error) from None
    return code if isinstance(code, int) else 0


def _as_options(arguments: list[str]) -> list[str]:
    """Read `help COMMAND` as `COMMAND --help`, unless there is a file of that name.

    Raises:
        InputError: there is no such command.
    """
    first, *others = arguments
    if first != "help" or Path(first).exists():
        return arguments
    if others and others[0] in {"help", "version"}:
        return ["--help"]
    if others and others[0] not in _commands() and not others[0].startswith("-"):
        raise InputError(f"there is no command '{others[0]}'", _nearest(others[0], _commands(), "impasto help"))
    return [*others, "--help"]


def _commands() -> list[str]:
    return [name for name in app if not name.startswith("-")]


def _check_command(first: str) -> None:
    """Refuse a misspelled command, which would be read as a photograph, unless there is such a file."""
    commands = [*_commands(), "help", "version"]
    close = difflib.get_close_matches(first, commands, n=1, cutoff=0.7)
    if close and not first.startswith("-") and first not in commands and not Path(first).exists():
        raise InputError(f"there is no command and no picture '{first}'", f"Did you mean `impasto {close[0]}`?")


def _one_too_many(argument: str, command: Sequence[str]) -> InputError:
    """Name an argument too many, or a misspelled command of a group."""
    group = functools.reduce(App.__getitem__, command, app)
    names = [name for name in group if not name.startswith("-")] if command else []
    if not names:
        return InputError(f"'{argument}' is one argument too many", "Leave it out.")
    words = " ".join(("impasto", *command))
    return InputError(f"`{words}` has no command '{argument}'", _nearest(argument, names, words))


def _nearest(given: str, names: Sequence[str], words: str) -> str:
    """Suggest the command of some names that was likely meant, after the words that come before it; or all of them."""
    close = difflib.get_close_matches(given, names, n=1)
    return f"Did you mean `{words} {close[0]}`?" if close else f"Choose from: {', '.join(names)}."


def _input_error(error: CycloptsError) -> InputError:
    """Split the parser's message into the problem and, where it suggests something, the hint."""
    command = " ".join(("impasto", *(error.command_chain or ())))
    match error:
        case UnusedCliTokensError() if error.unused_tokens:
            return _one_too_many(error.unused_tokens[0], error.command_chain or ())
        case MissingArgumentError() if error.argument:
            option = error.keyword or next((it.keyword for it in error.argument.tokens if it.keyword), None)
            problem = f"{option} has no value" if option else f"{error.argument.name} is missing"
            return InputError(problem, f"See `{command} --help`.")
        case RepeatArgumentError():
            return InputError(f"{error.token.keyword} is given twice", "Give it once.")
        case UnknownOptionError() if is_file(name := error.token.keyword or error.token.value):
            return InputError(f"unknown option: {name}", f"For the file of that name, write ./{name}.")
    text = " ".join(str(error).replace(STREAM, "-").split())
    problem, mark, suggestion = text.partition(" Did you mean ")
    if not mark:
        problem, mark, suggestion = text.partition(" Choose from: ")
    hint = (mark + suggestion).strip() or f"See `{command} --help`."
    return InputError(problem[:1].lower() + problem[1:], hint)
