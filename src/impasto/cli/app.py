"""The commands and what each accepts. Bodies import what they run, so that `--help` needs no torch."""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError
from cyclopts.validators import Number
from rich.console import Console

from impasto.cli import explore
from impasto.cli.arguments import Force, Outputs, Quiet, StoredIn, output_option
from impasto.cli.options import with_settings
from impasto.cli.request import Request
from impasto.cli.signals import leaving_at_once
from impasto.cli.terminal import STREAM, tell
from impasto.errors import InputError

_WRONG_USE = 2
_DEFAULT_OUTPUTS = Outputs()

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
recipes = App(
    name="recipes", help="List, show and save recipes: named sets of settings.", version_flags=[], help_epilogue=""
)
weights = App(name="weights", help="List, fetch and import the networks' weights.", version_flags=[], help_epilogue="")
app.command(explore.sweep, help_epilogue=explore.SWEEP_EXAMPLES)
app.command(explore.texture, help_epilogue=explore.TEXTURE_EXAMPLE)
app.command(explore.rebuild, help_epilogue=explore.REBUILD_EXAMPLE)
app.command(recipes)
app.command(weights)


def run(arguments: list[str]) -> int:
    """Parse and run a command line; returns the exit code.

    Raises:
        InputError: the command line cannot be understood; any other error of Impasto's comes from the command itself.
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
        raise _understandable(error) from None
    return code if isinstance(code, int) else 0


def _check_command(first: str) -> None:
    """A command's name with a typo would be taken for a photograph; say so if there is no such file."""
    commands = [name for name in app if not name.startswith("-")]
    close = difflib.get_close_matches(first, commands, n=1, cutoff=0.7)
    if close and first not in commands and not Path(first).exists():
        raise InputError(f"there is no command and no picture '{first}'", f"Did you mean `impasto {close[0]}`?")


def _understandable(error: CycloptsError) -> InputError:
    """Split the parser's message into what was wrong and what to do, where it suggests something."""
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return InputError(f"'{error.unused_tokens[0]}' is one argument too many", "Leave it out.")
    text = " ".join(str(error).replace(STREAM, "-").split())
    command = " ".join(("impasto", *(error.command_chain or ())))
    problem, mark, suggestion = text.partition(" Did you mean ")
    if not mark:
        problem, mark, suggestion = text.partition(" Choose from: ")
    hint = (mark + suggestion).strip() or f"See `{command} --help`."
    return InputError(problem[:1].lower() + problem[1:], hint)


@app.default
@with_settings
def paint(
    photo: Annotated[str, Parameter(help="The photograph whose content to keep; - reads stdin.")],
    paintings: Annotated[
        list[str], Parameter(name="PAINTING", help="The paintings whose style to take; - reads stdin.", negative="")
    ],
    /,
    *,
    output: Annotated[
        str | None,
        output_option("photo-painting.png beside the photo (stdin-painting.png here, if it came from stdin)"),
    ] = None,
    outputs: Outputs = _DEFAULT_OUTPUTS,
    **values: Any,
) -> int:
    """Paint a photograph in the style of one or more paintings."""
    request = Request(photo=photo, paintings=tuple(paintings), output=output, **vars(outputs))
    with leaving_at_once():
        from impasto.cli import paint as command  # noqa: PLC0415
    return command.paint(request, values)


@app.command(help_epilogue="")
@with_settings
def losses(
    image: Annotated[str, Parameter(help="The picture to judge.")],
    /,
    *,
    content: Annotated[str, Parameter(help="The photograph whose content it should have.", metavar="FILE")],
    style: Annotated[
        list[str],
        Parameter(help="The painting whose style it should have; may be repeated.", metavar="FILE", negative=""),
    ],
    settings_from: StoredIn = None,
    json: Annotated[bool, Parameter(negative="", help="Write the terms as JSON.")] = False,
    **values: Any,
) -> None:
    """Evaluate a recipe's objective on an existing picture, without changing it."""
    with leaving_at_once():
        from impasto.cli import losses as command  # noqa: PLC0415
    command.losses(image, content, style, values, stored_in=settings_from, as_json=json)


@recipes.command(name="list")
def list_recipes() -> None:
    """List the recipes that ship and those that you saved."""
    from impasto.cli import recipes_commands  # noqa: PLC0415

    recipes_commands.show_list()


@recipes.command(name="show")
def show_recipe(name: Annotated[str, Parameter(help="A recipe's name, or a .toml file.")], /) -> None:
    """Print a recipe as TOML."""
    from impasto.cli import recipes_commands  # noqa: PLC0415

    recipes_commands.show(name)


