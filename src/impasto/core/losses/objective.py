"""The objective: targets measured once, then the named loss terms of an image and their gradient.

Every published variant is two mean squares times a factor. With F (C x N) the features of the picture at a layer, P
those of the photograph, G = F F^T / N and A the same of the painting:

    content = mean((F - P)^2) * convention.content
    style   = mean((G - A)^2) * convention.style       per layer
    tv      = convention.total_variation(picture)      on pixels 0..255

Each term is then multiplied by its layer's weight and its kind's weight.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

import torch
from torch import Tensor

from impasto.core.losses.guided import Guidance, Guided, GuidedContent
from impasto.core.losses.statistics import GAPS, STATISTICS, ContentGap, Gap, Statistic, Statistics
from impasto.core.losses.total_variation import AbsoluteVariation, KerasVariation
from impasto.core.network.vgg import VGG, Features
from impasto.core.network.vgg import GradientHook as Join
from impasto.layers import Layer

Target = TypeVar("Target")
ConventionName = Literal["mean", "gatys", "coursera", "keras", "neural-style"]


@dataclass(frozen=True)
class Extent:
    """The sizes that the published factors are made of."""

    channels: int
    """C, of the layer."""
    positions: int
    """N, of the layer."""
    pixels: int
    """H W, of the picture."""


@dataclass(frozen=True)
class Convention:
    """The factors that one source puts before the mean squares."""

    content: Callable[[Extent], float]
    style: Callable[[Extent], float]
    total_variation: Callable[[Tensor], Gap] = AbsoluteVariation


CONVENTIONS: Mapping[ConventionName, Convention] = {
    "mean": Convention(content=lambda _: 1.0, style=lambda _: 1.0),
    "gatys": Convention(content=lambda at: at.channels * at.positions / 2, style=lambda _: 1 / 4),
    "coursera": Convention(content=lambda _: 1 / 4, style=lambda _: 1 / 4),
    "keras": Convention(
        content=lambda at: float(at.channels * at.positions),
        style=lambda at: (at.channels * at.positions) ** 2 / (36 * at.pixels**2),
        total_variation=KerasVariation,
    ),
    "neural-style": Convention(content=lambda _: 1.0, style=lambda at: 1 / at.channels**2),
}


@dataclass(frozen=True)
class Term:
    """One named part of the objective."""

    kind: Literal["content", "style", "tv"]
    layer: Layer | None
    weight: float
    """The kind's weight times the layer's."""

    def __str__(self) -> str:
        return f"{self.kind} {self.layer}" if self.layer else self.kind


@dataclass(frozen=True)
class Evaluation:
    """The objective at one picture."""

    loss: float
    terms: tuple[float, ...]
    """Weighted, in the order of `Objective.terms`; they sum to `loss`."""
    gradient: Tensor
    """(1, 3, H, W), of the loss with respect to the picture."""


@dataclass(frozen=True)
class Balance:
    """What is compared, where, and how much each part weighs."""

    convention: ConventionName
    statistic: Statistic
    content: Mapping[Layer, float]
    style: Mapping[Layer, float]
    content_weight: float
    style_weight: float
    tv_weight: float

    @property
    def layers(self) -> set[Layer]:
        """Every layer that is read."""
        return {*self.content, *self.style}

    def terms(self) -> list[Term]:
        """The parts that weigh anything, in the order content, style, total variation."""
        content = [Term("content", layer, self.content_weight * weight) for layer, weight in self.content.items()]
        style = [Term("style", layer, self.style_weight * weight) for layer, weight in self.style.items()]
        return [term for term in (*content, *style, Term("tv", None, self.tv_weight)) if term.weight > 0]


class Objective:
    """How far a picture is from its targets.

    Args:
        network: features at all layers of `balance`.
        content: the photograph, (1, 3, H, W), 0..255, of the picture's own size; None where nothing compares content.
        styles: the paintings, (1, 3, H', W') each, of any size; none where nothing compares style.
        blend: a weight for each painting; their statistics are averaged with these.
        balance: what is compared and how much it weighs.
        guidance: where which mixture of the paintings is asked for, instead of that of `blend` everywhere.
    """

    def __init__(
        self,
        network: VGG,
        content: Tensor | None,
        styles: Sequence[Tensor],
        blend: Sequence[float],
        balance: Balance,
        guidance: Guidance | None = None,
    ) -> None:
        self.terms = balance.terms()
        self._network = network
        self._convention = CONVENTIONS[balance.convention]
        self._statistic = balance.statistic
        self._measure, self._gap = STATISTICS[balance.statistic], GAPS[balance.statistic]
        self._content = {} if content is None else self._targets("content", content, lambda features: features)
        seen = [self._targets("style", style, self._measure) for style in styles]
        layers = seen[0] if seen else ()
        blends = [region.blend for region in guidance.regions] if guidance else [blend]
        self._style = {layer: [_average([each[layer] for each in seen], mix) for mix in blends] for layer in layers}
        self._places = {layer: guidance.places(layer, network.dtype) for layer in layers} if guidance else {}
        self._free = {layer: guidance.free_at(layer) for layer in self._content} if guidance else {}

    @torch.no_grad()
    def losses(self, image: Tensor) -> Tensor:
        """The weighted terms of a picture (1, 3, H, W), in the order of `terms`: (len(terms),)."""
        features = self._network(image)
        return torch.stack([self._weighted(term, image, features)[0] for term in self.terms])

    @torch.no_grad()
    def evaluate(self, image: Tensor) -> Evaluation:
        """The objective and its gradient at a picture (1, 3, H, W)."""
        tape = self._network.record(image)
        values: list[Tensor] = []
        joining: dict[Layer | None, list[Join]] = {}
        for term in self.terms:
            value, join = self._weighted(term, image, tape.features)
            values.append(value)
            joining.setdefault(term.layer, []).append(join)
        del join  # holds features, which the way back lets go one by one
        gradient = tape.gradient(joining)
        for variation in joining.get(None, ()):
            gradient = variation(gradient)
        if gradient is None:
            raise AssertionError("an objective has terms")
        values[0] = values[0] + 0 * image.sum()  # oneDNN's ReLU takes what is no number for 0; the loss must not
        terms = tuple(torch.stack(values).tolist())
        return Evaluation(sum(terms), terms, gradient)

    def _targets(self, kind: str, picture: Tensor, measure: Callable[[Tensor], Target]) -> dict[Layer, Target]:
        """What is kept of a picture's features for the terms of a kind; the features themselves are let go."""
        layers = [term.layer for term in self.terms if term.kind == kind and term.layer]
        if not layers:
            return {}
        features = self._network(picture)
        return {layer: measure(features[layer]) for layer in layers}

    def _weighted(self, term: Term, image: Tensor, features: Features) -> tuple[Tensor, Join]:
        """A term's value, and what adds its gradient."""
        gap, factor = self._at(term, image, features)
        factor *= term.weight
        return gap.value * factor, partial(gap.add_gradient, factor=factor)

    def _at(self, term: Term, image: Tensor, features: Features) -> tuple[Gap, float]:
        """A term's gap, and its factor in the convention."""
        if term.layer is None:
            return self._convention.total_variation(image), 1.0
        ours = features[term.layer]
        pixels = image.shape[2] * image.shape[3]
        extent = Extent(channels=ours.shape[1], positions=ours.shape[2] * ours.shape[3], pixels=pixels)
        if term.kind == "content":
            return self._content_gap(term.layer, ours), self._convention.content(extent)
        return self._style_gap(term.layer, ours), self._convention.style(extent)

    def _content_gap(self, layer: Layer, ours: Tensor) -> Gap:
        target, free = self._content[layer], self._free.get(layer)
        return ContentGap(ours, target) if free is None else GuidedContent(ours, target, free)

    def _style_gap(self, layer: Layer, ours: Tensor) -> Gap:
        targets, places = self._style[layer], self._places.get(layer)
        return self._gap(ours, targets[0]) if places is None else Guided(self._statistic, ours, targets, places)


def content_share(strength: float) -> float:
    """What content weighs at a strength 0..1, as a multiple of what it weighs at 0.5: ((1 - s) / s)^2.

    At 1 it weighs nothing. Style gap closed goes about with the logarithm of the weights' ratio, so a step anywhere on
    the scale is seen about alike; at 0, where style weighs nothing, content keeps its weight.
    """
    return ((1 - strength) / strength) ** 2 if strength else 1.0


def _average(statistics: Sequence[Statistics], blend: Sequence[float]) -> Statistics:
    shares = [weight / sum(blend) for weight in blend]
    parts = zip(*statistics, strict=True)
    return tuple(
        torch.stack([share * part for share, part in zip(shares, same, strict=True)]).sum(dim=0) for same in parts
    )
