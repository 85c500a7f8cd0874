"""Total variation: how rough a picture is. (1, 3, H, W) pixels, 0..255, with the gradients written out."""

import torch
from torch import Tensor


class AbsoluteVariation:
    """Anisotropic total variation, sum |dx| + sum |dy|."""

    def __init__(self, image: Tensor) -> None:
        self._image = image
        self._differences = [(dim, image.diff(dim=dim)) for dim in (3, 2)]
        norms = [difference.abs().sum() for _, difference in self._differences]
        self.value = torch.stack(norms).sum()

    def add_gradient(self, gradient: Tensor | None, factor: float) -> Tensor:
        """See `Gap.add_gradient`."""
        gradient = torch.zeros_like(self._image) if gradient is None else gradient
        for dim, difference in self._differences:
            _add_along(gradient, dim, difference.sgn().mul_(factor))
        return gradient


class KerasVariation:
    """The Keras example's variation: sum of (dx^2 + dy^2)^1.25 over the first H-1 rows and W-1 columns."""

    def __init__(self, image: Tensor) -> None:
        self._image = image
        self._dx, self._dy = image.diff(dim=3)[:, :, :-1, :], image.diff(dim=2)[:, :, :, :-1]
        self._square = self._dx.square() + self._dy.square()
        self.value = self._square.pow(1.25).sum()

    def add_gradient(self, gradient: Tensor | None, factor: float) -> Tensor:
        """See `Gap.add_gradient`."""
        gradient = torch.zeros_like(self._image) if gradient is None else gradient
        slope = self._square.pow(0.25).mul_(2.5 * factor)
        _add_along(gradient[:, :, :-1, :], 3, self._dx * slope)
        _add_along(gradient[:, :, :, :-1], 2, self._dy * slope)
        return gradient


def _add_along(gradient: Tensor, dim: int, slope: Tensor) -> None:
    """Add the gradient with respect to differences along a dimension: to the later pixel, from the earlier one."""
    length = slope.shape[dim]
    gradient.narrow(dim, 1, length).add_(slope)
    gradient.narrow(dim, 0, length).sub_(slope)
