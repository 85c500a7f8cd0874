"""Changing a picture's size."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.images.picture import Picture, bands, fill_transparent

Values = NDArray[np.float32]
"""(H, W, C)."""

_VISIBLE = 0.5 / 65535  # less would be written as 0 even in 16 bits, and dividing by it would only magnify rounding


def resize(picture: Picture, width: int, height: int) -> Picture:
    """Resample with Lanczos in float32, which keeps 16-bit gradation; the same size gives the same picture.

    Transparent pictures are resampled premultiplied: what lies under transparency does not bleed into the edges.
    """
    if (width, height) == (picture.width, picture.height):
        return picture
    if picture.alpha is None:
        rgb = _lanczos(picture, lambda band: band.rgb, width, height)
        return replace(picture, colors=np.clip(rgb, 0, 255, out=rgb))
    weight = _lanczos(picture, _opacity, width, height)[..., 0]
    weight[weight < _VISIBLE] = 0
    rgb = _lanczos(picture, lambda band: band.rgb * _opacity(band), width, height)  # premultiplied
    rgb /= np.maximum(weight, np.float32(_VISIBLE))[..., np.newaxis]
    # Lanczos overshoots beyond 1 at edges, colors and weight alike; only after the division may it be clipped.
    alpha = np.minimum(weight, 1)
    return replace(picture, colors=fill_transparent(np.clip(rgb, 0, 255, out=rgb), alpha), alpha=alpha)


def shrink(picture: Picture, max_side: int) -> Picture:
    """Scale a picture down so that neither side exceeds `max_side` pixels; a smaller one stays as it is.

    Small copies are passed around more freely than pictures: they do not say when, where and by whom.
    """
    picture = replace(picture, exif=None)
    factor = max_side / max(picture.width, picture.height)
    if factor >= 1:
        return picture
    return resize(picture, max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))


def _opacity(picture: Picture) -> NDArray[np.float32]:
    """(H, W, 1), 0..1."""
    assert picture.alpha is not None
    return picture.alpha[..., np.newaxis]


def _lanczos(picture: Picture, values_of: Callable[[Picture], Values], width: int, height: int) -> Values:
    """Resample values that are made of parts of a picture.

    As Pillow does, to the bit and in its order, but by bands: a row is resampled without its neighbors, and so is a
    column.
    """
    own, everywhere = (picture.width, picture.height), slice(None)
    if picture.height - height > max(0, 2 * (picture.width - width)):
        low = _resample_columns(lambda columns: values_of(picture.cut(everywhere, columns)), own, height)
        return _resample_rows(lambda rows: low[rows], (picture.width, height), width)
    narrow = _resample_rows(lambda rows: values_of(picture.cut(rows)), own, width)
    return _resample_columns(lambda columns: narrow[:, columns], (width, picture.height), height)


def _resample_rows(read: Callable[[slice], Values], size: tuple[int, int], width: int) -> Values:
    """Change the width of values, (H, W, C) of a size (W, H), which are read by bands of rows."""
    resized: Values | None = None
    for rows in bands(size[1], max(size[0], width)):
        part = _resample(read(rows), width, rows.stop - rows.start)
        if resized is None:
            resized = np.empty((size[1], *part.shape[1:]), np.float32)
        resized[rows] = part
    assert resized is not None
    return resized


def _resample_columns(read: Callable[[slice], Values], size: tuple[int, int], height: int) -> Values:
    """Change the height of values, (H, W, C) of a size (W, H), which are read by bands of columns."""
    resized: Values | None = None
    for columns in bands(size[0], max(size[1], height)):
        part = _resample(read(columns), columns.stop - columns.start, height)
        if resized is None:
            resized = np.empty((height, size[0], part.shape[2]), np.float32)
        resized[:, columns] = part
    assert resized is not None
    return resized


def _resample(values: Values, width: int, height: int) -> Values:
    planes = (Image.fromarray(np.ascontiguousarray(plane, np.float32)) for plane in np.moveaxis(values, 2, 0))
    return np.stack([np.asarray(it.resize((width, height), Image.Resampling.LANCZOS)) for it in planes], axis=-1)
