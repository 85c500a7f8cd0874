"""Statistics of a layer's features over its positions, as pure functions: measure, compare, pull back.

Features are (1, C, H, W) of any floating type, with the channels last in memory where a gradient is wanted. Weights of
positions, (1, 1, H, W), count position i w_i / sum(w) times instead of 1 / N times (guided Gram matrices, Gatys et al.
2017, section 4, whose guidance channel is sqrt(w_i / sum(w))); no weights are weights of 1. Results are float32, or
float64 for float64 features: half precision loses digits in sums over many positions.

`measure` is additive over positions: what it gives for the tiles of an image adds up to what it gives for the whole.
`compare_features` does `measure` and `compare` in one product, for features that are there as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

StatisticName = Literal["gram", "moments"]
Matrices = tuple[Tensor, ...]
"""What is compared: C x C matrices, each by its own mean square."""


CONVERSION_CHUNK = 2**18
"""Numbers in half precision that are converted at a time where they are summed on a CPU: torch converts all of them
before it sums, which takes four times as long where they do not fit into the processor's cache."""
LONGEST_SUM = 2**20
"""Numbers that are summed in one product: over four million, float32 is off by 1e-5."""


@dataclass(frozen=True)
class Measured:
    """What is measured of some positions."""

    total: float
    """The sum of their weights."""
    mean: Tensor
    """(C,)."""
    second: Tensor
    """(C, C): the second moment, about 0 in a Gram matrix and about the mean in a covariance."""


class Difference(NamedTuple):
    """A measurement against a target."""

    value: Tensor
    """The mean squares, summed: a scalar."""
    matrix: Tensor
    """(C, C); with `offset` the gradient at position i is 4 w_i (F_i matrix + offset) / (C^2 sum(w))."""
    offset: Tensor | None
    """(C,), or None for zeros."""


class Statistic(Protocol):
    """One way to describe a style."""

    def measure(self, features: Tensor, weights: Tensor | None = None) -> Measured:
        """Measure features (1, C, H, W) over their positions."""
        ...

    def add(self, one: Measured, other: Measured) -> Measured:
        """Give the measurement of two sets of positions together."""
        ...

    def matrices(self, measured: Measured) -> Matrices:
        """Give what is compared."""
        ...

    def compare(self, measured: Measured, target: Matrices) -> Difference:
        """Compare a measurement with a target."""
        ...

    def compare_features(self, features: Tensor, target: Matrices, weights: Tensor | None, total: float) -> Difference:
        """Do `compare(measure(features, weights), target)` in one product; `total` is the sum of the weights."""
        ...


class Gram:
    """The Gram matrix G = F F^T / N of the N positions (Gatys et al. 2016, eq. 3, divided by N)."""

    def measure(self, features: Tensor, weights: Tensor | None = None) -> Measured:
        """See `Statistic.measure`."""
        flat = to_accumulator_dtype(flatten_positions(features))  # (N, C)
        weighted, total = _weigh(flat, weights)
        return Measured(total, weighted.sum(dim=0) / total, weighted.T @ flat / total)  # (C, N) x (N, C) -> (C, C)

    def add(self, one: Measured, other: Measured) -> Measured:
        """See `Statistic.add`."""
        total = one.total + other.total
        share = other.total / total
        return Measured(total, one.mean.lerp(other.mean, share), one.second.lerp(other.second, share))

    def matrices(self, measured: Measured) -> Matrices:
        """See `Statistic.matrices`: one (C, C)."""
        return (measured.second,)

    def compare(self, measured: Measured, target: Matrices) -> Difference:
        """See `Statistic.compare`."""
        difference = measured.second - target[0]
        return Difference(mean_square(difference), difference, None)

    def compare_features(self, features: Tensor, target: Matrices, weights: Tensor | None, total: float) -> Difference:
        """See `Statistic.compare_features`."""
        flat = flatten_positions(features)  # (N, C)
        weighted = flat if weights is None else flatten_positions(features * weights)
        difference = _second_moment_difference(weighted, flat, target[0], total)
        return Difference(mean_square(difference), difference, None)


