"""Where an image is flat, as sky, walls and bare paper are, and where it is busy.

What tells them apart is the energy of edges around a place. Paintings that leave places empty have two kinds of them,
with a gap between; one that is covered with strokes has hardly two.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.color import to_oklab

SIDE = 384
"""Long side, pixels, of an image as it is looked at."""
EDGES = (1.0, 2.0)
"""Standard deviations, pixels, of the edges whose energies are added."""
AROUND = 5.0
"""Standard deviation, pixels, of what counts as around a place."""
WITHIN = 0.95
"""The mean opacity around a place that is away from what is transparent."""
FAINT = 0.01, 0.05
"""What is no edge: a share of the mean energy, and a square of levels of 0..255."""
SOFTNESS = 0.08
"""Width of the border between both kinds, in distances of their means."""
BINS = 256
FEW = 0.03
"""Below this share of an image, one kind of places has too few for a statistic of their own."""
NEAR = 0.05, 1.5
"""How far from the mean color of flat places another is the same, OkLab, and standard deviations; twice as far, not."""
BY_COLOR = 0.3
"""The fill from which on only what has the color of a style's flat places is empty."""


@dataclass(frozen=True)
class Flatness:
    """Where an image is flat, and how clearly."""

    plane: Tensor
    """(1, 1, h, w), 0..1: 1 where it is flat; on the CPU."""
    contrast: float
    """ln of the energy of edges in busy places over that in flat ones; 0 where there is one kind of places alone."""
    color: Tensor
    """Mean of its flat places, OkLab: (3,)."""
    spread: float
    """Standard deviation of their colors."""

    def resize(self, width: int, height: int) -> Tensor:
        """Give the plane at a size: (1, 1, height, width)."""
        return resize_plane(self.plane, width, height)

    def find_color(self, image: Tensor) -> Tensor:
        """Tell where an image has about the color of the flat places: (1, 1, H, W), 0..1."""
        apart: Tensor = (to_oklab(image.float()) - self.color.reshape(1, 3, 1, 1)).norm(dim=1, keepdim=True)
        return (2 - apart / (NEAR[0] + NEAR[1] * self.spread)).clamp(0, 1)


ALL_BUSY = Flatness(torch.zeros(1, 1, 1, 1), 0.0, torch.zeros(3), 0.0)
"""Of an image that is not looked at."""


def resize_plane(plane: Tensor, width: int, height: int) -> Tensor:
    """Give a plane (1, 1, h, w) at another size: (1, 1, height, width)."""
    return F.interpolate(plane, size=(height, width), mode="bilinear")


def measure_flatness(image: Tensor, opacity: Tensor | None = None) -> Flatness:
    """Tell the flat places of an image from the busy ones, by Otsu's threshold (1979) on the log of edges' energy.

    Args:
        image: (1, 3, H, W), 0..255, of a long side of `SIDE` at most, which what counts as an edge is made for.
        opacity: (1, 1, H, W), 0..1: only what is visible counts, away from the border of that; None for all.
    """
    image = image.float().cpu()
    visible = None if opacity is None else _visible(opacity.float().cpu())
    energy = _edges(image)
    mean_energy = (energy if visible is None else energy[visible]).mean()
    logs = torch.log(energy + FAINT[0] * mean_energy + FAINT[1])  # so that an edge does not spread
    logs = blur(logs, AROUND) if visible is None else _blur_visible(logs, visible)
    seen = logs if visible is None else logs[visible]
    threshold = _otsu(seen)
    below = seen <= threshold
    if not FEW <= below.float().mean().item() <= 1 - FEW:
        return Flatness(torch.zeros_like(logs), 0.0, torch.zeros_like(logs[0, 0, 0, 0]).expand(3), 0.0)
    contrast = (seen[~below].mean() - seen[below].mean()).item()
    plane = torch.sigmoid((threshold - logs) / (SOFTNESS * contrast))
    counted = plane if visible is None else plane * visible
    colors, weights = to_oklab(image)[0].flatten(1), counted.flatten() / counted.sum()
    mean = colors @ weights
    spread = ((colors - mean.unsqueeze(1)).square().sum(dim=0) @ weights).sqrt().item()
    return Flatness(plane, contrast, mean, spread)


