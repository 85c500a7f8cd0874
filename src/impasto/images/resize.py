"""Changing a picture's size."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.images.picture import Picture, fill_transparent

_VISIBLE = 0.5 / 65535  # less would be written as 0 even in 16 bits, and dividing by it would only magnify rounding


def resize(picture: Picture, width: int, height: int) -> Picture:
    """Resample with Lanczos in float32, which keeps 16-bit gradation; the same size gives the same picture.

    Transparent pictures are resampled premultiplied: what lies under transparency does not bleed into the edges.
    """
    if (width, height) == (picture.width, picture.height):
        return picture
    if picture.alpha is None:
        return replace(picture, rgb=np.clip(_channels(picture.rgb, width, height), 0, 255))
    weight = _lanczos(picture.alpha, width, height)
    weight[weight < _VISIBLE] = 0
    premultiplied = _channels(picture.rgb * picture.alpha[..., np.newaxis], width, height)
    rgb: NDArray[np.float32] = np.clip(
        premultiplied / np.maximum(weight, np.float32(_VISIBLE))[..., np.newaxis], 0, 255
    )
    # Lanczos overshoots beyond 1 at edges, colors and weight alike; only after the division may it be clipped.
    alpha = np.minimum(weight, 1)
    return replace(picture, rgb=fill_transparent(rgb, alpha), alpha=alpha)


def shrink(picture: Picture, max_side: int) -> Picture:
    """Scale a picture down so that neither side exceeds `max_side` pixels; a smaller one stays as it is.

    Small copies are passed around more freely than pictures: they do not say when, where and by whom.
    """
    picture = replace(picture, exif=None)
    factor = max_side / max(picture.width, picture.height)
    if factor >= 1:
        return picture
    return resize(picture, max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))


def _channels(values: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    return np.stack([_lanczos(values[..., channel], width, height) for channel in range(values.shape[2])], axis=-1)


def _lanczos(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.array(image.resize((width, height), Image.Resampling.LANCZOS), np.float32)
