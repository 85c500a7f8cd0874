"""Settings as a picture carries them: files by their names alone, since pictures are passed on."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, get_origin

from impasto.errors import SettingsError
from impasto.settings import INIT_IMAGES, Settings, split_file_names
from impasto.settings.effect import effective_values
from impasto.storage.names import base_name, is_path, to_text
from impasto.wording import argument

FILE_SETTINGS = ("mask", "keep_mask", "init", "network")
"""Settings that may name a file which is read again; a recipe is not, since all of its settings are stored."""
_QUOTE = '"'
_QUOTED = re.compile(r'^ |[,"\r\n]')
"""What is lost of a name, or ends it, where it is not in quotes."""


def portable_values(settings: Settings) -> dict[str, Any]:
    """Give all settings as JSON has them, text throughout, and files by their names without folders."""
    values = settings.model_dump(mode="json")
    for name in (*FILE_SETTINGS, "recipe"):
        value = values[name]
        values[name] = [base_name(it) for it in value] if isinstance(value, list) else value and base_name(value)
    return values


def described_values(settings: Settings) -> dict[str, Any]:
    """Give the settings that change the picture, files by their names: what a manifest says of it."""
    effective = effective_values(settings).keys() | {*FILE_SETTINGS, "recipe"}
    return {name: value for name, value in portable_values(settings).items() if name in effective}


def portable_json(settings: Settings) -> str:
    """Give `portable_values` as JSON."""
    return json.dumps(portable_values(settings))


def portable_choice(choice: Mapping[str, Any]) -> dict[str, Any]:
    """Give some settings, as they were typed, without the folders of files."""
    return {name: _portable_text(name, str(value)) for name, value in choice.items()}


def find_files(values: Mapping[str, Any], source: str, given: Collection[str]) -> dict[str, Any]:
    """Find the files that stored settings name: in the working folder, else beside the picture that stores them.

    Args:
        values: as stored.
        source: the picture.
        given: settings that the user gives instead, whose files are not looked for.

    Raises:
        SettingsError: a file is in neither place.
    """
    found = dict(values)
    for name in FILE_SETTINGS:
        value = values.get(name)
        if name in given or not value:
            continue
        if isinstance(value, list):
            found[name] = [_find(name, str(it), source) for it in value]
        else:
            found[name] = _find(name, str(value), source)
    return found


def _find(name: str, value: str, source: str) -> str:
    if (name == "init" and value in INIT_IMAGES) or (name == "network" and not is_path(value)):
        return value
    here, beside = Path(value).expanduser(), Path(source).expanduser().parent / base_name(value)
    for place in (here, beside):
        if place.is_file():
            return str(place)
    problem = f"{source} was made with the file {value}, which is neither in this folder nor beside that picture"
    raise SettingsError(problem, f"Put it there, or name another with {argument(name)}.")


def _portable_text(name: str, text: str) -> str:
    if name not in (*FILE_SETTINGS, "recipe"):
        return to_text(text)
    if get_origin(Settings.model_fields[name].annotation) is not tuple:
        return base_name(text)
    return _join_file_names([base_name(it) for it in split_file_names(text)])


def _join_file_names(names: Iterable[str]) -> str:
    """Write names as `split_file_names` reads them."""
    return ",".join(f'"{it.replace(_QUOTE, 2 * _QUOTE)}"' if _QUOTED.search(it) else it for it in names)
