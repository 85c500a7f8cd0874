"""`Picture`: what every reader gives and every writer takes."""

import os
from dataclasses import dataclass
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

_LONGEST_NAME = 40


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """A picture, upright and in sRGB, with what is worth keeping of the file that it came from."""

    rgb: Rgb
    """(H, W, 3) float32, sRGB, 0..255, not premultiplied by alpha."""
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
    def width(self) -> int:
        """Pixels a row."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.rgb.shape[0])

    @property
    def is_gray(self) -> bool:
        """Whether no pixel has a color that anyone sees."""
        red, green, blue = np.moveaxis(self.rgb, 2, 0)
        return float(np.abs(red - green).max()) <= _UNSEEN and float(np.abs(green - blue).max()) <= _UNSEEN

    def to_pil(self) -> Image.Image:
        """An 8-bit RGB or, with alpha, RGBA image; values are rounded and clipped."""
        return Image.fromarray(to_integers(self.rgb, self.alpha, 8))


def to_integers(rgb: Rgb, alpha: Alpha | None, depth: Literal[8, 16]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Samples as files hold them: (H, W, 3), or (H, W, 4) with alpha; uint8, or uint16 for depth 16."""
    dtype, full = (np.uint8, 255) if depth == 8 else (np.uint16, 65535)  # noqa: PLR2004 -- bits, said by the name
    samples = np.empty((*rgb.shape[:2], 3 if alpha is None else 4), dtype)
    samples[..., :3] = np.rint(np.clip(rgb * (full / 255), 0, full))
    if alpha is not None:
        samples[..., 3] = np.rint(np.clip(alpha * full, 0, full))
    return samples


def on_white(picture: Picture) -> Rgb:
    """The colors over a white ground: (H, W, 3) float32, 0..255."""
    if picture.alpha is None:
        return picture.rgb
    alpha = picture.alpha[..., np.newaxis]
    return picture.rgb * alpha + 255 * (1 - alpha)


def fill_transparent(rgb: Rgb, alpha: Alpha) -> Rgb:
    """Give pixels under full transparency the mean visible color, weighted by alpha.

    What files keep there is garbage (black, an erased background), and everything that looks at neighborhoods
    (a network's convolutions, a statistic over the picture) would see it. The mean color says nothing new.
    """
    hidden = alpha == 0
    if not hidden.any():
        return rgb
    weights = alpha if alpha.any() else np.ones_like(alpha)
    mean = np.average(rgb.reshape(-1, 3), axis=0, weights=weights.reshape(-1).astype(np.float64))
    return np.where(hidden[..., np.newaxis], mean.astype(np.float32), rgb)
