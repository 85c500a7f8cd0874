"""Total variation: how rough an image is. (1, 3, H, W) pixels, 0..255, with the gradients written out."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.core.losses.base import Loss, LossInputs, loss_kind
from impasto.core.losses.conventions import CONVENTIONS
from impasto.core.network.vgg import GradientHook

LARGEST_STRIP = 2**22
"""Pixels: a larger image is seen in strips of rows, so that the differences of one are held at a time."""


class TotalVariationLoss:
    """Anisotropic total variation, sum |dx| + sum |dy| (Mahendran and Vedaldi 2015; as in neural-style)."""

    name, layer = "tv", None

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def evaluate(self, inputs: Tensor) -> tuple[Tensor, GradientHook]:
        """See `Loss.evaluate`."""
        parts = [part for strip in _strips(inputs) for part in strip.of(inputs)]
        value = torch.stack([part.diff(dim=dim).abs_().sum() for part, dim in parts]).sum()

        def add_gradient(gradient: Tensor | None) -> Tensor:
            gradient = torch.zeros_like(inputs) if gradient is None else gradient
            for strip in _strips(inputs):
                for (part, dim), (own, _) in zip(strip.of(inputs), strip.of(gradient), strict=True):
                    _add_along(own, dim, part.diff(dim=dim).sgn_().mul_(self.weight))
            return gradient

        return value * self.weight, add_gradient


class KerasVariationLoss:
    """The Keras example's variation: sum of (dx^2 + dy^2)^1.25 over the first H-1 rows and W-1 columns."""

    name, layer = "tv", None

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def evaluate(self, inputs: Tensor) -> tuple[Tensor, GradientHook]:
        """See `Loss.evaluate`."""
        strips = (strip.with_next(inputs) for strip in _strips(inputs))
        value = torch.stack([_squares(strip)[2].pow_(1.25).sum() for strip in strips]).sum()

        def add_gradient(gradient: Tensor | None) -> Tensor:
            gradient = torch.zeros_like(inputs) if gradient is None else gradient
            for strip in _strips(inputs):
                dx, dy, square = _squares(strip.with_next(inputs))
                slope, own = square.pow(0.25).mul_(2.5 * self.weight), strip.with_next(gradient)
                _add_along(own[:, :, :-1, :], 3, dx * slope)
                _add_along(own[:, :, :, :-1], 2, dy * slope)
            return gradient

        return value * self.weight, add_gradient


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


@dataclass(frozen=True)
class _Strip:
    """Some rows of an image; the differences between the last of them and the next row belong to it."""

    rows: slice

    def of(self, image: Tensor) -> tuple[tuple[Tensor, int], tuple[Tensor, int]]:
        """Give what has its differences, and along which dimension: those of columns, and those of rows."""
        return (image[:, :, self.rows], 3), (self.with_next(image), 2)

    def with_next(self, image: Tensor) -> Tensor:
        """Give its rows and the next, where there is one."""
        return image[:, :, self.rows.start : self.rows.stop + 1]


def _strips(image: Tensor) -> Iterator[_Strip]:
    height, width = image.shape[2:]
    rows = max(1, LARGEST_STRIP // width)
    return (_Strip(slice(top, min(top + rows, height))) for top in range(0, height, rows))


def _squares(strip: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give dx, dy and dx^2 + dy^2 of a strip, without its last row and column."""
    dx, dy = strip.diff(dim=3)[:, :, :-1, :], strip.diff(dim=2)[:, :, :, :-1]
    return dx, dy, dx.square() + dy.square()
