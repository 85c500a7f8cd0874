"""Total variation: how rough an image is. (1, 3, H, W) pixels, 0..255, with the gradients written out."""

from collections.abc import Iterator

import torch
from torch import Tensor

from impasto.core.losses.base import Loss, LossInputs, loss_kind
from impasto.core.losses.conventions import CONVENTIONS
from impasto.core.network.vgg import GradientHook


class TotalVariationLoss:
    """Anisotropic total variation, sum |dx| + sum |dy| (Mahendran and Vedaldi 2015; as in neural-style)."""

    name, layer = "tv", None

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def evaluate(self, inputs: Tensor) -> tuple[Tensor, GradientHook]:
        """See `Loss.evaluate`."""
        differences = [(dim, inputs.diff(dim=dim)) for dim in (3, 2)]
        value = torch.stack([difference.abs().sum() for _, difference in differences]).sum()

        def add_gradient(gradient: Tensor | None) -> Tensor:
            gradient = torch.zeros_like(inputs) if gradient is None else gradient
            for dim, difference in differences:
                _add_along(gradient, dim, difference.sgn().mul_(self.weight))
            return gradient

        return value * self.weight, add_gradient


class KerasVariationLoss:
    """The Keras example's variation: sum of (dx^2 + dy^2)^1.25 over the first H-1 rows and W-1 columns."""

    name, layer = "tv", None

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def evaluate(self, inputs: Tensor) -> tuple[Tensor, GradientHook]:
        """See `Loss.evaluate`."""
        dx, dy = inputs.diff(dim=3)[:, :, :-1, :], inputs.diff(dim=2)[:, :, :, :-1]
        square = dx.square() + dy.square()

        def add_gradient(gradient: Tensor | None) -> Tensor:
            gradient = torch.zeros_like(inputs) if gradient is None else gradient
            slope = square.pow(0.25).mul_(2.5 * self.weight)
            _add_along(gradient[:, :, :-1, :], 3, dx * slope)
            _add_along(gradient[:, :, :, :-1], 2, dy * slope)
            return gradient

        return square.pow(1.25).sum() * self.weight, add_gradient


@loss_kind("tv")
def build(inputs: LossInputs, weight: float) -> Iterator[Loss]:
    """Make the variation of the convention."""
    keras = CONVENTIONS[inputs.spec.convention].total_variation == "keras"
    yield KerasVariationLoss(weight) if keras else TotalVariationLoss(weight)


def _add_along(gradient: Tensor, dim: int, slope: Tensor) -> None:
    """Add the gradient with respect to differences along a dimension: to the later pixel, from the earlier one."""
    length = slope.shape[dim]
    gradient.narrow(dim, 1, length).add_(slope)
    gradient.narrow(dim, 0, length).sub_(slope)
