"""An objective of a large image, evaluated tile by tile: the same losses, their value and their gradient."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from impasto.core.losses.base import AdditiveLoss, Evaluation, Loss
from impasto.core.losses.objective import check_names, name_overflow, sum_up
from impasto.core.network.parts import Part, Window, whole_features
from impasto.core.network.tiles import TiledPass, TiledVGG
from impasto.core.network.vgg import GradientHook

if TYPE_CHECKING:
    from impasto.layers import Layer


class ImagePass(Protocol):
    """One way forward and one back through the network, with one image."""

    def measure(self) -> Iterator[tuple[str, Any]]:
        """Yield what each loss of features measures of each part, by its name, in an order that is always the same."""
        ...

    def gradient(self, differences: Mapping[str, Any]) -> Tensor:
        """Give the gradient of the losses of features, (1, 3, H, W), once all parts are measured.

        Args:
            differences: by the name of a loss, what `AdditiveLoss.compare` gave.
        """
        ...


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
        self._additive: dict[str, AdditiveLoss] = {
            loss.name: loss if isinstance(loss, AdditiveLoss) else _Assembled(loss)
            for loss in losses
            if loss.layer is not None
        }
        self._at_layer: defaultdict[Layer | None, list[AdditiveLoss]] = defaultdict(list)
        for loss in self._additive.values():
            self._at_layer[loss.layer].append(loss)

    @torch.no_grad()
    def values(self, image: Tensor) -> Tensor:
        """See `Objective.values`."""
        with name_overflow():
            found = {name: value for name, (value, _) in self._compare(self._open(image)).items()}
            found |= {loss.name: loss.evaluate(image)[0] for loss in self.losses if loss.layer is None}
            return torch.stack([found[loss.name] for loss in self.losses])

    @torch.no_grad()
    def evaluate(self, image: Tensor) -> Evaluation:
        """See `Objective.evaluate`."""
        with name_overflow():
            opened = self._open(image)
            compared = self._compare(opened)
            gradient = opened.gradient({name: difference for name, (_, difference) in compared.items()})
            found = {name: value for name, (value, _) in compared.items()}
            for loss in self.losses:
                if loss.layer is None:
                    found[loss.name], add_gradient = loss.evaluate(image)
                    gradient = add_gradient(gradient)
            return sum_up([found[loss.name] for loss in self.losses], image, gradient)

    def _open(self, image: Tensor) -> ImagePass:
        return _PassHere(self._network.record(image), self._at_layer)

    def _compare(self, opened: ImagePass) -> dict[str, tuple[Tensor, Any]]:
        """Run forward, put together what each loss of features measures, and let it compare."""
        measured: dict[str, Any] = {}
        for name, found in opened.measure():
            measured[name] = self._additive[name].add(measured[name], found) if name in measured else found
        return {name: loss.compare(measured.pop(name)) for name, loss in self._additive.items()}


class _PassHere:
    """Both ways in this process, with each part as the network comes to it."""

    def __init__(self, opened: TiledPass, at_layer: "Mapping[Layer | None, Sequence[AdditiveLoss]]") -> None:
        self._opened, self._at_layer = opened, at_layer

    def measure(self) -> Iterator[tuple[str, Any]]:
        """See `ImagePass.measure`."""
        for part in self._opened.parts():
            for loss in self._at_layer[part.layer]:
                yield loss.name, loss.cut(part.window).measure(part.features)

    def gradient(self, differences: Mapping[str, Any]) -> Tensor:
        """See `ImagePass.gradient`."""

        def hooks(part: Part) -> list[GradientHook]:
            return [
                loss.cut(part.window).hook(part.features, differences[loss.name]) for loss in self._at_layer[part.layer]
            ]

        return self._opened.gradient(hooks)


class _Assembled:
    """A loss that needs all features of its layer at once, as an additive one: what it measures are the features."""

    def __init__(self, loss: Loss) -> None:
        self._loss, self.name, self.layer, self.weight = loss, loss.name, loss.layer, loss.weight
        self.evaluate = loss.evaluate

    def cut(self, window: Window) -> "_AssembledPart":
        """See `AdditiveLoss.cut`."""
        assert self.layer is not None  # losses of pixels see the whole image anyway
        return _AssembledPart(self.layer, window)

    def add(self, one: list[Part], other: list[Part]) -> list[Part]:
        """See `AdditiveLoss.add`."""
        return one + other

    def compare(self, measured: list[Part]) -> tuple[Tensor, Tensor]:
        """See `AdditiveLoss.compare`: gradients need that of the whole layer."""
        (features,) = whole_features(measured).values()
        value, add_gradient = self._loss.evaluate(features)
        return value, add_gradient(None)


class _AssembledPart:
    def __init__(self, layer: "Layer", window: Window) -> None:
        self._layer, self._window = layer, window

    def copy(self) -> "_AssembledPart":
        """See `PartLoss.copy`: there is nothing to copy."""
        return self

    def measure(self, features: Tensor) -> list[Part]:
        """See `PartLoss.measure`."""
        return [Part(self._layer, self._window, features)]

    def hook(self, _features: Tensor, whole: Tensor) -> GradientHook:
        """See `PartLoss.hook`."""
        own = self._window.cut(whole)
        return lambda gradient: own.clone() if gradient is None else gradient.add_(own)
