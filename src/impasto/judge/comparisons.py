"""What there is to be judged: pictures of several folders that have one name, two by two."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from impasto import images
from impasto.batch.files import natural_key, scan
from impasto.batch.names import SHEET_STEM
from impasto.errors import InputError
from impasto.images import Picture
from impasto.judge.votes import Test
from impasto.sizing import Size
from impasto.storage.names import base_name, to_text
from impasto.storage.paths import is_folder, path_exists

_JOINTS = ("+", "-")
"""Between the photograph's and the painting's name in that of a result."""
_MOST_NAMED = 3


@dataclass(frozen=True)
class Side:
    """One of the two pictures of a comparison."""

    name: str
    """Of the candidate; raters never see it."""
    sha256: str
    """Of the file."""
    size: Size
    load: Callable[[], Picture]
    spot: tuple[int, int] | None = None
    """Left and top of a crop, pixels."""


@dataclass(frozen=True)
class Comparison:
    """Two pictures to be judged, and what is shown beside them."""

    test: Test
    picture: str
    """The name that the files have in common."""
    sides: tuple[Side, Side]
    trial: int = 0
    """Number of the crop; 0 for whole pictures."""
    photo: Path | None = None
    painting: Path | None = None

    @property
    def key(self) -> tuple[str, int, frozenset[str]]:
        """What tells it from the others; that of its votes."""
        return self.picture, self.trial, frozenset(side.name for side in self.sides)


@dataclass(frozen=True)
class Material:
    """All that is to be judged, with a remark for each thing that is left out."""

    comparisons: Sequence[Comparison]
    remarks: Sequence[str]


def compare_folders(folders: Sequence[str], *, photos: str | None = None, paintings: str | None = None) -> Material:
    """Find the pictures that have the same name in two folders or more.

    Args:
        folders: of the candidates, two or more.
        photos: folder of the photographs that are shown beside them.
        paintings: likewise.

    Raises:
        InputError: a folder cannot be used, or no two have a name in common.
        ImageError: a picture cannot be read.
    """
    if len(folders) <= 1:
        raise InputError("there are not two folders to compare", "Name a folder of pictures for each candidate.")
    listed = {name: list_pictures(folder) for name, folder in name_folders(folders).items()}
    counts: dict[str, int] = {}
    for files in listed.values():
        for stem in files:
            counts[stem] = counts.get(stem, 0) + 1
    shared = sorted((stem for stem, count in counts.items() if count > 1), key=lambda stem: natural_key(Path(stem)))
    if not shared:
        raise InputError(f"{_join(folders)} have no names of pictures in common", "Give results equal names.")
    photo_files, painting_files = (list_pictures(folder) if folder else {} for folder in (photos, paintings))
    found: list[Comparison] = []
    for stem in shared:
        sides = [_read_side(name, files[stem]) for name, files in listed.items() if stem in files]
        photo, painting = find_references(stem, photo_files, painting_files)
        found += [Comparison("pairs", stem, pair, photo=photo, painting=painting) for pair in combinations(sides, 2)]
    remarks = _alone_remark([stem for stem, count in counts.items() if count == 1])
    for kind, given, attribute in (("photograph", photos, "photo"), ("painting", paintings, "painting")):
        without = sorted({it.picture for it in found if getattr(it, attribute) is None}) if given else []
        remarks += [f"no {kind} in {given} goes with {list_names(without)}"] if without else []
    return Material(found, remarks)


def name_folders(folders: Sequence[str]) -> dict[str, str]:
    """Name each folder: by its last part, or where two have the same, as it was given.

    Raises:
        InputError: one is given twice.
    """
    real = [Path(folder).expanduser().resolve() for folder in folders]
    for place, path in enumerate(real):
        if path in real[:place]:
            raise InputError(f"{folders[place]} is given twice", "Name different folders.")
    short = [path.name for path in real]
    unique = len(set(short)) == len(short)
    return {to_text(name): folder for name, folder in zip(short if unique else folders, folders, strict=True)}


def list_pictures(folder: str) -> dict[str, Path]:
    """List the pictures of a folder by their names without suffixes; contact sheets of a batch are left out.

    Raises:
        InputError: there is no such folder, it has no picture, or two of one name.
    """
    path = Path(folder).expanduser()
    if not is_folder(path):
        what = "is a file, not a folder" if path_exists(path) else "does not exist"
        raise InputError(f"{folder} {what}", "Name a folder of pictures.")
    found: dict[str, Path] = {}
    for file in sorted(scan(path, recursive=False), key=natural_key):
        stem = to_text(file.stem)
        if stem.startswith(SHEET_STEM):
            continue
        if stem in found:
            raise InputError(f"{folder} has two pictures named {stem}", f"Move away {found[stem].name} or {file.name}.")
        found[stem] = file
    if not found:
        raise InputError(f"there is no picture in the folder {folder}", "Name one with pictures in it.")
    return found


def find_references(
    stem: str, photos: Mapping[str, Path], paintings: Mapping[str, Path]
) -> tuple[Path | None, Path | None]:
    """Find the photograph and the painting of a result: by `photo-painting`, `photo+painting`, or the name itself.

    Where the names of several fit, the longest are taken, a fit of both before that of one.
    """
    best: tuple[tuple[int, int], Path | None, Path | None] = (0, 0), None, None
    for joint in _JOINTS:
        for place in (place for place, sign in enumerate(stem) if sign == joint):
            photo, painting = photos.get(stem[:place]), paintings.get(stem[place + 1 :])
            length = (place if photo else 0) + (len(stem) - place - 1 if painting else 0)
            best = max(best, ((bool(photo) + bool(painting), length), photo, painting), key=lambda it: it[0])
    _, photo, painting = best
    return photo or photos.get(stem), painting or paintings.get(stem)


def list_names(names: Sequence[str]) -> str:
    """Write names in one line, however many there are."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def digest_of(text: str) -> bytes:
    """Give bytes by which to order or to choose, the same for a text each time."""
    return hashlib.sha256(text.encode()).digest()


def _read_side(name: str, path: Path) -> Side:
    """Describe a picture, which is read once to see that it can be: the rater is not to meet a damaged one."""
    picture = images.read(path)
    return Side(name, picture.sha256, (picture.width, picture.height), lambda: images.read(path))


def _alone_remark(stems: Sequence[str]) -> list[str]:
    if not stems:
        return []
    return [f"{len(stems)} left out, in one folder only: {list_names(sorted(stems))}"]


def _join(folders: Iterable[str]) -> str:
    *others, last = [base_name(folder) or folder for folder in folders]
    return f"{', '.join(others)} and {last}"
