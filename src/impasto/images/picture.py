"""`Picture`: what every reader gives and every writer takes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Union

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

Source = Union[str, os.PathLike[str], bytes, BinaryIO, Image.Image, NDArray[Any], "Tensor"]
"""A path, the bytes of a file, a binary file object, a Pillow image, an array, or a tensor of PyTorch's.

Arrays are (H, W) or (H, W, 1|2|3|4), gray, gray + alpha, RGB or RGBA; bool, uint8 0..255, uint16 0..65535, float 0..1.
Tensors are (1|2|3|4, H, W), or a batch of one such; their values as an array's, on any device.
"""

_UNSEEN = 1.0
"""A difference between the channels of a gray that rounding may make."""

Rgb = NDArray[np.float32]
"""(H, W, 3) float32, sRGB, 0..255."""
Alpha = NDArray[np.float32]
"""(H, W) float32, 0..1."""
Colors = NDArray[np.uint8] | NDArray[np.uint16] | Rgb
"""(H, W, 3), sRGB: as `Rgb`, or integers of which the largest is white."""

BAND_PIXELS = 2**18
"""Pixels that are worked on at a time, so that a large picture needs no copies of its own size."""
_LONGEST_NAME = 40


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """A picture, upright and in sRGB, with what is worth keeping of the file that it came from."""

    colors: Colors
    """(H, W, 3), not premultiplied by alpha: the integers of the file where these are sRGB, else float32 0..255."""
    alpha: Alpha | None = None
    """(H, W) float32, 0..1; None when opaque."""
    depth: Literal[8, 16] = 8
    """Bits a channel of the source; floats count as 16."""
    profile: bytes | None = None
    """The source's own ICC profile; None when that was sRGB, broken or absent."""
    name: str = ""
    """How the user named it, for messages and file names."""
    sha256: str = ""
    """Of the source's bytes, or of the array's or the Pillow image's samples."""
    exif: bytes | None = None
    """What a result keeps of the source's EXIF: date, author, rights, place, camera, dots per inch."""

    def __repr__(self) -> str:
        name = f", {self.name!r}" if len(self.name) < _LONGEST_NAME else ""
        return f"Picture({self.width} x {self.height} px{name})"

    @property
    def rgb(self) -> Rgb:
        """(H, W, 3) float32, sRGB, 0..255: `colors` themselves where they are that, else made of them, each time."""
        return to_floats(self.colors)

    @property
    def width(self) -> int:
        """Pixels a row."""
        return int(self.colors.shape[1])

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.colors.shape[0])

    def cut(self, rows: slice, columns: slice = slice(None)) -> "Picture":
        """Give a part, which shares the memory of the whole."""
        alpha = None if self.alpha is None else self.alpha[rows, columns]
        return replace(self, colors=self.colors[rows, columns], alpha=alpha)

    @property
    def is_gray(self) -> bool:
        """Whether no pixel has a color that anyone sees."""
        return all(_is_gray(self.cut(rows).rgb) for rows in bands(self.height, self.width))

    def to_pil(self) -> Image.Image:
        """An 8-bit RGB or, with alpha, RGBA image; values are rounded and clipped."""
        return Image.fromarray(to_integers(self, 8))


def bands(height: int, width: int, step: int = 0) -> Iterator[slice]:
    """Divide rows into bands, from the top: of so many rows, or of as many as are good to work on where that is 0."""
    step = step or max(1, BAND_PIXELS // width)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def to_floats(colors: Colors) -> Rgb:
    """Give colors as (..., 3) float32 0..255: the same array where it is one."""
    if colors.dtype == np.uint16:
        return colors.astype(np.float32, order="C") / np.float32(65535) * np.float32(255)
    return np.ascontiguousarray(colors, np.float32)


def to_integers(picture: Picture, depth: Literal[8, 16]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Samples as files hold them: (H, W, 3), or (H, W, 4) with alpha; uint8, or uint16 for depth 16."""
    dtype, full = (np.uint8, 255) if depth == 8 else (np.uint16, 65535)  # noqa: PLR2004 -- bits, said by the name
    samples = np.empty((picture.height, picture.width, 3 if picture.alpha is None else 4), dtype)
    for rows in bands(picture.height, picture.width):
        band = picture.cut(rows)
        samples[rows, :, :3] = np.rint(np.clip(band.rgb * (full / 255), 0, full))
        if band.alpha is not None:
            samples[rows, :, 3] = np.rint(np.clip(band.alpha * full, 0, full))
    return samples


def on_white(picture: Picture) -> Rgb:
    """The colors over a white ground: (H, W, 3) float32, 0..255."""
    if picture.alpha is None:
        return picture.rgb
    alpha = picture.alpha[..., np.newaxis]
    return picture.rgb * alpha + 255 * (1 - alpha)


def flatten(picture: Picture) -> Picture:
    """Give the picture on a white ground, without alpha."""
    return picture if picture.alpha is None else replace(picture, colors=on_white(picture), alpha=None)


def fill_transparent(colors: Colors, alpha: Alpha) -> Colors:
    """Give pixels under full transparency the mean visible color, weighted by alpha.

    What files keep there is garbage (black, an erased background), and everything that looks at neighborhoods
    (a network's convolutions, a statistic over the picture) would see it. The mean color says nothing new.
    """
    hidden = alpha == 0
    if not hidden.any():
        return colors
    mean = _mean_color(colors, alpha if alpha.any() else np.ones_like(alpha)).astype(np.float32)
    filled = np.empty(colors.shape, np.float32)
    for rows in bands(*alpha.shape):
        filled[rows] = np.where(hidden[rows][..., np.newaxis], mean, to_floats(colors[rows]))
    return filled


def _mean_color(colors: Colors, weights: Alpha) -> NDArray[np.float64]:
    total, share = np.zeros(3), 0.0
    for rows in bands(*weights.shape):
        weight = weights[rows].reshape(-1).astype(np.float64)
        total += (to_floats(colors[rows]).reshape(-1, 3) * weight[:, np.newaxis]).sum(axis=0)
        share += weight.sum()
    return total / share


def _is_gray(rgb: Rgb) -> bool:
    red, green, blue = np.moveaxis(rgb, 2, 0)
    return float(np.abs(red - green).max()) <= _UNSEEN and float(np.abs(green - blue).max()) <= _UNSEEN
