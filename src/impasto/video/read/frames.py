"""Clips that are folders of pictures: every file of a folder, or those of a pattern."""

import glob
import hashlib
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from impasto import images
from impasto.errors import ImageError
from impasto.images import Picture
from impasto.video.clip import ClipInfo
from impasto.video.colors import SRGB
from impasto.video.frame_pattern import NUMBER, FramePattern, has_number

__all__ = ["NUMBER", "FolderClip", "find_pictures", "is_pattern"]

_DIGITS = re.compile(r"(\d+)")


class FolderClip:
    """Pictures of one size, each shown as long as the others.

    Args:
        paths: of the pictures, in order; at least one.
        name: as the user gave it.
        rate: frames a second.
    """

    def __init__(self, paths: list[Path], name: str, rate: Fraction) -> None:
        self._paths, self._name = paths, name
        first = images.read(paths[0])
        self._size = first.width, first.height
        for path in paths[1:]:
            self._check_size(path, images.measure(path))
        self._info = ClipInfo(
            name=name,
            digest=_digest(paths),
            size=self._size,
            times=tuple(number / rate for number in range(len(paths))),
            end=len(paths) / rate,
            depth=first.depth,
            has_alpha=first.alpha is not None,
            color=SRGB,
        )

    @property
    def info(self) -> ClipInfo:
        """What is known of it."""
        return self._info

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        """Read frames from a number on, in order.

        Raises:
            ImageError: a file changed its size, or cannot be read any more.
        """
        for path in self._paths[start:stop]:
            picture = images.read(path)
            self._check_size(path, (picture.width, picture.height))
            yield picture

    def _check_size(self, path: Path, size: tuple[int, int] | None) -> None:
        if size != self._size:
            shown = "another size" if size is None else f"{size[0]} x {size[1]} pixels"
            raise ImageError(
                f"{path} has {shown}, and {self._paths[0].name} {self._size[0]} x {self._size[1]}",
                "Give frames of one size.",
            )


def find_pictures(source: Path, name: str) -> list[Path]:
    """List the pictures of a folder, or those that a pattern names, in the order of the numbers in their names.

    Raises:
        ImageError: there are none.
        InputError: a pattern has several numbers.
    """
    if source.is_dir():
        suffixes = set(images.readable_suffixes())
        paths = [path for path in source.iterdir() if path.suffix.lower() in suffixes and path.name[0] != "."]
    elif has_number(source.name):
        pattern = FramePattern.parse(source.name)
        folder = source.parent.iterdir() if source.parent.is_dir() else ()
        paths = [path for path in folder if pattern.matches(path.name) and path.is_file()]
    else:
        found = (Path(path) for path in glob.glob(str(source)))  # noqa: PTH207 -- of any folder
        paths = [path for path in found if path.is_file()]
    if not paths:
        place = "is a folder without pictures" if source.is_dir() else "matches no file"
        raise ImageError(f"{name} {place}", "Give a folder of frames, or a pattern such as frames/*.png.")
    return sorted(paths, key=_natural)


def is_pattern(source: str) -> bool:
    """Whether a name stands for several files."""
    return glob.has_magic(source) or has_number(Path(source).name)


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Order by the numbers in a name, so that 10 comes after 9."""
    parts = _DIGITS.split(path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in parts], path.name


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
