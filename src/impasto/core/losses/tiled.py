"""An objective of a large image, evaluated tile by tile: the same losses, their value and their gradient."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from impasto.core.losses.base import AdditiveLoss, Evaluation, Loss, Objective, PartHooks
from impasto.core.losses.objective import FeatureObjective, check_names, name_overflow, sum_up
from impasto.core.network.parts import Part, whole_features
from impasto.core.network.tiles import TiledPass, TiledVGG
from impasto.core.network.vgg import VGG, GradientHook

if TYPE_CHECKING:
    from impasto.layers import Layer

Compared = Mapping[str, tuple[Tensor, PartHooks]]
"""By the name of a loss: its value, and what adds its gradient in each part."""


def feature_objective(reader: VGG | TiledVGG, losses: Sequence[Loss], size: tuple[int, int]) -> Objective:
    """Make the objective of losses for images of a size (height, width): in one piece, or in tiles.

    Raises:
        ValueError: there is no loss, or two have one name.
    """
    if isinstance(reader, VGG):
        return FeatureObjective(reader, losses)
    return FeatureObjective(reader.network, losses) if reader.sees_whole(*size) else TiledObjective(reader, losses)


class TiledObjective:
    """What `FeatureObjective` is, but for rounding, in the memory of a tile; losses of pixels see the whole image.

    A loss that is not additive gets the features of its layer put together, and costs their memory.

    Args:
        network: gives features at every layer that a loss reads.
        losses: one or more.

    Raises:
        ValueError: there is no loss, or two have one name.
    """

    def __init__(self, network: TiledVGG, losses: Sequence[Loss]) -> None:
        check_names(losses)
        self._network, self.losses = network, tuple(losses)
        self._at_layer: defaultdict[Layer, list[AdditiveLoss]] = defaultdict(list)
        for loss in losses:
            if loss.layer is not None:
                self._at_layer[loss.layer].append(loss if isinstance(loss, AdditiveLoss) else _Assembled(loss))

    @torch.no_grad()
    def values(self, image: Tensor) -> Tensor:
        """See `Objective.values`."""
        with name_overflow():
            compared = self._compare(self._network.record(image))
            on_pixels = {loss.name: loss.evaluate(image)[0] for loss in self.losses if loss.layer is None}
            return torch.stack(self._in_order(compared, on_pixels))

    @torch.no_grad()
    def evaluate(self, image: Tensor) -> Evaluation:
        """See `Objective.evaluate`."""
        with name_overflow():
            opened, on_pixels = self._network.record(image), {}
            compared = self._compare(opened)

            def hooks(part: Part) -> list[GradientHook]:
                return [compared[loss.name][1](part) for loss in self._at_layer[part.layer]]

            gradient = opened.gradient(hooks)
            for loss in self.losses:
                if loss.layer is None:
                    on_pixels[loss.name], add_gradient = loss.evaluate(image)
                    gradient = add_gradient(gradient)
            return sum_up(self._in_order(compared, on_pixels), image, gradient)

    def _compare(self, opened: TiledPass) -> Compared:
        """Run forward, and let each loss of features measure all parts of its layer."""
        measured: dict[str, Any] = {}
        for part in opened.parts():
            for loss in self._at_layer[part.layer]:
                found, name = loss.measure(part), loss.name
                measured[name] = loss.add(measured[name], found) if name in measured else found
        return {
            loss.name: loss.compare(measured.pop(loss.name)) for losses in self._at_layer.values() for loss in losses
        }

    def _in_order(self, compared: Compared, on_pixels: Mapping[str, Tensor]) -> list[Tensor]:
        """Give the values of all losses, in the objective's order."""
        return [on_pixels[it.name] if it.layer is None else compared[it.name][0] for it in self.losses]


class _Assembled:
    """A loss that needs all features of its layer at once, as an additive one: what it measures are the features."""

    def __init__(self, loss: Loss) -> None:
        self._loss, self.name, self.layer, self.weight = loss, loss.name, loss.layer, loss.weight
        self.evaluate = loss.evaluate

    def measure(self, part: Part) -> list[Part]:
        """See `AdditiveLoss.measure`."""
        return [part]

    def add(self, one: list[Part], other: list[Part]) -> list[Part]:
        """See `AdditiveLoss.add`."""
        return one + other

    def compare(self, measured: list[Part]) -> tuple[Tensor, PartHooks]:
        """See `AdditiveLoss.compare`."""
        (features,) = whole_features(measured).values()
        value, add_gradient = self._loss.evaluate(features)
        whole = add_gradient(None)

        def hook(part: Part) -> GradientHook:
            own = part.window.cut(whole)
            return lambda gradient: own.clone() if gradient is None else gradient.add_(own)

        return value, hook