class Moments:
    """The Gram matrix in two parts that are compared separately: the covariance, and the outer product of the mean.

    G = cov + mean mean^T. Both parts have the unit of G, so that each published factor keeps its meaning
    (Li et al. 2017, "Demystifying neural style transfer", compare such moments).
    """

    def measure(self, features: Tensor, weights: Tensor | None = None) -> Measured:
        """See `Statistic.measure`."""
        flat = to_accumulator_dtype(flatten_positions(features))  # (N, C)
        if weights is None:
            mean, total = flat.mean(dim=0), float(len(flat))
        else:
            weighted, total = _weigh(flat, weights)
            mean = weighted.sum(dim=0) / total
        centered = flat - mean
        weighted, _ = _weigh(centered, weights)
        return Measured(total, mean, weighted.T @ centered / total)  # (C, N) x (N, C) -> (C, C)

    def add(self, one: Measured, other: Measured) -> Measured:
        """See `Statistic.add`; about the common mean (Chan, Golub and LeVeque 1983, eq. 1.5)."""
        total = one.total + other.total
        share = other.total / total
        apart = other.mean - one.mean
        second = one.second.lerp(other.second, share) + torch.outer(apart, apart) * (share * (1 - share))
        return Measured(total, one.mean.lerp(other.mean, share), second)

    def matrices(self, measured: Measured) -> Matrices:
        """See `Statistic.matrices`: two (C, C)."""
        return measured.second, torch.outer(measured.mean, measured.mean)

    def compare(self, measured: Measured, target: Matrices) -> Difference:
        """See `Statistic.compare`."""
        return self._difference(measured.mean, measured.second - target[0], target[1])

    def compare_features(self, features: Tensor, target: Matrices, weights: Tensor | None, total: float) -> Difference:
        """See `Statistic.compare_features`."""
        flat, dtype = flatten_positions(features), target[0].dtype  # (N, C)
        weighted = flat if weights is None else flatten_positions(features * weights)
        mean = _sum_over_positions(weighted, dtype) / total
        covariance = _second_moment_difference(weighted, flat, target[0] + torch.outer(mean, mean), total)
        return self._difference(mean, covariance, target[1])

    def _difference(self, mean: Tensor, covariance: Tensor, target_square: Tensor) -> Difference:
        """Give the difference for a mean (C,), a difference of covariances and the target's square of the mean."""
        square = torch.outer(mean, mean) - target_square
        value = mean_square(covariance) + mean_square(square)
        # d/dF_i of cov is F_i - mean, of the square is the mean: the latter for every position alike.
        return Difference(value, covariance, (square - covariance) @ mean)  # (C, C) x (C,) -> (C,)


STATISTICS: Mapping[StatisticName, Statistic] = {"gram": Gram(), "moments": Moments()}


def pull_back(
    gradient: Tensor | None, features: Tensor, difference: Difference, weights: Tensor | None, factor: float
) -> Tensor:
    """Add the gradient of `factor * share * value` to one that is there already, in the features' shape and type.

    Where the share is that of the weights, sum(w) / N, the sum of the weights cancels: 4 w_i factor / (C^2 N).

    Args:
        gradient: (1, C, H, W), or None for none so far; may be changed.
        features: (1, C, H, W).
        difference: of their statistic.
        weights: (1, 1, H, W), as in the comparison.
        factor: of the value.
    """
    scale = gram_gradient_scale(features, factor)
    # The weighted features are made again: kept, they would cost as much memory as a layer for each region.
    weighted = features if weights is None else features * weights
    gradient = add_product(gradient, weighted, difference.matrix * scale)
    if difference.offset is None:
        return gradient
    offset = (difference.offset * scale).to(gradient.dtype).reshape(1, -1, 1, 1)
    return gradient.add_(offset) if weights is None else gradient.addcmul_(offset, weights)


