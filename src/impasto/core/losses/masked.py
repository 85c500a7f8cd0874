"""Keeping a part of the image at the content image while the rest is optimized."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from impasto.core.losses.base import Evaluation, Loss, Objective


def blend_with_content(image: Tensor, content: Tensor, keep: Tensor) -> Tensor:
    """Give the content image where `keep` is 1, the image where it is 0, and the mixture between.

    Args:
        image: (1, 3, H, W).
        content: (1, 3, H, W).
        keep: (1, 1, H, W), 0..1.
    """
    return image.lerp(content, keep)  # exact at both ends


class MaskedObjective:
    """An objective as a function of the image underneath the mask: x -> f(blend_with_content(x)).

    It is as smooth as f, with the gradient (1 - keep) f'(blend_with_content(x)), so that every optimizer works on it as
    on any other; what is kept never moves, and what is optimized sees the content image across the border.

    Args:
        objective: f.
        content: (1, 3, H, W), 0..255.
        keep: (1, 1, H, W), 0..1.
    """

    def __init__(self, objective: Objective, content: Tensor, keep: Tensor) -> None:
        self._objective, self._content, self._keep = objective, content, keep

    @property
    def losses(self) -> Sequence[Loss]:
        """See `Objective.losses`."""
        return self._objective.losses

    def values(self, image: Tensor) -> Tensor:
        """See `Objective.values`."""
        return self._objective.values(blend_with_content(image, self._content, self._keep))

    def evaluate(self, image: Tensor) -> Evaluation:
        """See `Objective.evaluate`; the gradient is with respect to the image underneath."""
        evaluation = self._objective.evaluate(blend_with_content(image, self._content, self._keep))
        return replace(evaluation, gradient=evaluation.gradient * (1 - self._keep))
