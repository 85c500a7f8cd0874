"""Guidance: which style is asked for where (Gatys et al. 2017, section 4, guided Gram matrices).

A region's loss is its mean square times its share of the image, sum(w) / N. In the gradient at a position sum(w) then
cancels, 4 w_i (G - A) F_i / (C^2 N): what is asked of a position does not depend on how large its region is, and is the
same, beside the content, as if its style were everywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.losses.base import FaceSpec
from impasto.core.losses.statistics import sum_in_double
from impasto.layers import Layer

StyleSubset = Literal["whole", "flat", "busy"]
"""The places of style images whose statistics are asked for."""


@dataclass(frozen=True)
class Region:
    """Where style is asked for, and which."""

    weights: Tensor
    """(1, 1, H, W), of the image's own size: 0 asks for nothing, 1 for as much as in an image without regions."""
    style_weights: tuple[float, ...]
    """The weight of each style image in the mixture that is asked for."""
    subset: StyleSubset = "whole"
    """Which of their places."""
    whole: float = 0.0
    """Share of all their places in what is asked for, beside that subset: 0..1."""


@dataclass(frozen=True)
class LayerRegion:
    """A region on the grid of a layer."""

    weights: Tensor | None
    """(1, 1, h, w), in the type of the features; None for 1 everywhere."""
    total: float
    """Their sum; never 0."""
    share: float
    """Their mean: how much of the image the region is."""

    @classmethod
    def everywhere(cls, features: Tensor) -> Self:
        """Give the region of all positions of features (1, C, h, w)."""
        return cls(None, features.shape[2] * features.shape[3], 1.0)


@dataclass(frozen=True)
class Faces:
    """Where faces are, and how they are painted."""

    mask: Tensor
    """(1, 1, H, W), of the image's own size, 0..1."""
    image: Tensor
    """(1, 3, H, W), 0..255: the faces as they are to be recognized.

    In the palette of the styles where the start has it, else in their own.
    """
    spec: FaceSpec

    def style_at(self, layer: Layer) -> Tensor:
        """Give by how much style is to weigh less on a layer's grid: (1, 1, h, w), 0..1."""
        return 1 - (1 - self.spec.style.get(layer.block, 1.0)) * pool_to_layer(self.mask, layer)

    def content_at(self, layer: Layer) -> Tensor:
        """Give by how much content is to weigh more on a layer's grid: (1, 1, h, w), 1 or more."""
        return 1 + self.spec.content * pool_to_layer(self.mask, layer)


@dataclass(frozen=True)
class Fill:
    """How much of what is empty is filled with what style images have elsewhere.

    With a fill of 0 empty places are asked for what style images have in flat ones, and all others for what they have
    in busy ones. With more, empty places count less as such and more as the others, and the others are asked for more
    of whole style images: until with 1 everything is asked for these.
    """

    planes: tuple[Tensor, ...]
    """For each style (1, 1, H, W), of the image's own size: 1 where its flat places are asked for, 0 where the busy."""
    fills: tuple[float, ...]
    """Of each style, 0..1."""

    def split(self, region: Region) -> Iterator[Region]:
        """Split a region by what is asked for."""
        shares = [weight / sum(region.style_weights) for weight in region.style_weights]
        fill = sum(fill * share for fill, share in zip(self.fills, shares, strict=True))
        if fill == 1:
            yield region
            return
        empty = torch.stack([share * plane for share, plane in zip(shares, self.planes, strict=True)]).sum(dim=0)
        empty = empty * (1 - fill)
        yield replace(region, weights=region.weights * empty, subset="flat")
        yield replace(region, weights=region.weights * (1 - empty), subset="busy", whole=fill)


