"""OkLab (Ottosson 2020, "A perceptual color space for image processing"), and grays of the same lightness.

OkLab has lightness L, 0 black to 1 white, and a (green to red) and b (blue to yellow), about -0.3..0.3, whose direction
is hue and whose length is chroma.
"""

from collections.abc import Callable

import torch
from torch import Tensor

BAND = 2**20
"""Pixels that are worked on at a time, so that a large picture needs no copies of its own size in between."""

# Ottosson's matrices. Their inverses are computed: his own are rounded, and a color would not come back as itself.
_TO_CONES = torch.tensor(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=torch.float64,
)
_TO_LAB = torch.tensor(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=torch.float64,
)
FROM_CONES = torch.linalg.inv(_TO_CONES)
"""Linear channels of the cones' responses."""
FROM_LAB = torch.linalg.inv(_TO_LAB)
"""Cube roots of the cones' responses of OkLab."""


def to_oklab(image: Tensor) -> Tensor:
    """Convert a picture to OkLab: (1, 3, H, W). Channels beyond 0..255 follow the same curves, mirrored at 0."""
    cones = _multiply(_TO_CONES, _linearize(image / 255))
    return _multiply(_TO_LAB, cones.abs().pow(1 / 3).copysign(cones))


def from_oklab(lab: Tensor) -> Tensor:
    """Convert OkLab (1, 3, H, W) to a picture; a color that sRGB does not have is beyond 0..255."""
    return 255 * _encode(to_linear_rgb(lab))


def to_linear_rgb(lab: Tensor) -> Tensor:
    """Convert OkLab (1, 3, H, W) to linear channels, 0..1 where sRGB has the color."""
    return _multiply(FROM_CONES, _multiply(FROM_LAB, lab).pow(3))


def lightness(image: Tensor) -> Tensor:
    """Compute OkLab's L of a picture: (1, 3, H, W) to (1, 1, H, W)."""
    return to_oklab(image)[:, :1]


def gray_of(image: Tensor) -> Tensor:
    """Compute the gray of each pixel's lightness, three equal channels: (1, 3, H, W). Grays stay as they are."""
    return map_bands(lambda band: gray(lightness(band)), image)


def gray(lightness: Tensor) -> Tensor:
    """Make a picture of OkLab's L, (1, 1, H, W) to (1, 3, H, W): a gray's linear channels are all L^3."""
    return 255 * _encode(lightness.pow(3)).repeat(1, 3, 1, 1)


def map_bands(change: Callable[..., Tensor], *pictures: Tensor) -> Tensor:
    """Apply a pixelwise change to pictures of one size, band by band of rows."""
    height, width = pictures[0].shape[2:]
    rows, changed = max(1, BAND // width), pictures[0]
    for top in range(0, height, rows):
        band = change(*(picture[:, :, top : top + rows] for picture in pictures))
        if top == 0:
            changed = band.new_empty((*band.shape[:2], height, width))
        changed[:, :, top : top + rows] = band
    return changed


def _multiply(matrix: Tensor, planes: Tensor) -> Tensor:
    """Multiply the three values of each pixel by a matrix: (3, 3) x (1, 3, H, W) -> (1, 3, H, W)."""
    return torch.einsum("ij,bjhw->bihw", matrix.to(planes.dtype).to(planes.device), planes)


def _linearize(encoded: Tensor) -> Tensor:
    """Convert sRGB 0..1 to linear light, by IEC 61966-2-1."""
    size, border = encoded.abs(), 0.04045
    return torch.where(size <= border, size / 12.92, ((size + 0.055) / 1.055).pow(2.4)).copysign(encoded)


def _encode(linear: Tensor) -> Tensor:
    """Convert linear light to sRGB 0..1."""
    size, border = linear.abs(), 0.0031308
    return torch.where(size <= border, size * 12.92, size.pow(1 / 2.4) * 1.055 - 0.055).copysign(linear)
