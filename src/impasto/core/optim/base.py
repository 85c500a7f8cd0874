"""What every optimizer looks like: it yields the picture it starts from and then one iterate a step, all evaluated.

A caller stops by not asking for the next: every iterate is a whole picture with its loss.
"""

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from impasto.core.losses.base import Evaluation
from impasto.errors import DivergedError
from impasto.wording import argument

Evaluate = Callable[[Tensor], Evaluation]
PIXEL_RANGE = (0.0, 255.0)
PATIENCE = 10
"""Iterations over which the gain is measured that decides whether to go to the next scale."""
RESTARTS = 3
"""How often in a row an optimizer starts over with smaller steps before it gives up."""


@dataclass(frozen=True)
class OptimizerIterate:
    """A picture on the way, and its loss."""

    image: Tensor
    """(1, 3, H, W), 0..255; valid until the next iterate is asked for."""
    loss: float
    terms: tuple[float, ...]
    restart: str | None = None
    """Why the optimizer had to start over just before this iterate, if it had to."""


class Optimizer(Protocol):
    """What every optimizer can do."""

    def minimize(self, evaluate: Evaluate, image: Tensor, iterations: int) -> Generator[OptimizerIterate, None, None]:
        """Yield the start, then at most `iterations` further iterates; fewer where nothing more can be gained.

        Raises:
            DivergedError: the objective is not a finite number, even with smaller steps.
        """
        ...

    def rescale(self, resize: Callable[[Tensor], Tensor]) -> None:
        """Bring what is remembered of earlier steps to another picture size."""
        ...

    def state(self, max_bytes: int) -> Iterator[tuple[str, Tensor]]:
        """Give what is remembered at the iterate that was yielded last, by names, for `load_state`.

        Valid until the next iterate is asked for. Of more than `max_bytes` it is what is of most use.
        """
        ...

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on with what another one remembered, from its image, as far as it is there and of the image's size."""
        ...


def is_finite(evaluation: Evaluation) -> bool:
    """Whether loss and gradient are numbers that a step can be made of: the largest entry shows any that is none."""
    return math.isfinite(evaluation.loss) and math.isfinite(evaluation.gradient.abs().max())


def has_stalled(losses: Sequence[float], tolerance: float) -> bool:
    """Whether the latest `PATIENCE` iterations gained less than a share of the loss; 0 is never."""
    if tolerance == 0 or len(losses) <= PATIENCE:
        return False
    return losses[-1 - PATIENCE] - losses[-1] < tolerance * abs(losses[-1 - PATIENCE])


def divergence(restarts: int = 0, *, iterations: int = 0) -> DivergedError:
    """The error for an objective that is not a number, after so many restarts with smaller steps, or iterations."""
    where = "at the starting picture"
    if restarts:
        where = f"after {restarts} restarts with smaller steps"
    elif iterations:
        where = f"after {iterations} iterations"
    return DivergedError(
        f"the objective is not a finite number {where}",
        f"Lower the weights, or use {argument('precision', 'float32')}.",
    )
