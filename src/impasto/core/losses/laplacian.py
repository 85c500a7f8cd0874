"""The Laplacian loss: edges where the content image has them.

Li et al. 2017, "Laplacian-steered neural style transfer". It keeps small structures, such as eyes and window frames,
that deep features lose and Gram matrices distort.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.losses.base import AutogradLoss, LossInputs, loss_kind

POOLING = 4
"""Side of the windows that are averaged before the filter: less sees grain, more sees no eyes (section 4.2)."""


class LaplacianLoss(AutogradLoss):
    """sum (D(x) - D(content))^2, D the Laplacian filter of the averaged image, its channels added (eq. 5).

    Args:
        weight: of the loss.
        content: (1, 3, H, W), 0..255.
    """

    def __init__(self, weight: float, content: Tensor) -> None:
        super().__init__("laplacian", None, weight)
        kernel = torch.tensor([[0.0, -1.0, 0.0], [-1.0, 4.0, -1.0], [0.0, -1.0, 0.0]])
        self._kernel = kernel.to(content).expand(1, 3, 3, 3)
        self._target = self._filter(content)

    def value(self, inputs: Tensor) -> Tensor:
        """See `AutogradLoss.value`."""
        return (self._filter(inputs) - self._target).square().sum()

    def _filter(self, image: Tensor) -> Tensor:
        return F.conv2d(F.avg_pool2d(image, POOLING), self._kernel)  # (1, 3, H, W) -> (1, 1, H/4 - 2, W/4 - 2)


@loss_kind("laplacian", compares="content")
def build(inputs: LossInputs, weight: float) -> Iterator[LaplacianLoss]:
    """Make the loss, where there is a content image large enough for the filter."""
    if inputs.content is not None and min(inputs.size) >= 3 * POOLING:
        yield LaplacianLoss(weight, inputs.content)
