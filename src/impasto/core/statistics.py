"""What style compares: statistics of a layer's features over its positions. Pure functions.

Features are (1, C, H, W) of any floating type; results are float32, or float64 for float64 features, because sums over
hundreds of thousands of positions lose digits in half precision.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Statistic = Literal["gram", "moments"]
Statistics = tuple[Tensor, ...]
"""What a statistic gives: C x C matrices, each compared by its own mean square."""


def gram(features: Tensor) -> Statistics:
    """The Gram matrix G = F F^T / N of the N positions (Gatys et al. 2016, eq. 3, divided by N): one (C, C)."""
    flat = _positions(features)
    return (flat @ flat.T / flat.shape[1],)


def moments(features: Tensor) -> Statistics:
    """The Gram matrix in two parts that are compared apart: the covariance, and the outer product of the mean.

    G = cov + mean mean^T. Both parts have the unit of G, so that each published factor keeps its meaning
    (Li et al. 2017, "Demystifying neural style transfer", compare such moments). Two (C, C).
    """
    flat = _positions(features)
    mean = flat.mean(dim=1, keepdim=True)
    centered = flat - mean
    return centered @ centered.T / flat.shape[1], mean @ mean.T


STATISTICS: dict[Statistic, Callable[[Tensor], Statistics]] = {"gram": gram, "moments": moments}


def distance(statistics: Statistics, targets: Statistics) -> Tensor:
    """The sum over the parts of mean((G - A)^2) over the C x C entries; a scalar."""
    parts = [(ours - target).square().mean() for ours, target in zip(statistics, targets, strict=True)]
    return torch.stack(parts).sum()


def _positions(features: Tensor) -> Tensor:
    flat = features[0].flatten(1)
    return flat if flat.dtype == torch.float64 else flat.float()