def find_empty(content: Flatness, recolored: Tensor, style: Sequence[Flatness], fill: float) -> Tensor:
    """Tell where a style leaves a content image empty: (1, 1, h, w), 0..1.

    With a fill of 0 that is wherever the content image is flat; the nearer to `BY_COLOR`, the more only where it
    also has about the color of the style's flat places: what is dark is not left white by a drawing.

    Args:
        content: of the content image.
        recolored: the content image in the style's palette, (1, 3, h, w), 0..255.
        style: of each image of the style.
        fill: of the style.
    """
    found = [image.find_color(recolored) for image in style if image.contrast]
    color = torch.stack(found).amax(dim=0) if found else torch.zeros_like(content.plane)
    return content.plane * (1 - min(1.0, fill / BY_COLOR) * (1 - color))


def edge_energy(image: Tensor) -> Tensor:
    """Give the energy of edges around each place of an image (1, 3, H, W), 0..255: (1, 1, H, W), float32."""
    return blur(_edges(image.float()), AROUND)


def _visible(opacity: Tensor) -> Tensor:
    """Tell what is opaque, away from the border of what is not, where an edge is that nobody painted."""
    inner = blur(opacity, AROUND) >= WITHIN
    return inner if inner.any() else opacity >= opacity.max() / 2


def _blur_visible(logs: Tensor, visible: Tensor) -> Tensor:
    """Average around each place over what is visible there."""
    weights = visible.to(logs)
    return blur(logs * weights, AROUND) / blur(weights, AROUND).clamp(min=1e-6)


def _edges(image: Tensor) -> Tensor:
    luma = torch.einsum("c,bchw->bhw", image.new_tensor([0.299, 0.587, 0.114]), image).unsqueeze(1)
    return blur(torch.stack([_squared_gradient(luma, deviation) for deviation in EDGES]).sum(dim=0), EDGES[0])


def _squared_gradient(luma: Tensor, deviation: float) -> Tensor:
    """Give the squared gradient, in levels per standard deviation: (1, 1, H, W)."""
    padded = F.pad(blur(luma, deviation), (0, 1, 0, 1), mode="replicate")
    across, down = padded.diff(dim=3)[:, :, :-1], padded.diff(dim=2)[:, :, :, :-1]
    return (across.square() + down.square()) * deviation**2


def blur(maps: Tensor, deviation: float) -> Tensor:
    """Convolve each channel of (1, C, H, W) with a Gaussian."""
    reach = min(math.ceil(3 * deviation), min(maps.shape[2:]) - 1)
    places = torch.arange(-reach, reach + 1, device=maps.device)
    kernel = torch.exp(-(places**2) / (2 * deviation**2))
    kernel /= kernel.sum()
    planes = maps.transpose(0, 1)
    wide = F.conv2d(F.pad(planes, (reach, reach, 0, 0), mode="reflect"), kernel.reshape(1, 1, 1, -1))
    return F.conv2d(F.pad(wide, (0, 0, reach, reach), mode="reflect"), kernel.reshape(1, 1, -1, 1)).transpose(0, 1)


def _otsu(values: Tensor) -> float:
    """Give the threshold that parts values into two classes with the largest variance between them (eq. 18)."""
    lowest, highest = values.min().item(), values.max().item()
    counts = torch.histc(values.cpu(), BINS, lowest, highest).double()
    centers = lowest + (torch.arange(BINS).double() + 0.5) * ((highest - lowest) / BINS)
    share = counts.cumsum(0) / counts.sum()
    moment = (counts * centers).cumsum(0) / counts.sum()
    between = (moment[-1] * share - moment).square() / (share * (1 - share)).clamp(min=1e-9)
    best = int(between.argmax())
    return lowest + (best + 1) * ((highest - lowest) / BINS)  # the upper edge of its bin
