"""Names of results, by a template such as `{photo}-{style}`."""

import string
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from impasto.errors import InputError, OutputError
from impasto.settings import Settings
from impasto.sizing import Size

DEFAULT_TEMPLATE = "{photo}-{style}"
FIELDS = ("photo", "style", "recipe", "size", "number", "suffix", "seed", "strength", "style_scale", "color")
"""Those that messages list; any other setting whose value is text or a number is one, too."""
WORK_FOLDER = ".impasto-batch"
"""In the folder of the results: the lock, and what is not finished."""
MANIFEST = "manifest.jsonl"
SHEET_STEM = "contact-sheet"
_MOST_BYTES = 200
"""Of a name without its suffix: 255 bytes are the limit of most systems."""
_OTHER_NAME = "Choose another template, or give the results names of their own."


class NameTemplate:
    """Makes the names of results.

    Args:
        text: with fields in braces, each with a format of Python's where that is needed: `{number:04}`.

    Raises:
        InputError: the braces do not match, or there is no such field.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        try:
            parts = [part for part in string.Formatter().parse(text) if part[1] is not None]
        except ValueError as error:
            raise InputError(f"the name '{text}' is no template: {error}", "Write it as {photo}-{style}.") from None
        self.fields = frozenset(str(name) for _, name, _, _ in parts)
        """Names of the fields in it."""
        for name in self.fields:
            if name not in FIELDS and not _is_plain_setting(name):
                known = ", ".join(FIELDS)
                raise InputError(f"the name '{text}' has an unknown field '{name}'", f"There are: {known}.")

    def fill(
        self, *, photo: Path, styles: Sequence[Path], settings: Settings, number: int, size: Callable[[], Size]
    ) -> str:
        """Give the name of a result, without its suffix; `size` is asked where the name has the size.

        Raises:
            InputError: a value does not fit the format that the template gives it.
        """
        values = _Values(
            {
                "photo": photo.stem,
                "style": "-".join(style.stem for style in styles),
                "recipe": Path(settings.recipe).stem,
                "number": number,
                "suffix": photo.suffix[1:],
            },
            settings,
            size,
        )
        try:
            filled = string.Formatter().vformat(self._text, (), values)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise InputError(f"the name '{self._text}' cannot be filled: {error}", "See {number:04}.") from None
        return "/".join(_shorten(part.strip()) for part in filled.split("/"))


class _Values(dict[str, Any]):
    """The values of fields; text in them makes no folders."""

    def __init__(self, values: Mapping[str, Any], settings: Settings, size: Callable[[], Size]) -> None:
        super().__init__({name: _flat(value) for name, value in values.items()})
        self._settings, self._size = settings, size

    def __missing__(self, name: str) -> Any:
        return max(self._size()) if name == "size" else _flat(getattr(self._settings, name))


def _flat(value: Any) -> Any:
    return value.replace("/", "-").replace("\\", "-").replace("\0", "") if isinstance(value, str) else value


def _is_plain_setting(name: str) -> bool:
    field = Settings.model_fields.get(name)
    return field is not None and isinstance(field.default, str | int | float)


def _shorten(part: str) -> str:
    data = part.encode("utf-8", "surrogateescape")
    return part if len(data) <= _MOST_BYTES else data[:_MOST_BYTES].decode("utf-8", "ignore").strip()


def check_output_name(name: str) -> PurePosixPath:
    """Give a result's name within the folder of the results as a path.

    Raises:
        OutputError: it leads out of that folder, or is the name of something else there.
    """
    path = PurePosixPath(name.replace("\\", "/") if sys.platform == "win32" else name)
    last = path.name
    if not last or last in (".", "..") or path.stem.strip() in ("", "."):
        raise OutputError(f"the name '{name}' of a result is empty", _OTHER_NAME)
    if path.is_absolute() or ".." in path.parts or Path(name).is_absolute():
        raise OutputError(f"the result '{name}' would be outside of the folder of the results", "Name it within.")
    if path.parts[0].startswith(".") or last.startswith("."):
        raise OutputError(f"the result '{name}' would be hidden", "Name it without a dot at the beginning.")
    if len(path.parts) == 1 and (last == MANIFEST or path.stem.startswith(SHEET_STEM)):
        raise OutputError(f"'{name}' is not the name of a result: the batch itself uses it", _OTHER_NAME)
    return path


def comparable(path: PurePosixPath) -> str:
    """Give what two names have in common that are one file here."""
    return str(path).casefold() if sys.platform in ("darwin", "win32") else str(path)
