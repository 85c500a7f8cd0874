"""The coarse-to-fine schedule (Gatys et al. 2017, section 6: large motifs at small sizes, strokes at large ones)."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

SMALLEST_LONG_SIDE = 128
"""No scale is coarser than this, pixels: below it relu5_1 has fewer than 8 positions a side and motifs lose shape."""


@dataclass(frozen=True)
class Scale:
    """One size of the schedule."""

    width: int
    height: int
    iterations: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


def plan(width: int, height: int, *, scales: int, iterations: int, decay: float, smallest_side: int = 1) -> list[Scale]:
    """Sizes that double up to (width, height), with geometrically falling iteration counts.

    Args:
        scales: how many are wanted; those that would be too small are left out, but never the last.
        iterations: at the first, coarsest scale.
        decay: each further scale runs this share of the iterations of the one before.
        smallest_side: what the network needs, pixels.
    """

    def large_enough(factor: int) -> bool:
        return max(width, height) >= SMALLEST_LONG_SIDE * factor and min(width, height) >= smallest_side * factor

    factors = [2**step for step in range(scales) if step == 0 or large_enough(2**step)]
    return [
        Scale(max(1, round(width / factor)), max(1, round(height / factor)), max(1, round(iterations * decay**index)))
        for index, factor in enumerate(reversed(factors))
    ]


def grown(image: Tensor, sharp: Tensor, share: float | Tensor) -> Tensor:
    """Bring a picture to a finer scale, with a share of the detail of another picture that its own size cannot hold.

    The code of Kolkin et al. 2019 begins its middle scales so ("Style transfer by relaxed optimal transport and
    self-similarity"), with the photograph's Laplacian. What has only grown is blurred, and a minimizer's first steps at
    the finer scale go into inventing detail.

    Args:
        image: (1, 3, h, w).
        sharp: (1, 3, H, W).
        share: 0 for none, 1 for all; or one for each place, (1, 1, H, W).

    Returns:
        (1, 3, H, W).
    """
    (height, width), (rows, columns) = sharp.shape[2:], image.shape[2:]
    detail = sharp - resized(resized(sharp, columns, rows), width, height)
    return resized(image, width, height) + share * detail


def resized(maps: Tensor, width: int, height: int) -> Tensor:
    """A tensor (1, C, H, W) brought to another size: bicubic, and itself where the size is right already."""
    if (width, height) == (maps.shape[3], maps.shape[2]):
        return maps
    return F.interpolate(maps, size=(height, width), mode="bicubic", antialias=True)