@dataclass(frozen=True)
class Guidance:
    """What masks ask for, at the image's own size."""

    regions: tuple[Region, ...]
    """One or more."""
    trainable: Tensor | None
    """(1, 1, H, W): 1 where the image may change, 0 where it may not and no loss applies; None: everywhere."""
    faces: Faces | None = None
    """Where less of the styles is asked for; None: nowhere."""

    def regions_at(self, layer: Layer, dtype: torch.dtype) -> list[LayerRegion]:
        """Give the regions on a layer's grid, for features of a type.

        No style is asked for next to positions that may not change. Most of what is seen there is not to be painted,
        and the few pixels that are would have to make up for the others: they turn into a rim of hot colors.
        """
        trainable = self.trainable_at(layer)
        inner = None if trainable is None else least_around(trainable)
        grids = [pool_to_layer(region.weights, layer) for region in self.regions]
        grids = grids if inner is None else [grid * inner for grid in grids]
        style = self.faces.style_at(layer) if self.faces else None
        return [_layer_region(grid if style is None else grid * style, dtype) for grid in grids]

    def trainable_at(self, layer: Layer) -> Tensor | None:
        """Give `trainable` on a layer's grid: (1, 1, h, w)."""
        return None if self.trainable is None else pool_to_layer(self.trainable, layer)

    def content_at(self, layer: Layer) -> Tensor | None:
        """Give the weights of the content loss on a layer's grid, (1, 1, h, w); None for 1 everywhere."""
        trainable, faces = self.trainable_at(layer), self.faces.content_at(layer) if self.faces else None
        return trainable if faces is None else faces if trainable is None else trainable * faces

    def face_at(self, layer: Layer) -> Tensor | None:
        """Give the weights of the loss of faces on a layer's grid, (1, 1, h, w); None where there are none."""
        if self.faces is None:
            return None
        mask, trainable = pool_to_layer(self.faces.mask, layer), self.trainable_at(layer)
        return mask if trainable is None else mask * trainable


def guidance(
    masks: Sequence[Tensor],
    keep: Tensor | None,
    style_weights: Sequence[float],
    faces: Faces | None = None,
    fill: Fill | None = None,
) -> Guidance | None:
    """Turn masks into regions.

    Args:
        masks: one for each style image, (1, 1, H, W) in 0..1; or none, for the mixture of all everywhere. Where they
            sum to more than 1 they share the position in proportion.
        keep: (1, 1, H, W) in 0..1: where the content image stays as it is.
        style_weights: of each style image; they count relative to their mean, and one without any has no region.
        faces: where less of the styles is asked for, in every region.
        fill: how regions are split by where the images are flat; None: not at all.

    Returns:
        A region for each mask that counts, or one for the mixture, each split; None if nothing is given.
    """
    trainable = None if keep is None else 1 - keep
    known = [trainable, faces.mask if faces else None, fill.planes[0] if fill else None]
    like = next((plane for plane in known if plane is not None), None)
    if masks:
        regions = _masked_regions(masks, style_weights)
    elif like is not None:
        regions = [Region(torch.ones_like(like), tuple(style_weights))]
    else:
        return None
    if fill:
        regions = [part for region in regions for part in fill.split(region)]
    return Guidance(tuple(regions), trainable, faces)


def _masked_regions(masks: Sequence[Tensor], style_weights: Sequence[float]) -> list[Region]:
    coverage = overlap(masks)
    mean = sum(style_weights) / len(style_weights)
    one_hot = torch.eye(len(style_weights)).tolist()
    return [
        Region(mask / coverage * (weight / mean), tuple(one_hot[number]))
        for number, (mask, weight) in enumerate(zip(masks, style_weights, strict=True))
        if weight > 0
    ]


def overlap(masks: Sequence[Tensor]) -> Tensor:
    """Give what masks that share a position are divided by: their sum, (1, 1, H, W), but 1 where it is less."""
    return torch.stack(list(masks)).sum(dim=0).clamp(min=1)


def uncovered(masks: Sequence[Tensor]) -> Tensor:
    """Give how much of each position no mask asks a style for: (1, 1, H, W), 0..1, of one or more such masks."""
    return 1 - torch.stack(list(masks)).sum(dim=0).clamp(max=1)


def least_around(plane: Tensor) -> Tensor:
    """Give each position of (1, 1, h, w) the least value there and beside it."""
    return -F.max_pool2d(-plane, 3, stride=1, padding=1)


def _layer_region(grid: Tensor, dtype: torch.dtype) -> LayerRegion:
    """Sum the weights as rounded, so that nothing is out of balance in half precision."""
    grid = grid.to(dtype)
    total = sum_in_double(grid)
    return LayerRegion(grid, total or 1.0, total / grid.numel())


def pool_to_layer(plane: Tensor, layer: Layer) -> Tensor:
    """Average over the windows of the network's pooling, which also leaves a last odd row or column out."""
    return F.avg_pool2d(plane, 1 << (layer.block - 1))
