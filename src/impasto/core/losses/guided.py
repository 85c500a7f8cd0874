"""Regions: which painting's style is asked for where (Gatys et al. 2017, section 4, guided Gram matrices).

With features F_i at the N positions of a layer and weights w_i of a region there, the guided statistic is that of the
unguided one with each position counted w_i / sum(w) times instead of 1 / N times:

    G = sum_i w_i F_i F_i^T / sum(w)

In the paper's words the guidance channel is sqrt(w_i / sum(w)), whose squares sum to 1. With w = 1 everywhere G is the
plain Gram matrix, so that every published factor keeps its meaning.

A region's loss is its mean square times its share of the picture, sum(w) / N. In the gradient at a position sum(w) then
cancels, 4 w_i (G - A) F_i / (C^2 N): what is asked of a position does not depend on how large its region is, and is the
same, beside the content, as if its painting were everywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.losses.statistics import (
    Gap,
    Statistic,
    Statistics,
    add_product,
    exact,
    gram_difference,
    matrix,
    mean_square,
    slope,
)
from impasto.layers import Layer


@dataclass(frozen=True)
class Region:
    """Where style is asked for, and which."""

    weights: Tensor
    """(1, 1, H, W), of the picture's own size: 0 asks for nothing, 1 for as much as in a picture without regions."""
    blend: tuple[float, ...]
    """The weight of each painting in the mixture that is asked for."""


@dataclass(frozen=True)
class Place:
    """A region on the grid of a layer."""

    weights: Tensor
    """(1, 1, h, w), in the type of the features."""
    total: float
    """Their sum, or 1 where there are none."""
    share: float
    """Their mean: how much of the picture the region is."""


@dataclass(frozen=True)
class Guidance:
    """What masks ask for, at the picture's own size."""

    regions: tuple[Region, ...]
    """One or more."""
    free: Tensor | None
    """(1, 1, H, W): 1 where the picture may change, 0 where it may not, so that nothing is asked; None: everywhere."""

    def places(self, layer: Layer, dtype: torch.dtype) -> list[Place]:
        """The regions on a layer's grid, for features of a type.

        Nothing is asked next to positions that may not change. What is seen there is for the most part not to be
        painted, and the few pixels that are would have to make up for the others: they turn into a rim of hot colors.
        """
        free = self.free_at(layer)
        inner = None if free is None else -F.max_pool2d(-free, 3, stride=1, padding=1)  # the least around
        grids = [_on_grid(region.weights, layer) for region in self.regions]
        return [_place(grid if inner is None else grid * inner, dtype) for grid in grids]

    def free_at(self, layer: Layer) -> Tensor | None:
        """`free` on a layer's grid: (1, 1, h, w)."""
        return None if self.free is None else _on_grid(self.free, layer)


def guidance(masks: Sequence[Tensor], keep: Tensor | None, blend: Sequence[float]) -> Guidance | None:
    """What masks ask for.

    Args:
        masks: one for each painting, (1, 1, H, W) in 0..1; or none, for all paintings' mixture everywhere. Where they
            sum to more than 1 they share the place in proportion.
        keep: (1, 1, H, W) in 0..1: where the photograph stays as it is.
        blend: the weight of each painting; they count relative to their mean, and a painting without any has no region.

    Returns:
        A region for each mask that counts, or one for the mixture; None if there is no mask at all.
    """
    free = None if keep is None else 1 - keep
    if not masks:
        return None if free is None else Guidance((Region(torch.ones_like(free), tuple(blend)),), free)
    crowd = torch.stack(list(masks)).sum(dim=0).clamp(min=1)
    mean = sum(blend) / len(blend)
    only = torch.eye(len(blend)).tolist()
    claims = [
        Region(mask / crowd * (weight / mean), tuple(only[number]))
        for number, (mask, weight) in enumerate(zip(masks, blend, strict=True))
        if weight > 0
    ]
    return Guidance(tuple(claims), free)


