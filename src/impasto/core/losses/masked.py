"""Holding a part of the picture at the photograph while the rest is painted."""

from dataclasses import replace

from torch import Tensor

from impasto.core.losses.objective import Evaluation, Objective


def held(image: Tensor, photograph: Tensor, keep: Tensor) -> Tensor:
    """The photograph where `keep` is 1, the image where it is 0, and the mixture between.

    Args:
        image: (1, 3, H, W).
        photograph: (1, 3, H, W).
        keep: (1, 1, H, W), 0..1.
    """
    return image.lerp(photograph, keep)  # exact at both ends


class HeldObjective:
    """An objective as a function of the picture that is painted underneath: x -> f(held(x)).

    It is a function as smooth as f, with the gradient (1 - keep) f'(held(x)), so that every minimizer works on it as on
    any other; what is kept never moves, and what is painted sees the photograph across the border.

    Args:
        objective: f.
        photograph: (1, 3, H, W), 0..255.
        keep: (1, 1, H, W), 0..1.
    """

    def __init__(self, objective: Objective, photograph: Tensor, keep: Tensor) -> None:
        self._objective, self._photograph, self._keep = objective, photograph, keep

    def losses(self, image: Tensor) -> Tensor:
        """See `Objective.losses`."""
        return self._objective.losses(held(image, self._photograph, self._keep))

    def evaluate(self, image: Tensor) -> Evaluation:
        """See `Objective.evaluate`; the gradient is with respect to the picture underneath."""
        evaluation = self._objective.evaluate(held(image, self._photograph, self._keep))
        return replace(evaluation, gradient=evaluation.gradient * (1 - self._keep))
