"""Styles: whatever can be asked for its statistics and its palette at a size, an image or what was measured of some."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import Tensor

from impasto.core.color import palette
from impasto.core.flatness import ALL_BUSY, SIDE, Flatness, measure_flatness
from impasto.core.losses.guided import StyleSubset, least_around, pool_to_layer
from impasto.core.losses.statistics import STATISTICS, Matrices, Measured, StatisticName, average
from impasto.core.network.vgg import smallest_side
from impasto.core.pyramid import resize
from impasto.sizing import with_long_side, within_long_side

if TYPE_CHECKING:
    from impasto.core.images import ImageSource
    from impasto.core.network.parts import FeatureReader
    from impasto.layers import Layer
    from impasto.sizing import Size

SMALL_SIDE = 512
"""Long side, pixels, of the small picture of a style, of which the detail of results up to that size is copied."""
_ENOUGH = 0.25
"""The share of what is visible that still stands for all of it."""


@runtime_checkable
class StyleSource(Protocol):
    """A style, at any size."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def size(self) -> "Size":
        """Its own, pixels: what it is beside a result follows from that."""
        ...

    @property
    def image(self) -> "ImageSource | None":
        """Its pixels; None where they are not there any more."""
        ...

    def measure(
        self, size: "Size", reader: "FeatureReader", layers: "frozenset[Layer]", statistic: StatisticName
    ) -> "Mapping[Layer, Matrices]":
        """Give what is compared at each of some layers, at a size (width, height) of the style."""
        ...

    def measure_subsets(
        self, size: "Size", reader: "FeatureReader", layers: "frozenset[Layer]", statistic: StatisticName
    ) -> "Mapping[StyleSubset, Mapping[Layer, Matrices]]":
        """Give the same of the flat places and of the busy ones; nothing where there are no pixels of it."""
        ...

    def flatness(self) -> list[Flatness]:
        """Tell where each image that it consists of is flat; nothing where there are no pixels of it."""
        ...

    def palette(self, size: "Size") -> Tensor:
        """Give the colors that stand for it at a size, as `color.palette` does: OkLab, (3, COLORS), on the CPU."""
        ...

    def pictures(self, size: "Size") -> list[tuple[Tensor, Tensor | None]]:
        """Give each image that it consists of at a size, (1, 3, H, W), 0..255, and how opaque it is.

        Nothing where there are no pixels of it, or too few for that size.
        """
        ...


class StyleImage:
    """A style image, which is measured when it is asked for.

    Args:
        image: the image; only what is visible of it counts.
    """

    def __init__(self, image: "ImageSource") -> None:
        self.image: ImageSource = image

    @property
    def name(self) -> str:
        """See `StyleSource.name`."""
        return self.image.name

    @property
    def size(self) -> "Size":
        """See `StyleSource.size`."""
        return self.image.size

    def measure(
        self, size: "Size", reader: "FeatureReader", layers: "frozenset[Layer]", statistic: StatisticName
    ) -> "Mapping[Layer, Matrices]":
        """See `StyleSource.measure`."""
        found = self.moments(size, reader, layers, statistic)
        return {layer: STATISTICS[statistic].matrices(found[layer]) for layer in layers}

    def moments(
        self, size: "Size", reader: "FeatureReader", layers: "frozenset[Layer]", statistic: StatisticName
    ) -> "Mapping[Layer, Measured]":
        """Run the network, and give what the statistic measures at each of some layers."""
        opacity = self.image.opacity(*size)
        visible = {layer: _visible(opacity, layer, reader.dtype) for layer in layers}
        (measured,) = _measure(self.image.resize(*size), [visible], reader, statistic)
        return measured

    def measure_subsets(
        self, size: "Size", reader: "FeatureReader", layers: "frozenset[Layer]", statistic: StatisticName
    ) -> "Mapping[StyleSubset, Mapping[Layer, Matrices]]":
        """See `StyleSource.measure_subsets`."""
        return measure_subsets(self, size, reader, layers, statistic)

    def flatness(self) -> list[Flatness]:
        """See `StyleSource.flatness`."""
        return measure_style_flatness(self)

    def palette(self, size: "Size") -> Tensor:
        """See `StyleSource.palette`."""
        opacity = self.image.opacity(*size)
        return palette(self.image.resize(*size).float().cpu(), None if opacity is None else opacity.float().cpu())

    def pictures(self, size: "Size") -> list[tuple[Tensor, Tensor | None]]:
        """See `StyleSource.pictures`: up to `SMALL_SIDE` of the small picture, so that a style file gives the same."""
        if max(size) <= SMALL_SIDE:
            return [scale_small(small_picture(self.image), size)]
        return [(self.image.resize(*size), self.image.opacity(*size))]


@dataclass(frozen=True)
class StoredMoments:
    """What was measured at a layer, of one image or of several that are one style, each with equal weight."""

    means: Tensor
    """(K, C), of each of the K images."""
    triangle: Tensor
    """(C (C + 1) / 2,): the upper triangle of the mean of their second moments, row by row."""