def average(matrices: Sequence[Matrices], weights: Sequence[float]) -> Matrices:
    """Give the weighted mean of several targets, matrix by matrix."""
    shares = [weight / sum(weights) for weight in weights]
    parts = zip(*matrices, strict=True)
    return tuple(
        torch.stack([share * part for share, part in zip(shares, same, strict=True)]).sum(dim=0) for same in parts
    )


def mean_square(difference: Tensor) -> Tensor:
    """Give the mean of squares, a scalar; a product of more numbers than `LONGEST_SUM` would lose digits."""
    flat = difference.flatten()
    sums = [part @ part for part in torch.split(flat, LONGEST_SUM)]
    return (sums[0] if len(sums) == 1 else torch.stack(sums).sum()) / len(flat)


def gram_gradient_scale(features: Tensor, factor: float) -> float:
    """Give 4 factor / (C^2 N): the scale of the product of features and a difference of Gram matrices."""
    return 4 * factor / (features.shape[1] * features.numel())


def add_product(gradient: Tensor | None, features: Tensor, matrix: Tensor) -> Tensor:
    """Add F M to a gradient, in place."""
    flat, matrix = flatten_positions(features), matrix.to(features.dtype)
    if gradient is None:
        height, width = features.shape[2:]
        return (flat @ matrix).view(1, height, width, -1).permute(0, 3, 1, 2)  # (N, C) x (C, C) -> (1, C, H, W)
    gradient[0].permute(1, 2, 0).view(flat.shape).addmm_(flat, matrix)  # (N, C) += (N, C) x (C, C)
    return gradient


def flatten_positions(features: Tensor) -> Tensor:
    """Give features (1, C, H, W) as (N, C): a view where the channels are last in memory."""
    return features[0].permute(1, 2, 0).flatten(0, 1)


def to_accumulator_dtype(features: Tensor) -> Tensor:
    """Convert to the type of statistics."""
    return features if features.dtype == torch.float64 else features.float()


def _weigh(flat: Tensor, weights: Tensor | None) -> tuple[Tensor, float]:
    """Give w F for F (N, C), and the sum of w."""
    if weights is None:
        return flat, float(len(flat))
    column = weights.to(flat.dtype).flatten().unsqueeze(1)  # (N, 1)
    return flat * column, sum_in_double(column)


def sum_in_double(values: Tensor) -> float:
    """Sum in float64, on the CPU where the device is Apple's, which has no such numbers."""
    return (values.cpu() if values.device.type == "mps" else values).sum(dtype=torch.float64).item()


def _sum_over_positions(flat: Tensor, dtype: torch.dtype) -> Tensor:
    """Sum (N, C) over N in a type."""
    if flat.dtype == dtype or flat.device.type != "cpu":
        return flat.sum(dim=0, dtype=dtype)
    pieces = torch.split(flat, max(1, CONVERSION_CHUNK // flat.shape[1]))
    return torch.stack([piece.sum(dim=0, dtype=dtype) for piece in pieces]).sum(dim=0)


def _second_moment_difference(weighted: Tensor, flat: Tensor, target: Tensor, total: float) -> Tensor:
    """Give (w F)^T F / total - A in the type of statistics, for F and w F (N, C), A (C, C) and w that sums to `total`.

    In half precision the product is summed in float32 and rounded once, after the coarse part of A is taken away: so
    the rounding is relative to the difference, not to the much larger Gram matrix, and F is not converted first.
    """
    coarse = target.to(flat.dtype)
    difference = torch.addmm(coarse, weighted.T, flat, beta=-1, alpha=1 / total)  # (C, N) x (N, C) -> (C, C)
    return difference if flat.dtype == target.dtype else difference.to(target.dtype).sub_(target - coarse)
