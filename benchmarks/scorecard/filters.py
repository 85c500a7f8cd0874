"""What several measures see a picture through. Pictures are (1, 3, H, W), sRGB 0..255; maps are (1, 1, H, W)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def luminance(picture: Tensor) -> Tensor:
    """Rec. 601 luma (1, 1, H, W), 0..255."""
    weights = torch.tensor([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)
    return (picture * weights).sum(dim=1, keepdim=True)


def gradient(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Differences to the next column and row, of the maps' own size."""
    padded = F.pad(maps, (1, 1, 1, 1), mode="replicate")
    return padded.diff(dim=3)[:, :, 1:-1, 1:], padded.diff(dim=2)[:, :, 1:, 1:-1]


def blurred(maps: Tensor, deviation: float) -> Tensor:
    """A Gaussian blur of (1, 1, H, W)."""
    reach = min(math.ceil(3 * deviation), min(maps.shape[2:]) - 1)
    places = torch.arange(-reach, reach + 1)
    kernel = torch.exp(-(places**2) / (2 * deviation**2))
    kernel /= kernel.sum()
    wide = F.conv2d(F.pad(maps, (reach, reach, 0, 0), mode="reflect"), kernel.reshape(1, 1, 1, -1))
    return F.conv2d(F.pad(wide, (0, 0, reach, reach), mode="reflect"), kernel.reshape(1, 1, -1, 1))
