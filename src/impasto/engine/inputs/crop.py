"""The setting `style_crop`: the part of each style image to learn from."""

from dataclasses import replace

import numpy as np

from impasto.engine.style_file import LoadedStyle, StyleFile
from impasto.errors import ImageError, SettingsError
from impasto.images import Picture
from impasto.images.picture import fill_transparent
from impasto.settings.per_painting import split_crops
from impasto.wording import argument


def crop(paintings: tuple[LoadedStyle, ...], crops: str) -> tuple[LoadedStyle, ...]:
    """Give the parts of the style images that `style_crop` names; all of them where it is empty, and of style files.

    Raises:
        SettingsError: there is not one crop for each painting, or one does not lie within its painting.
    """
    parts = split_crops(crops, len(paintings))
    if not parts:
        return paintings
    return tuple(_crop_one(*pair) for pair in zip(paintings, parts, strict=True))


def _crop_one(painting: LoadedStyle, crop: str) -> LoadedStyle:
    if not crop.strip() or isinstance(painting, StyleFile):
        return painting
    left, top, width, height = (int(number) for number in crop.split(","))
    right, bottom = left + width, top + height
    if right > painting.width or bottom > painting.height:
        raise SettingsError(
            f"{argument('style_crop', crop.strip())} reaches beyond {painting.name}, "
            f"which has {painting.width} x {painting.height} pixels",
            f"Keep x + width within {painting.width}, and y + height within {painting.height}.",
        )
    cropped = _cut(painting, slice(top, bottom), slice(left, right))
    return replace(cropped, name=f"{argument('style_crop', crop.strip())} of {painting.name}")


def crop_to_visible(painting: Picture) -> Picture:
    """Cut off the transparent surroundings of a style image, so that its strokes have the size of one without.

    Raises:
        ImageError: it is transparent all over.
    """
    if painting.alpha is None:
        return painting
    if not painting.alpha.any():
        raise ImageError(f"{painting.name} is transparent all over", "Give a painting of which something is visible.")
    rows, columns = (np.flatnonzero(painting.alpha.any(axis=axis)) for axis in (1, 0))
    return _cut(painting, slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))


def _cut(painting: Picture, rows: slice, columns: slice) -> Picture:
    part = painting.cut(rows, columns)
    if part.alpha is None or (part.alpha >= 1).all():
        return replace(part, alpha=None)
    # The color under transparency is the mean of the whole painting, not of this part.
    return replace(part, colors=fill_transparent(part.colors, part.alpha))
