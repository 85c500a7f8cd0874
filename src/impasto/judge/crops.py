"""The crop test: a crop of a result beside one of its painting, at the scale at which it was painted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto import images
from impasto.errors import InputError, SettingsError
from impasto.images import Picture
from impasto.images.picture import on_white
from impasto.judge.comparisons import Comparison, Material, Side, digest_of, find_references, list_names, list_pictures
from impasto.settings import METADATA_KEY, Settings
from impasto.sizing import Size, style_size
from impasto.wording import argument

PAINTER, RESULT = "painter", "result"
"""The two candidates."""

Values = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Spot = tuple[int, int]
"""Left and top, pixels."""

_MOST_ENLARGED = 1.25
"""A painting that is enlarged further is blurred, and tells itself by that."""
_MIDDLING = (25, 75)
"""Percentiles of texture between which crops are taken: emptier ones show nothing, busier ones the subject."""
_SEEN_BY = ("style_scale", "style_fit", "style_crop")
"""The settings that a painting's size beside a result depends on."""
_STEPS = 4
"""Candidate places within the side of a crop."""


@dataclass(frozen=True)
class _View:
    """A painting as a result saw it."""

    path: Path
    part: tuple[int, int, int, int]
    """Left, top, width, height of the part that was used, in pixels."""
    size: Size


def crop_test(results: str, paintings: str, *, side: int, trials: int, seed: int) -> Material:
    """Pair crops of results with crops of their paintings, no two of which overlap.

    The painting is seen as the result was painted from it: its long side is the result's, times the `style_scale` that
    the result's file states (1 where it states none). A result goes with the painting whose name its own ends with, as
    in `photo-painting`, or whose name it has.

    Args:
        results: a folder.
        paintings: a folder.
        side: of a crop, pixels.
        trials: most crops of a result.
        seed: of the places.

    Raises:
        InputError: a folder cannot be used, or there is nothing to be tested.
        ImageError: a picture cannot be read.
    """
    files, known = list_pictures(results), list_pictures(paintings)
    taken: dict[Path, list[Box]] = {}
    ready: list[_Tested] = []
    left_out: dict[str, list[str]] = {}
    for stem, path in files.items():
        _, painting = find_references(stem, {}, known)
        found = _prepare(stem, path, painting, side, seed) if painting else "no painting"
        if isinstance(found, str):
            left_out.setdefault(found, []).append(stem)
        else:
            ready.append(found)
    # The first crop of each result comes before the second of any: a painting has room for so many.
    made = [it for number in range(1, trials + 1) for one in ready if (it := one.next_trial(number, side, taken))]
    for one in ready:
        if one.stem not in {it.picture for it in made}:
            left_out.setdefault("the painting has no room for another crop", []).append(one.stem)
    remarks = [f"left out, {why}: {list_names(stems)}" for why, stems in left_out.items()]
    if not made:
        raise InputError(f"nothing in {results} can be tested ({'; '.join(remarks)})", f"See {argument('crops')}.")
    return Material(made, remarks)


@dataclass
class _Tested:
    """A result, and the places that are left for crops of it and of its painting."""

    stem: str
    path: Path
    view: _View
    sha256: dict[str, str]
    own: list[Spot]
    theirs: list[Spot]
    taken: list[Box] = field(default_factory=list)
    """Of the result, in pixels."""

    def next_trial(self, number: int, side: int, taken: dict[Path, list[Box]]) -> Comparison | None:
        """Take the next places, where there are any; `taken` is noted of each painting, as shares of its size."""
        width, height = self.view.size
        scaled = [(x * width, y * height, w * width, h * height) for x, y, w, h in taken.get(self.view.path, [])]
        here, there = _take(self.own, side, self.taken), _take(self.theirs, side, scaled)
        if here is None or there is None:
            return None
        x, y = there
        taken.setdefault(self.view.path, []).append((x / width, y / height, (x + side) / width, (y + side) / height))
        self.taken.append((*here, here[0] + side, here[1] + side))
        painter, result = partial(_cut_view, self.view, there, side), partial(_cut_file, self.path, here, side)
        sides = (
            Side(PAINTER, self.sha256[PAINTER], (side, side), painter, there),
            Side(RESULT, self.sha256[RESULT], (side, side), result, here),
        )
        return Comparison("crops", self.stem, sides, trial=number)


