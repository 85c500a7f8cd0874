"""The content loss: mean((F - P)^2) between features (Gatys et al. 2016, eq. 1, up to the convention's factor)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from impasto.core.losses.base import LossInputs, loss_kind
from impasto.core.losses.conventions import CONVENTIONS, Extent
from impasto.core.losses.statistics import mean_square, to_accumulator_dtype
from impasto.core.network.convolution import CHANNELS_LAST
from impasto.core.network.parts import Window, whole_features
from impasto.core.network.vgg import GradientHook
from impasto.layers import Layer


class ContentLoss:
    """factor * mean(m (F - P)^2), with the gradient 2 factor m (F - P) / (C N).

    Args:
        layer: where it reads features.
        weight: the kind's weight times the layer's.
        factor: the convention's.
        target: P, (1, C, h, w).
        weights: m, (1, 1, h, w), 0 or more: how much each position counts; None for 1 everywhere.
        kind: the name of the loss, before the layer's.
    """

    def __init__(
        self,
        layer: Layer,
        weight: float,
        factor: float,
        target: Tensor,
        weights: Tensor | None = None,
        *,
        kind: str = "content",
    ) -> None:
        self.name, self.layer, self.weight, self._factor, self._kind = f"{kind} {layer}", layer, weight, factor, kind
        self._scale, self._target, self._weights = factor * weight, target, weights

    def evaluate(self, inputs: Tensor) -> tuple[Tensor, GradientHook]:
        """See `Loss.evaluate`."""
        difference = inputs - self._target  # (1, C, h, w)
        seen = to_accumulator_dtype(difference)
        value = mean_square(seen if self._weights is None else seen * self._weights.sqrt())
        return value * self._scale, self._hook(difference)

    def hook(self, inputs: Tensor) -> GradientHook:
        """Give what adds the gradient, without the value."""
        return self._hook(inputs - self._target)

    def _hook(self, difference: Tensor) -> GradientHook:
        if self._weights is not None:
            difference = difference * self._weights.to(difference.dtype)
        step = 2 * self._scale / difference.numel()

        def add_gradient(gradient: Tensor | None) -> Tensor:
            return difference * step if gradient is None else gradient.add_(difference, alpha=step)

        return add_gradient

    def cut(self, window: Window) -> "ContentPart":
        """See `AdditiveLoss.cut`."""
        target, weight = window.cut(self._target), self.weight * window.share
        weights = None if self._weights is None else window.cut(self._weights)
        return ContentPart(ContentLoss(self.layer, weight, self._factor, target, weights, kind=self._kind))

    def copy(self) -> "ContentLoss":
        """Give it with memory of its own."""
        target = self._target.clone(memory_format=CHANNELS_LAST)
        weights = None if self._weights is None else self._weights.clone()
        return ContentLoss(self.layer, self.weight, self._factor, target, weights, kind=self._kind)

    def add(self, one: Tensor, other: Tensor) -> Tensor:
        """See `AdditiveLoss.add`."""
        return one + other

    def compare(self, measured: Tensor) -> tuple[Tensor, None]:
        """See `AdditiveLoss.compare`: the gradient needs no more than the part's own target."""
        return measured, None


@dataclass(frozen=True)
class ContentPart:
    """The content loss of a part, as its share of the whole."""

    loss: ContentLoss

    def copy(self) -> "ContentPart":
        """See `PartLoss.copy`."""
        return ContentPart(self.loss.copy())

    def measure(self, features: Tensor) -> Tensor:
        """See `PartLoss.measure`: the part's share of the value."""
        return self.loss.evaluate(features)[0]

    def hook(self, features: Tensor, _difference: None) -> GradientHook:
        """See `PartLoss.hook`."""
        return self.loss.hook(features)


@loss_kind("content", compares="content")
def build(inputs: LossInputs, weight: float) -> Iterator[ContentLoss]:
    """Make a loss for each content layer, and for each that is compared where faces are."""
    if inputs.content is None:
        return
    guidance = inputs.guidance
    for layer, target in _targets(inputs, inputs.content, inputs.spec.content_layers):
        weights = guidance.content_at(layer) if guidance else None
        yield ContentLoss(layer, weight * inputs.spec.content_layers[layer], _factor(inputs, target), target, weights)
    if guidance is None or guidance.faces is None:
        return
    faces = guidance.faces
    for layer, target in _targets(inputs, faces.image, faces.spec.layers):
        weights = guidance.face_at(layer)
        yield ContentLoss(
            layer, weight * faces.spec.layers[layer], _factor(inputs, target), target, weights, kind="face"
        )


def _targets(inputs: LossInputs, image: Tensor, shares: Mapping[Layer, float]) -> Iterator[tuple[Layer, Tensor]]:
    """Yield the features of an image at each layer that has a share."""
    layers = [layer for layer, share in shares.items() if share > 0]
    features = whole_features(inputs.network.read(image, frozenset(layers))) if layers else {}
    return ((layer, features[layer]) for layer in layers)


def _factor(inputs: LossInputs, target: Tensor) -> float:
    height, width = inputs.size
    extent = Extent(target.shape[1], target.shape[2] * target.shape[3], pixels=height * width)
    return CONVENTIONS[inputs.spec.convention].content(extent)
