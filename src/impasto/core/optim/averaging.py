"""Which iterate becomes the output: the last, the best, or an average of the last ten or so."""

from collections.abc import Mapping
from typing import Literal, Protocol

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


class Last:
    """The last iterate."""

    def update(self, iterate: OptimizerIterate) -> None:
        """See `IterateAveraging.update`."""
        self._iterate = iterate

    def value(self) -> Output:
        """See `IterateAveraging.value`."""
        return self._iterate.image, self._iterate.terms


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


class EMA:
    """An exponential moving average of the iterates, its bias toward the start corrected as in Adam."""

    def __init__(self) -> None:
        self._weight = 0.0

    def update(self, iterate: OptimizerIterate) -> None:
        """See `IterateAveraging.update`."""
        before = self._sum * AVERAGE_DECAY if self._weight else 0.0
        self._sum: Tensor = before + iterate.image * (1 - AVERAGE_DECAY)
        self._weight = self._weight * AVERAGE_DECAY + 1 - AVERAGE_DECAY

    def value(self) -> Output:
        """See `IterateAveraging.value`."""
        return self._sum / self._weight, None


AVERAGING: Mapping[OutputIterate, type[Last | Best | EMA]] = {"last": Last, "best": Best, "average": EMA}
