"""Which picture a run of iterates leaves behind."""

from typing import Literal, Protocol

from torch import Tensor

from impasto.core.optim import Iterate

Keep = Literal["last", "best", "average"]

AVERAGE_DECAY = 0.9
"""How much of the running average each iterate leaves standing: about the last ten count."""


class Keeper(Protocol):
    """Sees every iterate and knows the picture to hand on."""

    def see(self, iterate: Iterate) -> None:
        """Take note of an iterate."""
        ...

    def kept(self) -> tuple[Tensor, tuple[float, ...] | None]:
        """The picture (1, 3, H, W) and its terms, or None where it is no iterate; once an iterate was seen."""
        ...


class Last:
    """The last iterate."""

    def see(self, iterate: Iterate) -> None:
        """See `Keeper.see`."""
        self._iterate = iterate

    def kept(self) -> tuple[Tensor, tuple[float, ...] | None]:
        """See `Keeper.kept`."""
        return self._iterate.image, self._iterate.terms


class Best:
    """The iterate with the lowest loss."""

    def __init__(self) -> None:
        self._loss = float("inf")

    def see(self, iterate: Iterate) -> None:
        """See `Keeper.see`."""
        if iterate.loss < self._loss:
            self._loss, self._image, self._terms = iterate.loss, iterate.image.clone(), iterate.terms

    def kept(self) -> tuple[Tensor, tuple[float, ...] | None]:
        """See `Keeper.kept`."""
        return self._image, self._terms


class Average:
    """An exponential average of the iterates, its bias toward the start corrected as in Adam."""

    def __init__(self) -> None:
        self._weight = 0.0

    def see(self, iterate: Iterate) -> None:
        """See `Keeper.see`."""
        before = self._sum * AVERAGE_DECAY if self._weight else 0.0
        self._sum: Tensor = before + iterate.image * (1 - AVERAGE_DECAY)
        self._weight = self._weight * AVERAGE_DECAY + 1 - AVERAGE_DECAY

    def kept(self) -> tuple[Tensor, tuple[float, ...] | None]:
        """See `Keeper.kept`."""
        return self._sum / self._weight, None


KEEPERS: dict[Keep, type[Last | Best | Average]] = {"last": Last, "best": Best, "average": Average}
