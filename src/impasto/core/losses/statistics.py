"""What style compares: statistics of a layer's features over its positions. Pure functions.

Features are (1, C, H, W) of any floating type, with the channels last in memory where a gradient is wanted. Statistics
are float32, or float64 for float64 features: half precision loses digits in sums over many positions.

The `Gap` between features and a target is the mean square of their difference. Its gradient is written out: one product
of the features (N, C) with a matrix (C, C) made of the difference, added to the gradient that is there already.
"""

from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor

Statistic = Literal["gram", "moments"]
Statistics = tuple[Tensor, ...]
"""What a statistic gives: C x C matrices, each compared by its own mean square."""


class Gap(Protocol):
    """How far features are from a target."""

    @property
    def value(self) -> Tensor:
        """The mean squares, summed: a scalar in the type of statistics."""
        ...

    def add_gradient(self, gradient: Tensor | None, factor: float) -> Tensor:
        """Add `factor` times the gradient of the value, in their shape and type; may change what it is given."""
        ...


def gram(features: Tensor) -> Statistics:
    """The Gram matrix G = F F^T / N of the N positions (Gatys et al. 2016, eq. 3, divided by N): one (C, C)."""
    flat = exact(matrix(features))
    return (flat.T @ flat / len(flat),)


def moments(features: Tensor) -> Statistics:
    """The Gram matrix in two parts that are compared apart: the covariance, and the outer product of the mean.

    G = cov + mean mean^T. Both parts have the unit of G, so that each published factor keeps its meaning
    (Li et al. 2017, "Demystifying neural style transfer", compare such moments). Two (C, C).
    """
    flat = exact(matrix(features))
    mean = flat.mean(dim=0)
    centered = flat - mean
    return centered.T @ centered / len(flat), torch.outer(mean, mean)


class GramGap:
    """mean((G - A)^2), and its gradient 4 F (G - A) / (C^2 N) for features F (N, C)."""

    def __init__(self, features: Tensor, target: Statistics) -> None:
        self._features = features
        flat = matrix(features)
        self._difference = gram_difference(flat, flat, target[0], len(flat))
        self.value = mean_square(self._difference)

    def add_gradient(self, gradient: Tensor | None, factor: float) -> Tensor:
        """See `Gap.add_gradient`."""
        return add_product(gradient, self._features, self._difference * slope(self._features, factor))


class MomentsGap:
    """The same of the covariance and of the outer product of the mean, one added to the other."""

    def __init__(self, features: Tensor, targets: Statistics) -> None:
        self._features, flat = features, matrix(features)
        self._mean = flat.mean(dim=0, dtype=targets[0].dtype)
        square = torch.outer(self._mean, self._mean)
        self._covariance = gram_difference(flat, flat, targets[0] + square, len(flat))
        self._square = square - targets[1]
        self.value = mean_square(self._covariance) + mean_square(self._square)

    def add_gradient(self, gradient: Tensor | None, factor: float) -> Tensor:
        """See `Gap.add_gradient`."""
        step = slope(self._features, factor)
        gradient = add_product(gradient, self._features, self._covariance * step)
        everywhere = ((self._square - self._covariance) @ self._mean) * step
        return gradient.add_(everywhere.to(gradient.dtype).reshape(1, -1, 1, 1))


STATISTICS: dict[Statistic, Callable[[Tensor], Statistics]] = {"gram": gram, "moments": moments}
GAPS: dict[Statistic, Callable[[Tensor, Statistics], Gap]] = {"gram": GramGap, "moments": MomentsGap}


class ContentGap:
    """mean((F - P)^2), and its gradient 2 (F - P) / (C N)."""

    def __init__(self, features: Tensor, target: Tensor) -> None:
        self._difference = features - target
        self.value = mean_square(exact(self._difference))

    def add_gradient(self, gradient: Tensor | None, factor: float) -> Tensor:
        """See `Gap.add_gradient`."""
        slope = 2 * factor / self._difference.numel()
        return self._difference * slope if gradient is None else gradient.add_(self._difference, alpha=slope)


def gram_difference(weighted: Tensor, flat: Tensor, target: Tensor, total: float) -> Tensor:
    """(w F)^T F / total - A in the type of statistics, for F and w F (N, C), A (C, C) and w that sums to `total`.

    In half precision the product is summed in float32 and rounded once, after the coarse part of A is taken away: so
    the rounding is relative to the difference, not to the much larger Gram matrix, and F is not converted first.
    """
    coarse = target.to(flat.dtype)
    difference = torch.addmm(coarse, weighted.T, flat, beta=-1, alpha=1 / total)
    return difference if flat.dtype == target.dtype else difference.to(target.dtype).sub_(target - coarse)


def mean_square(difference: Tensor) -> Tensor:
    """A scalar."""
    flat = difference.flatten()
    return flat @ flat / len(flat)


def slope(features: Tensor, factor: float) -> float:
    """4 factor / (C^2 N): what the product of features and a difference of Gram matrices is to be multiplied by."""
    return 4 * factor / (features.shape[1] * features.numel())


def add_product(gradient: Tensor | None, features: Tensor, weight: Tensor) -> Tensor:
    """Add F W to a gradient, in place."""
    flat, weight = matrix(features), weight.to(features.dtype)
    if gradient is None:
        height, width = features.shape[2:]
        return (flat @ weight).view(1, height, width, -1).permute(0, 3, 1, 2)
    gradient[0].permute(1, 2, 0).view(flat.shape).addmm_(flat, weight)
    return gradient


def matrix(features: Tensor) -> Tensor:
    """Features as (N, C): a view where the channels are last in memory."""
    return features[0].permute(1, 2, 0).flatten(0, 1)


def exact(flat: Tensor) -> Tensor:
    """In the type of statistics."""
    return flat if flat.dtype == torch.float64 else flat.float()
