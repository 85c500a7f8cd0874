"""`impasto recipes`: list, show and save."""

from collections.abc import Mapping
from typing import Annotated, Any

import tomlkit
from cyclopts import App, Parameter

from impasto.cli.options import Force, SettingsFrom, build_settings, with_settings
from impasto.cli.terminal import print_result
from impasto.errors import ImpastoError
from impasto.settings import Settings, recipes
from impasto.settings.messages import read_extra
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
    # All of them are saved, so that the recipe stays the same when the one that it is based on changes.
    saved = {key: value for key, value in settings.model_dump(mode="json").items() if _belongs_to_recipe(key, values)}
    line = description or f"Saved from {base_name(settings_from or settings.recipe)}"
    print_result(str(recipes.save(name, {"description": line, **saved}, overwrite=force)))


def _belongs_to_recipe(key: str, values: Mapping[str, Any]) -> bool:
    """Whether to save a setting: seed, machine and masks belong to one run, and are saved only if they are given."""
    if key == "recipe":
        return False
    group = read_extra(Settings.model_fields[key], "group")
    return key in values or (key != "seed" and group not in ("Machine", "Regions"))


def _description(name: str) -> str:
    """A recipe's description, or the reason why it cannot be read: that must not hide the others."""
    try:
        return str(recipes.read(name).get("description", ""))
    except ImpastoError as error:
        return error.message_for(COMMAND)
