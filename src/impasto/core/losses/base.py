"""The shape of a loss and of an objective, and a base for losses of which only the value is written."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, runtime_checkable

import torch
from torch import Tensor

from impasto.core.losses.conventions import ConventionName
from impasto.core.losses.statistics import StatisticName
from impasto.core.network.parts import FeatureReader, Window
from impasto.core.network.vgg import GradientHook
from impasto.layers import Layer
from impasto.sizing import Size

if TYPE_CHECKING:
    from impasto.core.losses.guided import Guidance
    from impasto.core.styles import StyleSource


class Loss(Protocol):
    """One term of an objective: it owns its layer, its weight, its factor and its target."""

    @property
    def name(self) -> str:
        """Kind and layer, as events, plots and tables name it: `content relu4_2`, `tv`."""
        ...

    @property
    def layer(self) -> Layer | None:
        """Where it reads features; None for the pixels."""
        ...

    @property
    def weight(self) -> float:
        """The kind's weight times the layer's."""
        ...

    def evaluate(self, inputs: Tensor) -> tuple[Tensor, GradientHook]:
        """Give the weighted value, and what adds its gradient to one that is there already.

        Args:
            inputs: the features of the image at `layer`, (1, C, h, w), or the image, (1, 3, H, W), 0..255.

        Returns:
            A scalar of at least float32, and a hook that takes and gives a gradient of the inputs' shape and type
            (None for none so far), and may change what it is given.
        """
        ...


class PartLoss(Protocol):
    """What is needed of a loss in one part of its layer: plain values, views of the loss's own.

    A copy may be sent to another process, and what it measures may be sent back.
    """

    def copy(self) -> Self:
        """Give it with memory of its own: pickled, a view would take all of the tensor that it is a part of."""
        ...

    def measure(self, features: Tensor) -> Any:
        """Measure the features of the part, (1, C, h, w)."""
        ...

    def hook(self, features: Tensor, difference: Any) -> GradientHook:
        """Give what adds the part's gradient; `difference` is what `AdditiveLoss.compare` gave."""
        ...


@runtime_checkable
class AdditiveLoss(Loss, Protocol):
    """A loss of features that is made of what it measures of their parts, so that nobody has to hold them all.

    Where an image is seen in tiles, these methods stand for `evaluate`: a subclass that changes one changes both.
    """

    def cut(self, window: Window) -> PartLoss:
        """Give what is needed of it in a window of its layer."""
        ...

    def add(self, one: Any, other: Any) -> Any:
        """Give what two measurements are together."""
        ...

    def compare(self, measured: Any) -> tuple[Tensor, Any]:
        """Give the value that `evaluate` gives, from the measurement of all parts, and what their gradients need."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """An objective at one image."""

    loss: float
    terms: tuple[float, ...]
    """Weighted, in the order of `Objective.losses`; they sum to `loss`."""
    gradient: Tensor
    """(1, 3, H, W), of the loss with respect to the image."""


class Objective(Protocol):
    """A sum of losses as a function of the image; those that wrap another are one."""

    @property
    def losses(self) -> Sequence[Loss]:
        """The terms, in order."""
        ...

    def values(self, image: Tensor) -> Tensor:
        """Give the weighted terms at an image (1, 3, H, W): (len(losses),)."""
        ...

    def evaluate(self, image: Tensor) -> Evaluation:
        """Give the objective and its gradient at an image (1, 3, H, W)."""
        ...


def name_terms(objective: Objective, terms: Sequence[float]) -> dict[str, float]:
    """Give the terms of an objective by the names of its losses."""
    return {loss.name: term for loss, term in zip(objective.losses, terms, strict=True)}


@dataclass(frozen=True)
class FaceSpec:
    """How faces are painted: with how much less style, and how much more content."""

    style: Mapping[int, float]
    """By the block of a layer, 0..1: the share of the style's weight that is left where a face is; 1 for others."""
    content: float
    """How much more the content layers weigh there: 1 + content."""
    layers: Mapping[Layer, float]
    """Further layers at which content is compared there, with their weights."""


@dataclass(frozen=True)
class ObjectiveSpec:
    """What is compared, at which layers, and how much each part weighs."""

    weights: Mapping[str, float]
    """By the kind of loss: `content`, `style`, `tv` and so on; a kind that is not named weighs nothing."""
    content_layers: Mapping[Layer, float]
    style_layers: Mapping[Layer, float]
    convention: ConventionName
    statistic: StatisticName
    faces: FaceSpec | None = None
    """None for faces that are painted like everything else."""

    @property
    def layers(self) -> frozenset[Layer]:
        """Every layer that has a weight above 0."""
        shares = [*self.content_layers.items(), *self.style_layers.items()]
        shares += self.faces.layers.items() if self.faces else ()
        return frozenset(layer for layer, share in shares if share > 0)


@dataclass(frozen=True)
class LossInputs:
    """What losses are made of, at one size of the image."""

    network: FeatureReader
    """In parts where the image is too large for one: what is to be read of any image is read through this."""
    content: Tensor | None
    """(1, 3, H, W), 0..255, of the image's own size; None where there is no content image."""
    styles: "Sequence[StyleSource]"
    style_sizes: Sequence[Size]
    """Of each style, beside an image of this size: at which it is measured."""
    style_weights: Sequence[float]
    """For each style; their statistics are averaged with these."""
    guidance: "Guidance | None"
    """Where which mixture of the style images is asked for; None for that of `style_weights` everywhere."""
    size: tuple[int, int]
    """Height and width of the image."""
    spec: ObjectiveSpec


Builder = Callable[[LossInputs, float], Iterable[Loss]]
"""Makes the losses of a kind that has a weight above 0."""


@dataclass(frozen=True)
class LossKind:
    """A kind of loss, as the table of all kinds has it."""

    compares: Literal["content", "style"] | None
    """The image that it needs; None for one that looks at the result alone."""
    build: Builder


KINDS: dict[str, LossKind] = {}
"""Every kind by its name; `NAME_weight` is its setting. Filled by the modules of this package as they are imported."""


def loss_kind(name: str, *, compares: Literal["content", "style"] | None = None) -> Callable[[Builder], Builder]:
    """Register a function that builds losses in the table of kinds."""

    def enter(build: Builder) -> Builder:
        KINDS[name] = LossKind(compares, build)
        return build

    return enter


class AutogradLoss(ABC):
    """A loss of which only the value is written; torch derives the gradient.

    It costs a tape and a second pass over its inputs: write the gradient out where that shows.

    Args:
        name: as for `Loss`.
        layer: as for `Loss`.
        weight: as for `Loss`.
    """

    def __init__(self, name: str, layer: Layer | None, weight: float) -> None:
        self.name, self.layer, self.weight = name, layer, weight

    @abstractmethod
    def value(self, inputs: Tensor) -> Tensor:
        """Give the unweighted value, a scalar, by operations that torch can derive."""

    def evaluate(self, inputs: Tensor) -> tuple[Tensor, GradientHook]:
        """See `Loss.evaluate`."""
        with torch.enable_grad():
            variable = inputs.detach().requires_grad_()
            value = self.value(variable)
            (own,) = torch.autograd.grad(value, variable)

        def add_gradient(gradient: Tensor | None) -> Tensor:
            return own * self.weight if gradient is None else gradient.add_(own, alpha=self.weight)

        return value.detach() * self.weight, add_gradient