def _prepare(stem: str, path: Path, painting: Path, side: int, seed: int) -> _Tested | str:
    """Find the places for crops of a result and of its painting, or why there are none."""
    result, original = images.read(path), images.read(painting)
    view = _view_of(path, (result.width, result.height), painting, (original.width, original.height))
    if view is None:
        return "the painting is smaller than it was painted from"
    generator = np.random.default_rng(int.from_bytes(digest_of(f"{seed} {stem}")[:8]))
    own, theirs = (find_spots(_gray(picture), side, generator) for picture in (result, _read_view(view)))
    if not own or not theirs:
        return f"smaller than a crop of {side} px"
    return _Tested(stem, path, view, {PAINTER: original.sha256, RESULT: result.sha256}, own, theirs)


def find_spots(gray: Values, side: int, generator: np.random.Generator) -> list[Spot]:
    """Find places for crops where the texture is middling, in random order; many overlap.

    Texture is the mean length of the gradient within the crop. Nobody can tell from it what is depicted; raters say
    where they recognize the subject, and that vote does not count.

    Args:
        gray: (H, W).
        side: of a crop, pixels.
        generator: of the order.

    Returns:
        Left and top of each; none where the picture is smaller than a crop.
    """
    if min(gray.shape) < side:
        return []
    gradient = np.hypot(*np.gradient(gray.astype(np.float64)))
    sums = np.pad(gradient.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))  # of all above and to the left
    tops, lefts = (
        np.unique(np.linspace(0, length - side, 1 + _STEPS * length // side).astype(int)) for length in gray.shape
    )
    top, left = (it.ravel() for it in np.meshgrid(tops, lefts, indexing="ij"))
    bottom, right = top + side, left + side
    texture = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    low, high = np.percentile(texture, _MIDDLING)
    places = generator.permutation(np.flatnonzero((low <= texture) & (texture <= high)))
    return [(int(left[place]), int(top[place])) for place in places]


def _take(spots: Sequence[Spot], side: int, taken: Sequence[Box]) -> Spot | None:
    """Give the first place that is not over what is taken."""
    return next(
        (it for it in spots if not any(_overlap((*it, it[0] + side, it[1] + side), box) for box in taken)), None
    )


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _view_of(result: Path, size: Size, painting: Path, own: Size) -> _View | None:
    """Find out how a result saw its painting; None where that would be too blurred to be shown as the painter's."""
    settings = _read_settings(result)
    part = _part_of(settings.style_crop, own)
    seen = style_size(part[2:], size, settings.style_scale, squash=settings.style_fit == "squash")
    if max(seen[0] / part[2], seen[1] / part[3]) > _MOST_ENLARGED:
        return None
    return _View(painting, part, seen)


def _read_settings(result: Path) -> Settings:
    """Read how large a result saw its painting, in a PNG of Impasto's; the defaults for another picture."""
    try:
        stored = json.loads(images.read_metadata(result)[METADATA_KEY])
        return Settings(**{name: stored[name] for name in _SEEN_BY if name in stored})
    except (KeyError, TypeError, ValueError, RecursionError, SettingsError):
        return Settings(style_scale=1, style_fit="aspect", style_crop="")


def _part_of(crop: str, own: Size) -> tuple[int, int, int, int]:
    """Give the part of the painting that was used: all of it where none is stated, or there were several paintings."""
    if not crop.strip() or ";" in crop:
        return 0, 0, *own
    left, top, width, height = (int(number) for number in crop.split(","))
    return (left, top, width, height) if left + width <= own[0] and top + height <= own[1] else (0, 0, *own)


@lru_cache(maxsize=4)
def _read_view(view: _View) -> Picture:
    left, top, width, height = view.part
    return images.resize(images.read(view.path).cut(slice(top, top + height), slice(left, left + width)), *view.size)


@lru_cache(maxsize=4)
def _read_file(path: Path) -> Picture:
    return images.read(path)


def _cut_view(view: _View, spot: Spot, side: int) -> Picture:
    return _cut(_read_view(view), spot, side)


def _cut_file(path: Path, spot: Spot, side: int) -> Picture:
    return _cut(_read_file(path), spot, side)


def _cut(picture: Picture, spot: Spot, side: int) -> Picture:
    left, top = spot
    return picture.cut(slice(top, top + side), slice(left, left + side))


def _gray(picture: Picture) -> Values:
    return np.asarray(on_white(picture).mean(axis=2), np.float32)
