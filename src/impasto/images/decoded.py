"""`Decoded`: what every reader of files gives, before it is turned upright and into sRGB."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import ImageError
from impasto.images.color_spaces import ColorSpace
from impasto.images.picture import bands

Array = NDArray[Any]
Unit = NDArray[np.float32]
"""(H, W, 1 to 4) float32, 0..1: gray, gray and alpha, RGB or RGBA, alpha not premultiplied."""
Integers = NDArray[np.uint8] | NDArray[np.uint16]
"""Likewise; the largest is white and opaque."""

ANY_NUMBER = 2**62
"""Of pixels: more than any picture has."""
_FULL_16 = 65535


@dataclass(frozen=True)
class Decoded:
    """The picture in a file: in one of two forms, with what the file says beside the pixels."""

    image: Image.Image | None = None
    """Loaded, of a mode of 8 bits; None where `array` has the samples."""
    array: Integers | Unit | None = None
    """The samples of files with more bits than Pillow holds, and of others that it does not read to the value."""
    depth: Literal[8, 16] = 8
    """Bits a channel of the file; floats count as 16."""
    profile: bytes | None = None
    """The file's ICC profile."""
    color_space: ColorSpace | None = None
    """What the file says of its colors by other means than a profile, which comes first."""
    exif: Image.Exif = field(default_factory=Image.Exif)


Reader = Callable[[BinaryIO, str, int], Decoded]
"""Decodes a stream, given a name for messages and the most pixels that it may have."""

SmallReader = Callable[[BinaryIO, str, int, int], Decoded]
"""Likewise, with the pixels that either side is to have at least, where it has them."""
Measurer = Callable[[BinaryIO, str], tuple[int, int]]
"""Reads the size of an upright picture, (width, height), from its header, given a name for messages."""


def check_pixels(width: int, height: int, name: str, most: int) -> None:
    """Refuse too large a picture, or one of no size, before anything is decoded.

    Raises:
        ImageError: it has no pixels, or more than `most`.
    """
    if not (width and height):
        raise ImageError(f"{name} is damaged: it has {width} x {height} pixels", "Get an intact copy of the file.")
    if width * height > most:
        raise ImageError(
            f"{name} has {width} x {height} pixels, more than {most // 1_000_000} million", "Make it smaller first."
        )


def check_finite(values: Array, name: str) -> None:
    """Refuse samples that are not numbers.

    Raises:
        ImageError: one is infinite or none.
    """
    if not all(np.isfinite(values[rows]).all() for rows in bands(*values.shape[:2])):
        raise ImageError(f"{name} holds values that are not finite numbers", "Replace NaN and infinity first.")


def to_unit(values: Array) -> Unit:
    """Scale integers, of which the largest is white, to float32 0..1; floats are that."""
    if values.dtype.kind == "f":
        return values
    return values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)


def unit_from_wide(values: Array, name: str) -> tuple[Unit, Literal[8, 16]]:
    """Scale (H, W, C) floats or wide integers, whose white no standard states, to 0..1; and tell their bits.

    White is the smallest usual value that holds all: of floats 1, of all 255, 65535 or else the largest there.

    Raises:
        ImageError: one is not finite.
    """
    check_finite(values, name)
    floats = np.issubdtype(values.dtype, np.floating)
    largest = float(values.max())
    white = next((white for white in ((1, 255, _FULL_16) if floats else (255, _FULL_16)) if largest <= white), largest)
    unit = np.empty(values.shape, np.float32)
    for rows in bands(*values.shape[:2]):
        unit[rows] = np.clip(values[rows] / np.float64(white), 0, 1)
    return unit, 8 if not floats and white == 255 else 16  # noqa: PLR2004 -- white of 8 bits
