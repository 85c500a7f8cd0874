"""The objective: a network and a list of losses."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from impasto.core.losses.base import Evaluation, Loss
from impasto.core.network.vgg import VGG, Features, GradientHook
from impasto.errors import DivergedError
from impasto.wording import argument

if TYPE_CHECKING:
    from impasto.layers import Layer


class FeatureObjective:
    """The sum of losses that read an image's features or its pixels.

    Args:
        network: gives features at every layer that a loss reads.
        losses: one or more.

    Raises:
        ValueError: there is no loss, or two have one name.
    """

    def __init__(self, network: VGG, losses: Sequence[Loss]) -> None:
        check_names(losses)
        self._network, self.losses = network, tuple(losses)

    @torch.no_grad()
    def values(self, image: Tensor) -> Tensor:
        """See `Objective.values`."""
        features = self._network(image)
        with name_overflow():
            return torch.stack([loss.evaluate(_inputs(loss, image, features))[0] for loss in self.losses])

    @torch.no_grad()
    def evaluate(self, image: Tensor) -> Evaluation:
        """See `Objective.evaluate`."""
        with name_overflow():
            return self._evaluate(image)

    def _evaluate(self, image: Tensor) -> Evaluation:
        tape = self._network.record(image)
        values: list[Tensor] = []
        hooks: defaultdict[Layer | None, list[GradientHook]] = defaultdict(list)
        for loss in self.losses:
            value, hook = loss.evaluate(_inputs(loss, image, tape.features))
            values.append(value)
            hooks[loss.layer].append(hook)
        del hook  # holds features, which the backward pass frees one by one
        gradient = tape.gradient(hooks)
        for add_gradient in hooks.get(None, ()):
            gradient = add_gradient(gradient)
        assert gradient is not None  # there is at least one loss
        return sum_up(values, image, gradient)


def check_names(losses: Sequence[Loss]) -> None:
    """Refuse an objective of these losses.

    Raises:
        ValueError: there is no loss, or two have one name.
    """
    names = [loss.name for loss in losses]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"an objective has one or more losses, each of a name of its own, not {names}")


def sum_up(values: Sequence[Tensor], image: Tensor, gradient: Tensor) -> Evaluation:
    """Make an evaluation of the values of all losses at an image, and their gradient."""
    first = values[0] + 0 * image.sum()  # oneDNN's ReLU turns NaN into 0; the loss must not
    terms = tuple(torch.stack([first, *values[1:]]).tolist())
    return Evaluation(sum(terms), terms, gradient)


@contextmanager
def name_overflow() -> Iterator[None]:
    """Name the cause where torch says that it cannot convert a number.

    Raises:
        DivergedError: weights multiply to a number that the image's type does not hold.
    """
    try:
        yield
    except RuntimeError as error:
        if "without overflow" not in str(error):
            raise
        problem = "the weights of a loss, its layer and its normalization multiply to more than float32 holds"
        raise DivergedError(problem, f"Lower the weights, or use {argument('precision', 'float64')}.") from None


def _inputs(loss: Loss, image: Tensor, features: Features) -> Tensor:
    """Give what a loss reads."""
    return image if loss.layer is None else features[loss.layer]
