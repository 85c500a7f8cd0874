"""`impasto recipes`: list, show and save."""

from typing import Annotated, Any

import tomlkit
from cyclopts import App, Parameter

from impasto.cli.options import Force, SettingsFrom, build_settings, with_settings
from impasto.cli.terminal import print_result
from impasto.errors import ImpastoError
from impasto.settings import recipes
from impasto.settings.own_recipe import recipe_keys
from impasto.storage.names import base_name
from impasto.wording import COMMAND

app = App(
    name="recipes", help="List, show and save recipes: named sets of settings.", version_flags=[], help_epilogue=""
)


@app.default
@app.command(name="list")
def list_recipes() -> None:
    """List the recipes that ship with Impasto and those that you saved."""
    own = recipes.saved()
    names = recipes.shipped() + own
    width = max(len(name) for name in names)
    for name in names:
        print_result(f"{name:{width}}  {_description(name)}{' (yours)' if name in own else ''}")


@app.command(name="show")
def show_recipe(name: Annotated[str, Parameter(help="A recipe's name, or a .toml file.")], /) -> None:
    """Print a recipe as TOML."""
    print_result(tomlkit.dumps(recipes.read(name)).rstrip("\n"))


@app.command(name="save")
@with_settings()
def save_recipe(
    name: Annotated[str, Parameter(help="A name of your own, or the path of a .toml file.")],
    /,
    *,
    description: Annotated[str | None, Parameter(help="One line for `impasto recipes list`.", metavar="TEXT")] = None,
    settings_from: SettingsFrom = None,
    force: Force = False,
    **values: Any,
) -> None:
    """Save settings under a name for --recipe."""
    settings = build_settings(values, settings_from, with_files=False)
    line = description or f"Saved from {base_name(settings_from or settings.recipe)}"
    print_result(str(recipes.save(name, recipe_keys(settings, values, line), overwrite=force)))


def _description(name: str) -> str:
    """A recipe's description, or the reason why it cannot be read: that must not hide the others."""
    try:
        return str(recipes.read(name).get("description", ""))
    except ImpastoError as error:
        return error.message_for(COMMAND)
