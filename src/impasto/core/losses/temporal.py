"""The temporal loss: a frame as the one before it, moved as its content moved.

Ruder, Dosovitskiy and Brox 2016, "Artistic style transfer for videos", equation 7.
"""

import torch
from torch import Tensor

from impasto.core.network.vgg import GradientHook


class TemporalLoss:
    """weight * sum c (x - w)^2 / D, where w is what was painted before, moved to this frame, and D the values of x.

    Args:
        weight: of the loss.
        warped: w, (1, 3, H, W), 0..255.
        trust: c, (1, 1, H, W), 0..1: 0 where nothing is known of what was there before.
    """

    name, layer = "temporal", None

    def __init__(self, weight: float, warped: Tensor, trust: Tensor) -> None:
        self.weight, self._warped, self._trust = weight, warped, trust

    @torch.no_grad()
    def evaluate(self, inputs: Tensor) -> tuple[Tensor, GradientHook]:
        """See `Loss.evaluate`."""
        difference = inputs - self._warped
        weighted = difference * self._trust  # (1, 3, H, W) x (1, 1, H, W) -> (1, 3, H, W)
        share = self.weight / inputs.numel()
        value = (weighted * difference).sum() * share

        def add_gradient(gradient: Tensor | None) -> Tensor:
            own = weighted * (2 * share)
            return own if gradient is None else gradient.add_(own)

        return value, add_gradient
