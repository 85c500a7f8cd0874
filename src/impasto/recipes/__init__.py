"""Named looks, one TOML file each: those that ship beside this file, and those that the user saved.

A recipe holds any of the keys of `Settings`, and `description`, one line for `impasto recipes`. Its key `recipe` names
another that supplies what it does not state.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import tomlkit

from impasto import paths
from impasto.errors import OutputError, SettingsError
from impasto.files import make_folder, replace_file

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def shipped() -> list[str]:
    """Names of the recipes that come with Impasto, sorted."""
    return sorted(file.name.removesuffix(".toml") for file in _folder().iterdir() if file.name.endswith(".toml"))


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
    try:
        return tomllib.loads(_text(recipe))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"recipe '{recipe}' is not valid TOML: {error}", "Correct the file at that place."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"recipe '{recipe}' cannot be read: {error}", "Give a TOML file that you may read."
        ) from None


def save(name: str, values: Mapping[str, Any], *, overwrite: bool = False) -> Path:
    """Write a recipe under a name of the user's, or to a path that ends in `.toml`; returns where it went.

    Raises:
        SettingsError: the name is one that ships, or has characters other than a-z, 0-9 and -.
        OutputError: the file exists and `overwrite` is false, or cannot be written.
        StorageError: the disk is full or failed.
    """
    own = not name.endswith(".toml")
    path = _own_path(name) if own else Path(name)
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists", "Add --force to replace it, or choose another name.")
    text = tomlkit.dumps({key: value for key, value in values.items() if value is not None})
    elsewhere = f"Choose another folder with {paths.HOME_VARIABLE}." if own else "Choose another place."
    if own:
        make_folder(path.parent, elsewhere=elsewhere)
    replace_file(path, text.encode(), elsewhere=elsewhere)
    return path


def _text(recipe: str) -> str:
    if recipe.endswith(".toml"):
        return Path(recipe).read_text(encoding="utf-8")
    if recipe in shipped():
        return (_folder() / f"{recipe}.toml").read_text(encoding="utf-8")
    if recipe in saved():
        return (_own_folder() / f"{recipe}.toml").read_text(encoding="utf-8")
    known = shipped() + saved()
    close = difflib.get_close_matches(recipe, known, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"Choose one of {', '.join(known)}, or a path ending in .toml."
    raise SettingsError(f"there is no recipe '{recipe}'", hint)


def _own_path(name: str) -> Path:
    if name in shipped():
        raise SettingsError(f"'{name}' is a recipe that ships with Impasto", "Choose another name.")
    if not _NAME.fullmatch(name):
        raise SettingsError(f"'{name}' cannot name a recipe", "Use a-z, 0-9 and -, or a path ending in .toml.")
    return _own_folder() / f"{name}.toml"


def _folder() -> resources.abc.Traversable:
    return resources.files(__name__)


def _own_folder() -> Path:
    return paths.home() / "recipes"