class StoredValues(Protocol):
    """What was measured of a style at each of some long sides."""

    def palette(self, side: int) -> Tensor:
        """Give the palette at one of them: OkLab, (3, COLORS)."""
        ...

    def moments(self, side: int, layer: "Layer") -> StoredMoments:
        """Give what was measured at a layer at one of them."""
        ...

    def pictures(self) -> "list[tuple[Tensor, Size]]":
        """Give the small picture of each image that it was measured of, see `small_picture`, and the image's size."""
        ...


class StoredStyle:
    """A style of which nothing is left but what was measured at some sizes.

    Between two of them it is interpolated in the logarithm of the long side, beyond them it is that of the nearest;
    the palette is always that of the nearest.

    Args:
        name: for messages.
        size: of the first image that it was measured of; gives the aspect.
        statistic: whose second moments they are: those of the other follow from them, but for rounding.
        sides: the long sides at which it was measured, pixels, in ascending order; one or more.
        stored: what was measured at them; asked for no more than is needed.
        like: a tensor of the device and the type of what is compared.
    """

    image = None

    def __init__(
        self,
        name: str,
        size: "Size",
        statistic: StatisticName,
        sides: Sequence[int],
        stored: StoredValues,
        like: Tensor,
    ) -> None:
        self.name, self.size = name, size
        self._statistic, self._sides, self._stored, self._like = statistic, sides, stored, like

    def measure(
        self, size: "Size", reader: "FeatureReader", layers: "frozenset[Layer]", statistic: StatisticName
    ) -> "Mapping[Layer, Matrices]":
        """See `StyleSource.measure`; the network is not asked."""
        del reader
        below, above, share = self._neighbors(max(size))
        found: dict[Layer, Matrices] = {}
        for layer in layers:
            matrices = self._matrices(self._stored.moments(below, layer), statistic)
            if share:
                others = self._matrices(self._stored.moments(above, layer), statistic)
                matrices = tuple(mine.lerp(theirs, share) for mine, theirs in zip(matrices, others, strict=True))
            found[layer] = tuple(matrix.to(self._like) for matrix in matrices)
        return found

    def measure_subsets(
        self, size: "Size", reader: "FeatureReader", layers: "frozenset[Layer]", statistic: StatisticName
    ) -> "Mapping[StyleSubset, Mapping[Layer, Matrices]]":
        """See `StyleSource.measure_subsets`: of its pictures, as large as they are at most."""
        return measure_subsets(self, within_long_side(size, SMALL_SIDE), reader, layers, statistic)

    def flatness(self) -> list[Flatness]:
        """See `StyleSource.flatness`: of its pictures."""
        return measure_style_flatness(self)

    def palette(self, size: "Size") -> Tensor:
        """See `StyleSource.palette`."""
        below, above, share = self._neighbors(max(size))
        return self._stored.palette(below if share < 0.5 else above)  # noqa: PLR2004 -- the nearer one

    def pictures(self, size: "Size") -> list[tuple[Tensor, Tensor | None]]:
        """See `StyleSource.pictures`."""
        if max(size) > SMALL_SIDE:
            return []
        pictures = self._stored.pictures()
        sizes = [with_long_side(own, max(size)) for _, own in pictures]  # each beside the result as it would be alone
        found = [
            scale_small(small, each)
            for (small, _), each in zip(pictures, sizes if len(pictures) > 1 else [size], strict=True)
        ]
        return [(image.to(self._like), None if opacity is None else opacity.to(self._like)) for image, opacity in found]

    def _neighbors(self, side: int) -> tuple[int, int, float]:
        """Give the sizes on both sides of one, and how far it is from the first to the second, 0 to below 1."""
        below = max((it for it in self._sides if it <= side), default=self._sides[0])
        above = min((it for it in self._sides if it > side), default=below)
        if side <= below or above == below:
            return below, below, 0.0
        return below, above, math.log(side / below) / math.log(above / below)

    def _matrices(self, stored: StoredMoments, statistic: StatisticName) -> Matrices:
        second = _unfold(stored.triangle, stored.means.shape[1])
        if statistic == self._statistic == "gram":
            return (second,)
        squares = [(torch.outer(mean, mean),) for mean in stored.means]
        (square,) = average(squares, (1.0,) * len(squares))
        if statistic == "gram":
            return (second + square,)
        return second if self._statistic == "moments" else second - square, square


def measure_style_flatness(style: StyleSource) -> list[Flatness]:
    """Tell where each image of a style is flat; see `StyleSource.flatness`. One that is not opaque counts as busy."""
    pictures = style.pictures(within_long_side(style.size, SIDE))
    return [measure_flatness(image) if opacity is None else ALL_BUSY for image, opacity in pictures]