@recipes.command(name="save")
@with_settings
def save_recipe(
    name: Annotated[str, Parameter(help="A name of your own, or the path of a .toml file.")],
    /,
    *,
    description: Annotated[str | None, Parameter(help="One line for `impasto recipes list`.", metavar="TEXT")] = None,
    settings_from: StoredIn = None,
    force: Force = False,
    **values: Any,
) -> None:
    """Save settings under a name for --recipe."""
    from impasto.cli import recipes_commands  # noqa: PLC0415

    recipes_commands.save(name, values, description=description, stored_in=settings_from, overwrite=force)


@weights.command(name="list")
def list_weights() -> None:
    """List the networks: where their weights are, who made them, under which license."""
    with leaving_at_once():
        from impasto.cli import weights_commands  # noqa: PLC0415
    weights_commands.show_list()


@weights.command(name="path")
def weights_path(name: Annotated[str, Parameter(help="A network's name.")], /) -> None:
    """Print where a network's weights are."""
    with leaving_at_once():
        from impasto.cli import weights_commands  # noqa: PLC0415
    weights_commands.show_path(name)


@weights.command(name="fetch")
def fetch_weights(
    name: Annotated[str, Parameter(help="A network's name.")], /, *, force: Force = False, quiet: Quiet = False
) -> None:
    """Download a network's weights; an interrupted download goes on where it stopped."""
    with leaving_at_once():
        from impasto.cli import weights_commands  # noqa: PLC0415
    weights_commands.fetch(name, force=force, quiet=quiet)


@weights.command(name="import")
def import_weights(
    file: Annotated[str, Parameter(help="A .safetensors, .pth, .h5, .mat or .onnx file.")],
    /,
    *,
    name: Annotated[str | None, Parameter(help="Name for --network; unset, the file's own.", metavar="NAME")] = None,
    convention: Annotated[
        str | None, Parameter(help="Input that the network expects; unset, recognized.", metavar="NAME")
    ] = None,
    force: Force = False,
) -> None:
    """Import weights from a file of another library."""
    with leaving_at_once():
        from impasto.cli import weights_commands  # noqa: PLC0415
    weights_commands.import_file(file, name=name, convention=convention, overwrite=force)


@app.command(help_epilogue="")
def studio(
    *,
    data: Annotated[
        str | None,
        Parameter(help="Folder of its pictures and history. Unset: `studio` in Impasto's own folder.", metavar="DIR"),
    ] = None,
    host: Annotated[
        str,
        Parameter(
            help="Address to listen at; any but this machine's own needs the token that is printed.", show_default=True
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        Parameter(
            help="Port to listen at; 0 takes any that is free.", show_default=True, validator=Number(gte=0, lte=65535)
        ),
    ] = 7860,
    token: Annotated[
        str | None,
        Parameter(help="The token to ask for, instead of one that is made up.", env_var="IMPASTO_STUDIO_TOKEN"),
    ] = None,
    allow_host: Annotated[
        tuple[str, ...], Parameter(help="Another name under which it may be asked for; may be repeated.", negative="")
    ] = (),
    quota: Annotated[
        float,
        Parameter(help="Gigabytes that its pictures may take.", show_default=True, validator=Number(gt=0)),
    ] = 10.0,
    device: Annotated[
        tuple[str, ...],
        Parameter(
            help="Where to compute: auto, cpu, cuda, cuda:N or mps; repeated, a painter works on each. Unset: auto.",
            negative="",
        ),
    ] = (),
    browser: Annotated[bool, Parameter(help="Whether to open the page in a browser.", show_default=True)] = True,
) -> None:
    """Open a page on this machine where anyone can paint."""
    with leaving_at_once():
        from impasto.cli import studio as command  # noqa: PLC0415
    command.studio(
        data=data,
        host=host,
        port=port,
        token=token,
        allow_host=allow_host,
        quota=quota,
        device=device,
        browser=browser,
    )


@app.command(help_epilogue="")
def doctor(*, json: Annotated[bool, Parameter(negative="", help="Write the findings as JSON.")] = False) -> int:
    """Check this installation, and paint a small picture to prove it."""
    with leaving_at_once():
        from impasto.cli import doctor as command  # noqa: PLC0415
    return command.doctor(as_json=json)


@app.command(help_epilogue="")
def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Print the completion script of a shell, to be sourced from its start-up file."""
    tell(app.generate_completion(prog_name="impasto", shell=shell))
