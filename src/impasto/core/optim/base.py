"""What every minimizer looks like: it yields the picture it starts from and then one iterate a step, all evaluated.

A caller stops by no longer asking: every iterate is a whole picture with its loss.
"""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from impasto.core.losses.objective import Evaluation
from impasto.errors import DivergedError

Evaluate = Callable[[Tensor], Evaluation]
PIXEL_RANGE = (0.0, 255.0)
RESTARTS = 3
"""How often in a row a minimizer begins anew with smaller steps before it gives up."""


@dataclass(frozen=True)
class Iterate:
    """A picture on the way, and its loss."""

    image: Tensor
    """(1, 3, H, W), 0..255; valid until the next iterate is asked for."""
    loss: float
    terms: tuple[float, ...]
    restart: str | None = None
    """Why the minimizer had to begin anew just before this iterate, if it had to."""


class Minimizer(Protocol):
    """What every minimizer can do."""

    def minimize(self, evaluate: Evaluate, image: Tensor, iterations: int) -> Generator[Iterate, None, None]:
        """Yield the start, then at most `iterations` further iterates; fewer where nothing more can be gained.

        Raises:
            DivergedError: the objective is not a finite number, even with smaller steps.
        """
        ...

    def rescale(self, resize: Callable[[Tensor], Tensor]) -> None:
        """Bring what is remembered of earlier steps to another picture size."""
        ...


def finite(evaluation: Evaluation) -> bool:
    """Whether loss and gradient are numbers that a step can be made of: the largest entry shows any that is none."""
    return math.isfinite(evaluation.loss) and math.isfinite(evaluation.gradient.abs().max())


def diverged(restarts: int = 0) -> DivergedError:
    """The error for an objective that is not a number, after so many restarts with smaller steps."""
    where = f"after {restarts} restarts with smaller steps" if restarts else "at the starting picture"
    return DivergedError(
        f"the objective is not a finite number {where}", "Lower the weights, or use --precision float32."
    )