def measure_subsets(
    style: StyleSource, size: "Size", reader: "FeatureReader", layers: "frozenset[Layer]", statistic: StatisticName
) -> "Mapping[StyleSubset, Mapping[Layer, Matrices]]":
    """Measure the flat places of a style's images and the busy ones; see `StyleSource.measure_subsets`.

    Of several images each counts alike.
    """
    found: dict[StyleSubset, list[Mapping[Layer, Matrices]]] = {"flat": [], "busy": []}
    for (image, opacity), flatness in zip(style.pictures(size), style.flatness(), strict=True):
        if min(image.shape[2:]) < smallest_side(layers):
            return {}  # a stored picture; a painting that narrow was refused
        visible = {layer: _visible(opacity, layer, reader.dtype) for layer in layers}
        weights: list[dict[Layer, Tensor | None]] = [visible, visible]  # one kind of places stands for both
        if flatness.contrast:
            flat = flatness.resize(image.shape[3], image.shape[2]).to(image)
            weights = [
                {layer: _weigh(plane, visible[layer], layer, reader.dtype) for layer in layers}
                for plane in (flat, 1 - flat)
            ]
        for subset, measured in zip(found, _measure(image, weights, reader, statistic), strict=True):
            found[subset].append({layer: STATISTICS[statistic].matrices(measured[layer]) for layer in layers})
    return {
        subset: {layer: average([one[layer] for one in each], (1.0,) * len(each)) for layer in layers}
        for subset, each in found.items()
        if each
    }


def _measure(
    image: Tensor,
    weights: "Sequence[Mapping[Layer, Tensor | None]]",
    reader: "FeatureReader",
    statistic: StatisticName,
) -> "list[Mapping[Layer, Measured]]":
    """Run the network, and measure an image with each of some weights of the positions of layers."""
    measure_part = STATISTICS[statistic]
    measured: list[dict[Layer, Measured]] = [{} for _ in weights]
    for part in reader.read(image, frozenset(weights[0])):
        for known, each in zip(measured, weights, strict=True):
            positions = each[part.layer]
            cut = None if positions is None else part.window.cut(positions)
            if cut is None or cut.any():
                found = measure_part.measure(part.features, cut)
                before = known.get(part.layer)
                known[part.layer] = found if before is None else measure_part.add(before, found)
    return list(measured)


def small_picture(image: "ImageSource") -> Tensor:
    """Give an image with a long side of `SMALL_SIDE`: (3, H, W) uint8; or (4, H, W), with its opacity, 0..255."""
    size = with_long_side(image.size, SMALL_SIDE)
    colors, opacity = image.resize(*size), image.opacity(*size)
    planes = colors if opacity is None else torch.cat([colors, 255 * opacity.to(colors)], dim=1)
    return planes[0].round().clamp(0, 255).byte()


def scale_small(small: Tensor, size: "Size") -> tuple[Tensor, Tensor | None]:
    """Give a small picture at a size, and how opaque it is: (1, 3, H, W), 0..255; (1, 1, H, W), 0..1, or None."""
    planes = resize(small.float().unsqueeze(0), *size).clamp(0, 255)
    return planes[:, :3], planes[:, 3:] / 255 if len(small) > 3 else None  # noqa: PLR2004 -- with opacity


def fold(matrix: Tensor) -> Tensor:
    """Give the upper triangle of a symmetric matrix (C, C), row by row: (C (C + 1) / 2,)."""
    rows, columns = torch.triu_indices(*matrix.shape)
    return matrix[rows, columns]


def _unfold(triangle: Tensor, channels: int) -> Tensor:
    """Give the symmetric matrix (C, C) of an upper triangle."""
    matrix = triangle.new_empty(channels, channels)
    rows, columns = torch.triu_indices(channels, channels)
    matrix[rows, columns] = triangle
    matrix[columns, rows] = triangle
    return matrix


def pool_palettes(palettes: Sequence[Tensor]) -> Tensor:
    """Make one palette of several, each (3, COLORS): they take turns, so that each has an equal share."""
    turn = torch.arange(palettes[0].shape[1])
    return torch.stack(list(palettes))[turn % len(palettes), :, turn].T.contiguous()  # (COLORS, 3) -> (3, COLORS)


def _weigh(plane: Tensor, visible: Tensor | None, layer: "Layer", dtype: torch.dtype) -> Tensor:
    """Weigh the positions of a layer by a plane (1, 1, H, W), among those that are visible."""
    grid = pool_to_layer(plane, layer).to(dtype)
    return grid if visible is None else grid * visible


def _visible(opacity: Tensor | None, layer: "Layer", dtype: torch.dtype) -> Tensor | None:
    """Weigh the positions of a layer: (1, 1, h, w), of the features' type; None for all alike.

    Beside what is transparent, features are those of an edge that nobody sees: where there is enough without, such
    positions do not count.
    """
    if opacity is None:
        return None
    grid = pool_to_layer(opacity, layer)
    inner = least_around(grid)
    weights = inner if inner.sum() >= _ENOUGH * grid.sum() else grid
    return weights.to(dtype) if weights.any() else None
