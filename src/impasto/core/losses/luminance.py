"""Optimizing luminance alone.

Gatys et al. 2017, "Controlling perceptual factors in neural style transfer", luminance-only transfer.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from impasto.core.color import gray_of
from impasto.core.losses.base import Evaluation, Loss, Objective


class LuminanceObjective:
    """An objective of gray images whose gradient is gray, so that any optimizer goes from gray to gray.

    Args:
        objective: whose content and style images are gray, too.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective

    @property
    def losses(self) -> Sequence[Loss]:
        """See `Objective.losses`."""
        return self._objective.losses

    @torch.no_grad()
    def values(self, image: Tensor) -> Tensor:
        """See `Objective.values`; the image (1, 3, H, W) may have colors."""
        return self._objective.values(gray_of(image))

    @torch.no_grad()
    def evaluate(self, image: Tensor) -> Evaluation:
        """See `Objective.evaluate`; the image is gray, and the gradient is among gray images."""
        evaluation = self._objective.evaluate(image)
        return replace(evaluation, gradient=evaluation.gradient.mean(dim=1, keepdim=True).repeat(1, 3, 1, 1))
