"""`impasto recipes`: list, show and save."""

from collections.abc import Mapping
from typing import Any

import tomlkit

from impasto.cli import options, terminal
from impasto.errors import ImpastoError
from impasto.settings import recipes


def show_list() -> None:
    """Print every recipe with its description."""
    own = recipes.saved()
    names = recipes.shipped() + own
    width = max(len(name) for name in names)
    for name in names:
        terminal.tell(f"{name:{width}}  {_description(name)}{' (yours)' if name in own else ''}")


def show(name: str) -> None:
    """Print a recipe as TOML that `--recipe FILE.toml` reads."""
    terminal.tell(tomlkit.dumps(recipes.read(name)).rstrip("\n"))


def save(
    name: str, values: Mapping[str, Any], *, description: str | None, stored_in: str | None, overwrite: bool
) -> None:
    """Save the look that these options make, whole, so that it holds when the recipe it began with changes."""
    settings = options.settings(values, stored_in)
    kept = {key: value for key, value in settings.model_dump(mode="json").items() if _is_look(key, values)}
    line = description or f"Saved from {stored_in or settings.recipe}"
    terminal.tell(str(recipes.save(name, {"description": line, **kept}, overwrite=overwrite)))


def _is_look(key: str, values: Mapping[str, Any]) -> bool:
    """Seed, machine and masks belong to one run, not to a look, unless they were given."""
    if key == "recipe":
        return False
    return key in values or (key != "seed" and options.group_of(key) not in ("Machine", "Regions"))


def _description(name: str) -> str:
    """A recipe's own line; one that cannot be read must not hide the others."""
    try:
        return str(recipes.read(name).get("description", ""))
    except ImpastoError as error:
        return str(error)
