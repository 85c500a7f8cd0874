"""From scale to scale, coarse to fine (Gatys et al. 2017, section 6); `sizing.plan_scales` plans them."""

from collections.abc import Callable
from typing import Generic, TypeVar

import torch.nn.functional as F
from torch import Tensor

from impasto.errors import ImageError
from impasto.sizing import Size

Made = TypeVar("Made")


def check_side(size: Size, smallest: int, name: str, remedy: str) -> None:
    """Refuse an image that is smaller than the network can see.

    Raises:
        ImageError: the short side of `size` is under `smallest` pixels.
    """
    if min(size) < smallest:
        raise ImageError(f"{name}: {size[0]} x {size[1]} pixels is too small for the network", remedy)


def detail_beyond(sharp: Tensor, width: int, height: int) -> Tensor:
    """Give what an image (1, 3, H, W) has that a smaller size, width x height, cannot hold: (1, 3, H, W)."""
    return sharp - resize(resize(sharp, width, height), sharp.shape[3], sharp.shape[2])


def resize(maps: Tensor, width: int, height: int) -> Tensor:
    """Bring a tensor (1, C, H, W) to another size: bicubic, and itself where the size is right already."""
    if (width, height) == (maps.shape[3], maps.shape[2]):
        return maps
    return F.interpolate(maps, size=(height, width), mode="bicubic", antialias=True)


class LatestSize(Generic[Made]):
    """Keeps the latest of what is made by size; the one before is freed first, since both may be too much."""

    def __init__(self, make: Callable[[int, int], Made]) -> None:
        self._make = make
        self._latest: tuple[Size, Made] | None = None

    def forget(self) -> None:
        """Free the latest."""
        self._latest = None

    def __call__(self, width: int, height: int) -> Made:
        """Give the latest, or make another."""
        if self._latest is None or self._latest[0] != (width, height):
            self._latest = None
            self._latest = (width, height), self._make(width, height)
        return self._latest[1]
