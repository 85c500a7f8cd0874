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


def upsample_with_detail(image: Tensor, sharp: Tensor, share: float | Tensor) -> Tensor:
    """Bring an image to a finer scale, with a share of the detail of another image that its own size cannot hold.

    The code of Kolkin et al. 2019 begins its middle scales so ("Style transfer by relaxed optimal transport and
    self-similarity"), with the content image's Laplacian. An image that is only upsampled is blurred, and an
    optimizer's first steps at the finer scale go into inventing detail.

    Args:
        image: (1, 3, h, w).
        sharp: (1, 3, H, W).
        share: 0 for none, 1 for all; or one for each position, (1, 1, H, W).

    Returns:
        (1, 3, H, W).
    """
    (height, width), (rows, columns) = sharp.shape[2:], image.shape[2:]
    detail = sharp - resize(resize(sharp, columns, rows), width, height)
    return resize(image, width, height) + share * detail


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