def bare(masks: Sequence[Tensor]) -> Tensor:
    """How much of each place no mask asks a style for: (1, 1, H, W), 0..1, of one or more masks of that shape."""
    return 1 - torch.stack(list(masks)).sum(dim=0).clamp(max=1)


class GuidedGram:
    """share * mean((G - A)^2) in one region, and its gradient 4 w F (G - A) / (C^2 N) for features F (N, C)."""

    def __init__(self, features: Tensor, target: Statistics, where: Place) -> None:
        self._features, self._where = features, where
        weighted = matrix(features * where.weights)
        self._difference = gram_difference(weighted, matrix(features), target[0], where.total)
        self.value = mean_square(self._difference) * where.share

    def add_gradient(self, gradient: Tensor | None, factor: float) -> Tensor:
        """See `Gap.add_gradient`."""
        # The weighted features are made anew: kept, they would cost as much memory as a layer for each region.
        weighted = self._features * self._where.weights
        return add_product(gradient, weighted, self._difference * slope(self._features, factor))


class GuidedMoments:
    """The same of the covariance and of the outer product of the mean, both over the region, one added to the other."""

    def __init__(self, features: Tensor, targets: Statistics, where: Place) -> None:
        self._features, self._where = features, where
        weighted = matrix(features * where.weights)
        self._mean = weighted.sum(dim=0, dtype=targets[0].dtype) / where.total
        square = torch.outer(self._mean, self._mean)
        self._covariance = gram_difference(weighted, matrix(features), targets[0] + square, where.total)
        self._square = square - targets[1]
        self.value = (mean_square(self._covariance) + mean_square(self._square)) * where.share

    def add_gradient(self, gradient: Tensor | None, factor: float) -> Tensor:
        """See `Gap.add_gradient`."""
        step = slope(self._features, factor)
        weighted = self._features * self._where.weights
        gradient = add_product(gradient, weighted, self._covariance * step)
        everywhere = ((self._square - self._covariance) @ self._mean) * step
        return gradient.addcmul_(everywhere.to(gradient.dtype).reshape(1, -1, 1, 1), self._where.weights)


GUIDED: dict[Statistic, Callable[[Tensor, Statistics, Place], Gap]] = {"gram": GuidedGram, "moments": GuidedMoments}


class Guided:
    """The gaps of all regions at a layer, added."""

    def __init__(
        self, statistic: Statistic, features: Tensor, targets: Sequence[Statistics], places: Sequence[Place]
    ) -> None:
        self._gaps = [GUIDED[statistic](features, *pair) for pair in zip(targets, places, strict=True)]
        self.value = torch.stack([gap.value for gap in self._gaps]).sum()

    def add_gradient(self, gradient: Tensor | None, factor: float) -> Tensor:
        """See `Gap.add_gradient`."""
        first, *others = self._gaps
        gradient = first.add_gradient(gradient, factor)
        for gap in others:
            gradient = gap.add_gradient(gradient, factor)
        return gradient


class GuidedContent:
    """mean(w (F - P)^2), and its gradient 2 w (F - P) / (C N).

    Args:
        weights: (1, 1, h, w).
    """

    def __init__(self, features: Tensor, target: Tensor, weights: Tensor) -> None:
        difference = features - target
        self._weighted = difference * weights.to(difference.dtype)
        self.value = mean_square(exact(difference) * weights.sqrt())

    def add_gradient(self, gradient: Tensor | None, factor: float) -> Tensor:
        """See `Gap.add_gradient`."""
        step = 2 * factor / self._weighted.numel()
        return self._weighted * step if gradient is None else gradient.add_(self._weighted, alpha=step)


def _place(grid: Tensor, dtype: torch.dtype) -> Place:
    """Sums are those of the weights as rounded, so that nothing is out of balance in half precision."""
    grid = grid.to(dtype)
    total = grid.sum(dtype=torch.float64).item()
    return Place(grid, total or 1.0, total / grid.numel())


def _on_grid(plane: Tensor, layer: Layer) -> Tensor:
    """Averages over the windows of the network's pooling, which also leaves a last odd row or column out."""
    return F.avg_pool2d(plane, 1 << (layer.block - 1))
