"""The style loss: mean squares between statistics of features (Gatys et al. 2016, eq. 4, up to the factor)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.core.losses.base import LossInputs, loss_kind
from impasto.core.losses.conventions import CONVENTIONS, Extent
from impasto.core.losses.guided import LayerRegion, StyleSubset
from impasto.core.losses.statistics import (
    STATISTICS,
    Difference,
    Matrices,
    Measured,
    Statistic,
    average,
    pull_back,
)
from impasto.core.network.parts import Window
from impasto.core.network.vgg import GradientHook
from impasto.layers import Layer


class StyleLoss:
    """factor * the statistic's mean squares, summed over regions, each in proportion to its share of the image.

    Args:
        layer: where it reads features.
        weight: the kind's weight times the layer's.
        factor: the convention's.
        statistic: Gram matrices, or mean and covariance.
        targets: matrices for each region; one where there are no regions.
        regions: on the layer's grid, one for each target; a region of None is everything.
    """

    def __init__(
        self,
        layer: Layer,
        weight: float,
        factor: float,
        statistic: Statistic,
        targets: Sequence[Matrices],
        regions: Sequence[LayerRegion | None] = (None,),
    ) -> None:
        self.name, self.layer, self.weight = f"style {layer}", layer, weight
        self._scale, self._statistic, self._targets, self._regions = factor * weight, statistic, targets, regions

    def evaluate(self, inputs: Tensor) -> tuple[Tensor, GradientHook]:
        """See `Loss.evaluate`."""
        regions = [region or LayerRegion.everywhere(inputs) for region in self._regions]
        differences = [
            self._statistic.compare_features(inputs, target, region.weights, region.total)
            for target, region in zip(self._targets, regions, strict=True)
        ]
        values = [difference.value * region.share for difference, region in zip(differences, regions, strict=True)]

        def add_gradient(gradient: Tensor | None) -> Tensor:
            for difference, region in zip(differences, regions, strict=True):
                gradient = pull_back(gradient, inputs, difference, region.weights, self._scale)
            assert gradient is not None  # there is at least one region
            return gradient

        return torch.stack(values).sum() * self._scale, add_gradient

    def cut(self, window: Window) -> "StylePart":
        """See `AdditiveLoss.cut`."""
        weights = [None if region is None else region.weights for region in self._regions]
        cuts = tuple(None if each is None else window.cut(each) for each in weights)
        return StylePart(self._statistic, cuts, self._scale * window.share)

    def add(self, one: Sequence[Measured | None], other: Sequence[Measured | None]) -> list[Measured | None]:
        """See `AdditiveLoss.add`: region by region."""
        return [
            self._statistic.add(mine, theirs) if mine and theirs else mine or theirs
            for mine, theirs in zip(one, other, strict=True)
        ]

    def compare(self, measured: Sequence[Measured | None]) -> tuple[Tensor, list[Difference | None]]:
        """See `AdditiveLoss.compare`: the difference in each region; None where the region asks for nothing."""
        pairs = zip(measured, self._targets, strict=True)
        differences = [None if found is None else self._statistic.compare(found, target) for found, target in pairs]
        value = self._targets[0][0].new_zeros(())
        for region, difference in zip(self._regions, differences, strict=True):
            if difference is not None:
                value += difference.value * (1.0 if region is None else region.share)
        return value * self._scale, differences


@dataclass(frozen=True)
class StylePart:
    """The style loss of a part."""

    statistic: Statistic
    weights: tuple[Tensor | None, ...]
    """Of each region in the part, (1, 1, h, w); None for 1 everywhere."""
    scale: float
    """The convention's factor times the loss's weight and the part's share of the layer."""

    def copy(self) -> "StylePart":
        """See `PartLoss.copy`."""
        weights = tuple(None if each is None else each.clone() for each in self.weights)
        return StylePart(self.statistic, weights, self.scale)

    def measure(self, features: Tensor) -> list[Measured | None]:
        """See `PartLoss.measure`: the statistic in each region; None where the region asks for nothing here."""
        return [
            self.statistic.measure(features, weights) if weights is None or weights.any() else None
            for weights in self.weights
        ]

    def hook(self, features: Tensor, differences: Sequence[Difference | None]) -> GradientHook:
        """See `PartLoss.hook`."""

        def add_gradient(gradient: Tensor | None) -> Tensor:
            for difference, weights in zip(differences, self.weights, strict=True):
                if difference is not None:
                    gradient = pull_back(gradient, features, difference, weights, self.scale)
            return torch.zeros_like(features) if gradient is None else gradient

        return add_gradient


@loss_kind("style", compares="style")
def build(inputs: LossInputs, weight: float) -> Iterator[StyleLoss]:
    """Make a loss for each style layer."""
    spec, guidance = inputs.spec, inputs.guidance
    statistic, (height, width) = STATISTICS[spec.statistic], inputs.size
    layers = {layer: share for layer, share in spec.style_layers.items() if share > 0}
    if not (layers and inputs.styles):
        return
    wanted = [_Wanted("whole", 0.0, inputs.style_weights)]
    if guidance:
        wanted = [_Wanted(region.subset, region.whole, region.style_weights) for region in guidance.regions]
    subsets: set[StyleSubset] = {each.subset for each in wanted}
    if any(each.whole for each in wanted):
        subsets.add("whole")
    measured = _measure(inputs, frozenset(layers), subsets)
    for layer, share in layers.items():
        targets = [each.mix(measured, layer) for each in wanted]
        channels, stride = len(targets[0][0]), 1 << (layer.block - 1)
        extent = Extent(channels, (height // stride) * (width // stride), pixels=height * width)
        factor = CONVENTIONS[spec.convention].style(extent)
        regions = guidance.regions_at(layer, inputs.network.dtype) if guidance else (None,)
        yield StyleLoss(layer, weight * share, factor, statistic, targets, regions)


class _Wanted(NamedTuple):
    """What is asked for in a region."""

    subset: StyleSubset
    whole: float
    mixture: Sequence[float]

    def mix(self, measured: Mapping[StyleSubset, Sequence[Mapping[Layer, Matrices]]], layer: Layer) -> Matrices:
        """Give the target at a layer."""
        found = average([style[layer] for style in measured[self.subset]], self.mixture)
        if not self.whole:
            return found
        whole = average([style[layer] for style in measured["whole"]], self.mixture)
        return average([found, whole], (1 - self.whole, self.whole))


def _measure(
    inputs: LossInputs, layers: frozenset[Layer], subsets: AbstractSet[StyleSubset]
) -> Mapping[StyleSubset, Sequence[Mapping[Layer, Matrices]]]:
    """Measure the subsets of each style that are asked for, by subset; where there are none, all of it."""
    statistic, measured = inputs.spec.statistic, defaultdict[StyleSubset, list[Mapping[Layer, Matrices]]](list)
    for style, size in zip(inputs.styles, inputs.style_sizes, strict=True):
        found = style.measure_subsets(size, inputs.network, layers, statistic) if subsets - {"whole"} else {}
        if "whole" in subsets or not found:
            found = {**dict.fromkeys(subsets, style.measure(size, inputs.network, layers, statistic)), **found}
        for subset in subsets:
            measured[subset].append(found[subset])
    return measured
