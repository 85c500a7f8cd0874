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


def resized(maps: Tensor, width: int, height: int) -> Tensor:
    """A tensor (1, C, H, W) brought to another size: bicubic, and itself where the size is right already."""
    if (width, height) == (maps.shape[3], maps.shape[2]):
        return maps
    return F.interpolate(maps, size=(height, width), mode="bicubic", antialias=True)
