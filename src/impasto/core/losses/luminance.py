"""Painting in lightness alone.

Gatys et al. 2017, "Controlling perceptual factors in neural style transfer", luminance-only transfer.
"""

from dataclasses import replace

import torch
from torch import Tensor

from impasto.core.color import gray_of
from impasto.core.losses.objective import Evaluation, Objective


class LightnessObjective(Objective):
    """An objective of gray pictures whose gradient is gray, so that any minimizer goes from gray to gray.

    Content and styles are gray, too; see `Objective`.
    """

    @torch.no_grad()
    def losses(self, image: Tensor) -> Tensor:
        """The weighted terms of a picture's lightness; the picture (1, 3, H, W) may have colors."""
        return super().losses(gray_of(image))

    @torch.no_grad()
    def evaluate(self, image: Tensor) -> Evaluation:
        """The objective at a gray picture (1, 3, H, W), and its gradient among gray pictures."""
        found = super().evaluate(image)
        return replace(found, gradient=found.gradient.mean(dim=1, keepdim=True).repeat(1, 3, 1, 1))
