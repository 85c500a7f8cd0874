"""Names of results, by a template such as `{photo}-{style}`."""

import contextlib
import os
import string
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from impasto.errors import InputError, OutputError
from impasto.settings import Settings
from impasto.sizing import Size
from impasto.storage.names import MANIFEST
from impasto.storage.paths import is_folder

DEFAULT_TEMPLATE = "{photo}-{style}"
FIELDS = ("photo", "folder", "style", "recipe", "size", "number", "suffix", "seed", "strength", "style_scale", "color")
"""Those that messages list; any other setting whose value is text or a number is one, too."""
WORK_FOLDER = ".impasto-batch"
"""In the folder of the results: the lock, and what is not finished."""
SHEET_STEM = "contact-sheet"
_MOST_BYTES = 200
"""Of a name without its suffix: 255 bytes are the limit of most systems."""
_USUAL_LIMIT = 255
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
        self,
        *,
        photo: Path,
        folder: PurePath,
        styles: Sequence[Path],
        settings: Settings,
        number: int,
        size: Callable[[], Size],
    ) -> str:
        """Give the name of a result, without its suffix; it may still lead anywhere, see `check_output_name`.

        Args:
            photo: the photograph.
            folder: its folder, within the one that was named.
            styles: the paintings.
            settings: of the job.
            number: of the job.
            size: gives the size of the result; asked where the name has it.

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
            folder,
            settings,
            size,
        )
        try:
            filled = string.Formatter().vformat(self._text, (), values)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise InputError(f"the name '{self._text}' cannot be filled: {error}", "See {number:04}.") from None
        *folders, name = [_shorten(part.strip()) for part in filled.split("/")]
        root = "/" if self._text.startswith("/") else ""
        return root + "/".join([*filter(None, folders), name])  # a photograph that is in no folder makes none


class _Values(dict[str, Any]):
    """The values of fields; text in them makes no folders, but for the folder itself."""

    def __init__(
        self, values: Mapping[str, Any], folder: PurePath, settings: Settings, size: Callable[[], Size]
    ) -> None:
        super().__init__({name: _flat(value) for name, value in values.items()})
        self["folder"] = folder.as_posix() if folder.parts else ""
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
    try:
        writable = b"\0" not in os.fsencode(name)
    except UnicodeError:
        writable = False
    if not writable:
        raise OutputError(f"'{name}' cannot be the name of a file", _OTHER_NAME)
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


def comparable(path: PurePosixPath, *, fold_case: bool) -> str:
    """Give what two names have in common that are one file, where `fold_case` is what `ignores_case` says."""
    return unicodedata.normalize("NFC", str(path)).casefold() if fold_case else str(path)


def ignores_case(folder: Path) -> bool:
    """Whether names that differ in case alone are one file in a folder, which need not exist yet.

    That is no property of the system alone: memory cards, and folders shared over a network, have their own ways.
    """
    existing = next((path for path in (folder, *folder.absolute().parents) if is_folder(path)), folder)
    with contextlib.suppress(OSError):
        cased = next((path for path in existing.iterdir() if path.name != path.name.swapcase()), None)
        if cased:
            return _is_same_file(cased, existing / cased.name.swapcase())
    return sys.platform in ("darwin", "win32")


def _is_same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def check_place(folder: Path, output: PurePosixPath) -> None:
    """Check that a file of this name can be written into the folder of the results, as far as can be told before.

    Raises:
        OutputError: it is too long, leads through a file, or is a folder.
    """
    path, limit = folder / output, _longest_name(folder)
    if any(len(os.fsencode(part)) > limit for part in output.parts):
        raise OutputError(f"the name '{output}' of a result is too long", f"A name has at most {limit} bytes.")
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}", _OTHER_NAME) from None
    for parent in (folder / part for part in list(output.parents)[:-1]):
        if os.path.lexists(parent) and not is_folder(parent):
            raise OutputError(f"{parent} is a file, and cannot be a folder", _OTHER_NAME)
    if is_folder(path):
        raise OutputError(f"{path} is a folder", _OTHER_NAME)


def _longest_name(folder: Path) -> int:
    """Give the bytes of a name that the system of a folder takes."""
    for path in (folder, *folder.absolute().parents):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # Windows has no such question
            return os.pathconf(path, "PC_NAME_MAX")
    return _USUAL_LIMIT
