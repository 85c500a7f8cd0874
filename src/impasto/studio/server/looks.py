"""Looks: recipes of one's own, saved on the page, renamed, deleted and imported, and their thumbnails."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from impasto.errors import OutputError, SettingsError, StorageError
from impasto.settings import DEFAULT_RECIPE, Settings, recipes
from impasto.settings.own_recipe import recipe_keys
from impasto.settings.recipes import ABOUT
from impasto.storage.atomic import make_folder, replace_file
from impasto.studio import samples
from impasto.studio.controls import recipe_list, recipe_out, settings_of, without_own
from impasto.studio.errors import MissingError, StateError
from impasto.studio.limits import Limits
from impasto.studio.schemas import RecipeIn, RecipeOut
from impasto.studio.server.dependencies import StudioContext
from impasto.studio.server.orders import plain_text
from impasto.studio.store.folder import Folder
from impasto.wording import shorten


def list_all(folder: Folder) -> list[RecipeOut]:
    """List the shipped recipes, then the user's own, with their thumbnails."""
    return recipe_list({name: _url(name, path) for name, path in _thumbnails(folder).items()})


def thumbnail(folder: Folder, name: str) -> Path:
    """Return the file of a recipe's thumbnail.

    Raises:
        MissingError: it has none.
    """
    if found := _thumbnails(folder).get(name):
        return found
    raise MissingError("there is no such thumbnail", "/api/about lists the thumbnails.")


def save(context: StudioContext, new: RecipeIn) -> RecipeOut:
    """Save settings as a recipe, with the thumbnail of the job that shows it, if that still has one.

    Raises:
        InputError: the name or a setting cannot be used.
        StateError: the name is taken, or there are too many.
        StorageError: the disk is full or failed.
    """
    settings = settings_of(new.settings, context.limits)
    shown = context.folder.result_thumbnail(new.job) if new.job else None
    return _write(context, new.name, new.settings, settings, new.description, shown)


def import_toml(context: StudioContext, name: str, data: bytes) -> RecipeOut:
    """Save the TOML file of a recipe under a name; raises as `save` does."""
    _check_name(context.limits, name)
    try:
        keys = recipes.parse(data.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise SettingsError(f"'{name}' is not text in UTF-8", "Choose the TOML file of a look.") from None
    description = keys.pop("description", "")
    if not isinstance(description, str):
        raise SettingsError(f"'{name}' has a description that is no text", "Put it in quotes.")
    values = without_own({key: value for key, value in keys.items() if key not in ABOUT})
    if unknown := sorted(values.keys() - Settings.model_fields.keys()):
        raise SettingsError(f"'{name}' has an unknown key {shorten(unknown[0])}", "Remove it from the file.")
    base = values.get("recipe", DEFAULT_RECIPE)
    if base not in (*recipes.shipped(), *recipes.saved()):
        problem = f"'{name}' is based on {shorten(base)}, which is not a recipe of this studio"
        raise SettingsError(problem, "Import that first, or remove `recipe` from the file.")
    # A recipe file that names no base rests on the defaults of the settings, not on the default recipe.
    defaults = {} if "recipe" in values else _defaults()
    return _write(context, name, values, settings_of(defaults | values, context.limits), description)


def rename(context: StudioContext, name: str, new: str) -> RecipeOut:
    """Rename a recipe of the user's own; raises as `recipes.rename` does."""
    _check_own(name)
    _check_name(context.limits, new)
    recipes.rename(name, new)
    with contextlib.suppress(OSError):  # none was kept
        context.folder.look_thumbnail(name).replace(context.folder.look_thumbnail(new))
    return _describe(context, new)


def delete(context: StudioContext, name: str) -> None:
    """Delete a recipe of the user's own and its thumbnail; raises as `recipes.delete` does."""
    _check_own(name)
    recipes.delete(name)
    with contextlib.suppress(OSError):  # none was kept
        context.folder.look_thumbnail(name).unlink()


def export_toml(name: str) -> str:
    """Return the file of a recipe.

    Raises:
        MissingError: there is no such recipe.
    """
    if name not in (*recipes.shipped(), *recipes.saved()):
        raise _missing(name)
    return recipes.read_text(name)


def _write(
    context: StudioContext,
    name: str,
    given: Mapping[str, Any],
    settings: Settings,
    description: str,
    shown: Path | None = None,
) -> RecipeOut:
    folder, limits = context.folder, context.limits
    _check_name(limits, name)
    if len(recipes.saved()) >= limits.recipes:
        raise StateError(f"there are {limits.recipes} looks already", "Delete one first.")
    line = plain_text(description, "description", limits.description_length) or f"Saved from {settings.recipe_name}"
    recipes.save(name, recipe_keys(settings, without_own(given), line))
    target = folder.look_thumbnail(name)
    with contextlib.suppress(OSError, OutputError, StorageError):  # a look without a picture is a look
        target.unlink(missing_ok=True)  # of a former look, whose file was deleted by hand
        if shown:
            make_folder(target.parent)
            replace_file(target, shown.read_bytes())
    return _describe(context, name)


def _defaults() -> dict[str, Any]:
    fields = Settings.model_fields.items()
    return without_own({name: field.default for name, field in fields if name != "recipe"})


def _describe(context: StudioContext, name: str) -> RecipeOut:
    path = _thumbnails(context.folder).get(name)
    if found := recipe_out(name, _url(name, path) if path else None):
        return found
    raise SettingsError(f"the look '{name}' cannot be used", "`impasto recipes list` says why.")


def _check_name(limits: Limits, name: str) -> None:
    """Refuse what would be no plain file name, or another recipe's."""
    if not recipes.is_name(name) or len(name) > limits.name_length:
        hint = f"Use a-z, 0-9 and -, at most {limits.name_length} of them."
        raise SettingsError(f"{shorten(name)} cannot name a look", hint)
    if name in recipes.shipped():
        raise StateError(f"'{name}' is a recipe that ships with Impasto", "Choose another name.")
    if name in recipes.saved():
        raise StateError(f"there is a look '{name}' already", "Choose another name.")


def _check_own(name: str) -> None:
    if name in recipes.shipped():
        raise StateError(f"'{name}' is a recipe that ships with Impasto", "Only looks of your own can be changed.")
    if name not in recipes.saved():
        raise _missing(name)


def _missing(name: str) -> MissingError:
    return MissingError(f"there is no recipe {shorten(name)}", "It may have been deleted meanwhile.")


def _thumbnails(folder: Folder) -> dict[str, Path]:
    own = set(recipes.saved())
    kept = {name: path for name, path in folder.look_thumbnails().items() if name in own}
    return kept | samples.recipe_thumbnails()


def _url(name: str, path: Path) -> str:
    """Return an address that differs for each picture that a recipe ever has, since browsers keep them."""
    try:
        return f"/api/recipes/{quote(name)}/thumbnail?of={path.stat().st_mtime_ns}"
    except OSError:  # deleted meanwhile
        return f"/api/recipes/{quote(name)}/thumbnail"
