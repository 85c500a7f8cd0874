"""The pictures that arguments name: files, folders and patterns, in the order in which people count."""

import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from impasto import images
from impasto.errors import ImageError, InputError
from impasto.storage.paths import is_file, is_folder, path_exists
from impasto.wording import argument

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class FoundFile:
    """A picture that an argument names."""

    path: Path
    folder: PurePath = field(default_factory=PurePath)
    """Its folder within the folder that was named."""


def expand(
    arguments: Sequence[str],
    *,
    recursive: bool = False,
    skip: Callable[[Path], bool] = lambda _path: False,
    further: Sequence[str] = (),
) -> list[FoundFile]:
    """Find the pictures that arguments name, those of each folder or pattern sorted naturally.

    A file that is named is taken whatever it is; of folders and patterns, hidden files and those whose suffix is no
    picture's are left out.

    Args:
        arguments: files, folders and patterns such as `*.jpg` or `**/*.png`.
        recursive: whether to take the sub-folders of folders as well.
        skip: whether to leave out a file that was found in a folder or by a pattern.
        further: suffixes, beside those of pictures, of files to be found there.

    Raises:
        InputError: an argument names nothing, or no picture.
    """
    suffixes = [*images.readable_suffixes(), *further]
    return [found for name in arguments for found in _expand(name, suffixes, recursive=recursive, skip=skip)]


def natural_key(path: PurePath) -> tuple[object, ...]:
    """Give a key for sorting by which picture2 comes before picture10."""
    parts = [_NUMBERS.split(part.casefold()) for part in path.parts]
    return tuple([(int(it), "") if index % 2 else (-1, it) for index, it in enumerate(part)] for part in parts), path


def is_picture_name(path: PurePath, suffixes: Sequence[str]) -> bool:
    """Whether a file found in a folder is to be taken for a picture: by its suffix, unless it is hidden."""
    return not path.name.startswith(".") and path.suffix.lower() in suffixes


def scan(
    folder: Path,
    *,
    recursive: bool,
    suffixes: Sequence[str] | None = None,
    on_error: Callable[[OSError], object] | None = None,
) -> Iterator[Path]:
    """List the pictures in a folder, unsorted, by their suffixes; folders and files that are hidden are passed over.

    Args:
        folder: to look into.
        recursive: whether to look into its sub-folders as well.
        suffixes: to take; None for those of pictures.
        on_error: called with the error of each folder that cannot be listed, which is then passed over.

    Raises:
        InputError: a folder cannot be listed, and there is no `on_error`.
    """
    suffixes = images.readable_suffixes() if suffixes is None else suffixes
    for parent, folders, names in os.walk(folder, onerror=on_error or _refuse):
        folders[:] = [name for name in folders if recursive and not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            if is_picture_name(path, suffixes):
                yield path


def _expand(
    argument: str, suffixes: Sequence[str], *, recursive: bool, skip: Callable[[Path], bool]
) -> list[FoundFile]:
    if _ADDRESS.match(argument):
        raise ImageError(f"{argument} is an address, and addresses are not taken", "Download the picture first.")
    path = Path(argument).expanduser()
    if not argument:
        raise ImageError("the name of a picture is empty", "Give files, folders or patterns.")
    if is_folder(path):
        return _of_folder(path, suffixes, recursive=recursive, skip=skip)
    if path_exists(path):
        return [FoundFile(path)]
    if not glob.has_magic(argument):
        raise ImageError(f"{argument} does not exist", "Check the path.")
    return _of_pattern(path, suffixes, skip=skip)


def _of_folder(
    path: Path, suffixes: Sequence[str], *, recursive: bool, skip: Callable[[Path], bool]
) -> list[FoundFile]:
    found = [file for file in scan(path, recursive=recursive, suffixes=suffixes) if not skip(file)]
    if not found and not recursive and any(scan(path, recursive=True, suffixes=suffixes)):
        raise InputError(f"{path} has pictures in its sub-folders only", f"Add {argument('recursive')}.")
    if not found:
        raise InputError(f"there is no picture in the folder {path}", "Name one with pictures in it.")
    return [FoundFile(file, file.parent.relative_to(path)) for file in sorted(found, key=natural_key)]


def _of_pattern(path: Path, suffixes: Sequence[str], *, skip: Callable[[Path], bool]) -> list[FoundFile]:
    matches = (Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207 - a path of any kind
    found = [match for match in matches if is_file(match) and is_picture_name(match, suffixes) and not skip(match)]
    if not found:
        raise InputError(f"no picture matches {path}", "Check the pattern, and put it in quotes.")
    return [FoundFile(match) for match in sorted(found, key=natural_key)]


def _refuse(error: OSError) -> None:
    raise InputError(f"the folder {error.filename} cannot be read: {error.strerror}", "Check its permissions.")
