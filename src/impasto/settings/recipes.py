"""Named looks, one TOML file each: those that ship in the folder of this name, and those that the user saved.

A recipe holds any of the keys of `Settings`. Its key `recipe` names another that supplies what it does not state.
Beside them it may hold `description`, one line for `impasto recipes list`, and `order`, its place in that list.
"""

import difflib
import functools
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import tomlkit

from impasto.errors import OutputError, SettingsError
from impasto.storage import home as paths
from impasto.storage.atomic import make_folder, replace_file
from impasto.wording import OVERWRITE, shorten

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


ABOUT = frozenset({"description", "order"})
"""Keys that say something of the recipe; all others are settings."""


def is_name(name: str) -> bool:
    """Whether a recipe of the user's may have a name."""
    return _NAME.fullmatch(name) is not None


def shipped() -> list[str]:
    """Names of the recipes that come with Impasto, in the order that they state."""
    return list(_shipped())


def saved() -> list[str]:
    """Names of the user's own recipes, sorted."""
    return sorted(file.stem for file in _own_folder().glob("*.toml"))


def read(recipe: str) -> dict[str, Any]:
    """The keys of a recipe, as its file states them.

    Args:
        recipe: a shipped name, a saved name, or the path of a TOML file.

    Raises:
        SettingsError: there is no such recipe, or its file is not TOML.
    """
    return parse(read_text(recipe), recipe)


def read_text(recipe: str) -> str:
    """The text of a recipe's file; see `read`.

    Raises:
        SettingsError: there is no such recipe, or its file cannot be read.
    """
    try:
        return _text(recipe)
    except FileNotFoundError:
        raise SettingsError(f"recipe '{recipe}' does not exist", "Check the path.") from None
    except (OSError, ValueError) as error:  # ValueError: bytes that are not text, or a path that no file can have
        raise SettingsError(
            f"recipe '{recipe}' cannot be read: {error}", "Give a TOML file that you may read."
        ) from None


def parse(text: str, recipe: str) -> dict[str, Any]:
    """The keys that the text of a recipe states; `recipe` names it in errors.

    Raises:
        SettingsError: it is not TOML, or has tables within tables, which no setting takes.
    """
    try:
        keys = tomllib.loads(text)
    except ValueError as error:  # also for a number of too many digits
        problem = f"recipe '{recipe}' is not valid TOML: {error}"
    except RecursionError:
        problem = f"recipe '{recipe}' is not valid TOML: it is nested too deep"
    else:
        nested = next((key for key, value in keys.items() if _is_nested(value)), None)
        if nested is None:
            return keys
        problem = f"recipe '{recipe}': {shorten(nested)} is nested too deep"
    raise SettingsError(problem, "Correct the file at that place.")


def settings(recipe: str) -> dict[str, Any]:
    """The settings that a recipe states.

    Raises:
        SettingsError: as for `read`.
    """
    return {key: value for key, value in read(recipe).items() if key not in ABOUT}


def save(name: str, values: Mapping[str, Any], *, overwrite: bool = False) -> Path:
    """Write a recipe under a name of the user's, or to a path that ends in `.toml`; returns where it went.

    Raises:
        SettingsError: the name is one that ships, or has characters other than a-z, 0-9 and -.
        OutputError: the file exists and `overwrite` is false, or cannot be written.
        StorageError: the disk is full or failed.
    """
    own = not name.endswith(".toml")
    path = _own_path(name) if own else Path(name).expanduser()
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists", f"Use {OVERWRITE} to replace it, or choose another name.")
    text = tomlkit.dumps({key: value for key, value in values.items() if value is not None})
    elsewhere = f"Choose another folder with {paths.HOME_VARIABLE}." if own else "Choose another place."
    if own:
        make_folder(path.parent, elsewhere=elsewhere)
    replace_file(path, text.encode(), elsewhere=elsewhere)
    return path


def rename(name: str, new: str) -> None:
    """Give a recipe of the user's another name.

    Raises:
        SettingsError: there is none of this name, another is based on it, or the new name cannot be used.
        OutputError: the new name is taken, or the file cannot be moved.
    """
    path, target = _existing(name), _own_path(new)
    if target.exists():
        raise OutputError(f"there is a recipe '{new}' already", "Choose another name.")
    try:
        path.rename(target)
    except OSError as error:
        raise _unchanged(name, "renamed", error) from None


def delete(name: str) -> None:
    """Delete a recipe of the user's.

    Raises:
        SettingsError: there is none of this name, or another is based on it.
        OutputError: the file cannot be deleted.
    """
    try:
        _existing(name).unlink(missing_ok=True)
    except OSError as error:
        raise _unchanged(name, "deleted", error) from None


def _existing(name: str) -> Path:
    """The file of a recipe of the user's that no other needs."""
    if name in _shipped():
        raise SettingsError(f"'{name}' is a recipe that ships with Impasto", "Only recipes of your own can be changed.")
    if name not in saved():
        raise SettingsError(f"there is no recipe '{name}' of your own", "It may have been deleted meanwhile.")
    for other in saved():
        if other != name and _base(other) == name:
            raise SettingsError(f"recipe '{other}' is based on '{name}'", f"Delete '{other}' first.")
    return _own_folder() / f"{name}.toml"


def _base(recipe: str) -> Any:
    """What a recipe is based on; None also for one that cannot be read."""
    try:
        return read(recipe).get("recipe")
    except SettingsError:
        return None


def _unchanged(name: str, done: str, error: OSError) -> OutputError:
    return OutputError(f"recipe '{name}' cannot be {done}: {error.strerror}", "Allow Impasto to write in its folder.")


def _is_nested(value: Any) -> bool:
    """Whether a value holds more than a list or a table of plain values; never looks further down."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(isinstance(part, dict | list) for part in parts)


def _text(recipe: str) -> str:
    if recipe.endswith(".toml"):
        return Path(recipe).expanduser().read_text(encoding="utf-8-sig")  # editors on Windows begin a file with a mark
    if recipe in _shipped():
        return _shipped()[recipe]
    if recipe in saved():
        return (_own_folder() / f"{recipe}.toml").read_text(encoding="utf-8")
    known = shipped() + saved()
    close = difflib.get_close_matches(recipe, known, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"Choose one of {', '.join(known)}, or a path ending in .toml."
    raise SettingsError(f"there is no recipe '{recipe}'", hint)


def _own_path(name: str) -> Path:
    if name in _shipped():
        raise SettingsError(f"'{name}' is a recipe that ships with Impasto", "Choose another name.")
    if not is_name(name):
        raise SettingsError(f"'{name}' cannot name a recipe", "Use a-z, 0-9 and -, or a path ending in .toml.")
    return _own_folder() / f"{name}.toml"


@functools.cache
def _shipped() -> dict[str, str]:
    """The text of each recipe that ships, read once: they do not change while a program runs."""
    files = [
        file for file in (resources.files("impasto.settings") / "recipes").iterdir() if file.name.endswith(".toml")
    ]
    texts = {file.name.removesuffix(".toml"): file.read_text(encoding="utf-8") for file in files}
    return {name: texts[name] for name in sorted(texts, key=lambda name: (tomllib.loads(texts[name])["order"], name))}


def _own_folder() -> Path:
    return paths.home() / "recipes"
