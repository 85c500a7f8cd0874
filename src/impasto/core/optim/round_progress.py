"""What is known of a round of iterations: its output so far, and whether it still gains."""

from collections import deque
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from impasto.core.optim.averaging import AVERAGING, Output, OutputIterate
from impasto.core.optim.base import PATIENCE, OptimizerIterate, has_stalled


class RoundProgress:
    """A round of iterations so far.

    Args:
        output_iterate: which iterate becomes the output.
        tolerance: see `has_stalled`.
    """

    def __init__(self, output_iterate: OutputIterate, tolerance: float) -> None:
        self._averaging, self._tolerance = AVERAGING[output_iterate](), tolerance
        self._losses = deque[float](maxlen=PATIENCE + 1)

    def update(self, iterate: OptimizerIterate) -> None:
        """Take an iterate into account."""
        self._averaging.update(iterate)
        self._losses.append(iterate.loss)

    def has_stalled(self) -> bool:
        """Whether the latest iterations gained too little."""
        return has_stalled(self._losses, self._tolerance)

    def output(self) -> Output:
        """Give what the round would make if it ended here."""
        return self._averaging.value()

    def state(self) -> Iterator[tuple[str, Tensor]]:
        """Give what is known of the iterates before the latest, by names, for `load_state`."""
        yield "losses", torch.tensor([*self._losses][:-1], dtype=torch.float64)
        yield from self._averaging.state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state: the next iterate is the one that was the latest."""
        self._losses.extend(state["losses"].tolist())
        self._averaging.load_state(state)
