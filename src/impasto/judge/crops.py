"""The crop test: a crop of a result beside one of its painting, at the scale at which it was painted."""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
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


@dataclass
class _Painting:
    """A painting of the test, and the parts of it that were taken, as shares of its width and height."""

    path: Path
    taken: list[Box] = field(default_factory=list)


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
    used = {stem: _Painting(path) for stem, path in known.items()}
    found: list[Comparison] = []
    left_out: dict[str, list[str]] = {}
    for stem, path in files.items():
        _, match = find_references(stem, {}, known)
        made = _pair_crops(stem, path, used[_stem_of(match, known)], side, trials, seed) if match else "no painting"
        if isinstance(made, str):
            left_out.setdefault(made, []).append(stem)
        else:
            found += made
    remarks = [f"left out, {why}: {list_names(stems)}" for why, stems in left_out.items()]
    if not found:
        raise InputError(f"nothing in {results} can be tested ({'; '.join(remarks)})", f"See {argument('crops')}.")
    return Material(found, remarks)


def _stem_of(match: Path, known: dict[str, Path]) -> str:
    return next(stem for stem, path in known.items() if path == match)


def _pair_crops(
    stem: str, path: Path, painting: _Painting, side: int, trials: int, seed: int
) -> list[Comparison] | str:
    """Give the trials of a result, or why it has none."""
    result, original = images.read(path), images.read(painting.path)
    view = _view_of(path, (result.width, result.height), painting.path, (original.width, original.height))
    if view is None:
        return "the painting is smaller than it was painted from"
    shown = _read_view(view)
    generator = np.random.default_rng(int.from_bytes(digest_of(f"{seed} {stem}")[:8]))
    own = find_spots(_gray(result), side, trials, generator)
    scale = np.array([*view.size, *view.size])
    theirs = find_spots(_gray(shown), side, len(own), generator, [tuple(scale * box) for box in painting.taken])
    if not theirs:
        return f"no room for a crop of {side} px"
    painting.taken += [tuple(np.array([x, y, x + side, y + side]) / scale) for x, y in theirs]
    return [
        Comparison(
            "crops",
            stem,
            (
                Side(PAINTER, original.sha256, (side, side), functools.partial(_cut_view, view, there, side), there),
                Side(RESULT, result.sha256, (side, side), functools.partial(_cut_file, path, here, side), here),
            ),
            trial=number,
        )
        for number, (here, there) in enumerate(zip(own, theirs, strict=False), 1)
    ]


def find_spots(
    gray: Values, side: int, count: int, generator: np.random.Generator, taken: Sequence[Sequence[float]] = ()
) -> list[Spot]:
    """Draw places for crops at random, where the texture is middling, none over another or over what is taken.

    Texture is the mean length of the gradient within the crop. Nobody can tell from it what is depicted; raters say
    where they recognize the subject, and that vote does not count.

    Args:
        gray: (H, W).
        side: of a crop, pixels.
        count: most places.
        generator: draws them.
        taken: boxes (left, top, right, bottom) in pixels.

    Returns:
        Left and top of each; fewer than `count` where there is no room.
    """
    height, width = gray.shape
    if min(height, width) < side:
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
    places = np.flatnonzero((low <= texture) & (texture <= high))
    boxes: list[Sequence[float]] = list(taken)
    found: list[Spot] = []
    for place in generator.permutation(places):
        x, y = int(left[place]), int(top[place])
        if len(found) < count and not any(_overlap((x, y, x + side, y + side), box) for box in boxes):
            found.append((x, y))
            boxes.append((x, y, x + side, y + side))
    return found


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
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


@functools.lru_cache(maxsize=4)
def _read_view(view: _View) -> Picture:
    left, top, width, height = view.part
    return images.resize(images.read(view.path).cut(slice(top, top + height), slice(left, left + width)), *view.size)


@functools.lru_cache(maxsize=4)
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
