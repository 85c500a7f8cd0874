"""Which iterate becomes the output: the last, the best, or an average of the last ten or so."""

from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

import torch
from torch import Tensor

from impasto.core.optim.base import OptimizerIterate

OutputIterate = Literal["last", "best", "average"]
Output = tuple[Tensor, tuple[float, ...] | None]
"""An image (1, 3, H, W) and its terms, or None where it was never evaluated."""

AVERAGE_DECAY = 0.9
"""How much of the running average each iterate leaves: about the last ten count."""


class IterateAveraging(Protocol):
    """Sees every iterate and knows the output."""

    def update(self, iterate: OptimizerIterate) -> None:
        """Take an iterate into account."""
        ...

    def value(self) -> Output:
        """Give the output, once there was an iterate."""
        ...

    def state(self) -> Iterator[tuple[str, Tensor]]:
        """Give what is known of the iterates before the latest, by names, for `load_state`."""
        ...

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state: the next iterate is the one that was the latest."""
        ...


class Last:
    """The last iterate."""

    def update(self, iterate: OptimizerIterate) -> None:
        """See `IterateAveraging.update`."""
        self._iterate = iterate

    def value(self) -> Output:
        """See `IterateAveraging.value`."""
        return self._iterate.image, self._iterate.terms

    def state(self) -> Iterator[tuple[str, Tensor]]:
        """See `IterateAveraging.state`."""
        yield from ()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `IterateAveraging.load_state`."""


class Best:
    """The iterate with the lowest loss."""

    def __init__(self) -> None:
        self._loss = float("inf")

    def update(self, iterate: OptimizerIterate) -> None:
        """See `IterateAveraging.update`."""
        if iterate.loss < self._loss:
            self._loss, self._image, self._terms = iterate.loss, iterate.image.clone(), iterate.terms

    def value(self) -> Output:
        """See `IterateAveraging.value`."""
        return self._image, self._terms

    def state(self) -> Iterator[tuple[str, Tensor]]:
        """See `IterateAveraging.state`; the latest may be the best, and is again."""
        yield "best", self._image
        yield "best loss", torch.tensor(self._loss, dtype=torch.float64)
        yield "best terms", torch.tensor(self._terms, dtype=torch.float64)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `IterateAveraging.load_state`."""
        self._image, self._loss, self._terms = (
            state["best"],
            float(state["best loss"]),
            (*state["best terms"].tolist(),),
        )


class EMA:
    """An exponential moving average of the iterates, its bias toward the start corrected as in Adam."""

    def __init__(self) -> None:
        self._weight, self._knows_next = 0.0, False

    def update(self, iterate: OptimizerIterate) -> None:
        """See `IterateAveraging.update`."""
        if self._knows_next:
            self._knows_next = False
            return
        before = self._sum * AVERAGE_DECAY if self._weight else 0.0
        self._sum: Tensor = before + iterate.image * (1 - AVERAGE_DECAY)
        self._weight = self._weight * AVERAGE_DECAY + 1 - AVERAGE_DECAY

    def value(self) -> Output:
        """See `IterateAveraging.value`."""
        return self._sum / self._weight, None

    def state(self) -> Iterator[tuple[str, Tensor]]:
        """See `IterateAveraging.state`; the latest is in it, and is passed over when it comes again."""
        yield "average", self._sum
        yield "average weight", torch.tensor(self._weight, dtype=torch.float64)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `IterateAveraging.load_state`."""
        self._sum, self._weight, self._knows_next = state["average"], float(state["average weight"]), True


AVERAGING: Mapping[OutputIterate, type[Last | Best | EMA]] = {"last": Last, "best": Best, "average": EMA}
