"""Parts of an image's features: windows on the grid of a layer, and what is in them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor

from impasto.core.network.convolution import CHANNELS_LAST
from impasto.layers import Layer


@dataclass(frozen=True)
class Window:
    """A part of a grid of positions."""

    rows: range
    columns: range
    grid: tuple[int, int]
    """Height and width of the whole grid."""

    @classmethod
    def whole(cls, maps: Tensor) -> Self:
        """Give all of (1, C, h, w)."""
        height, width = maps.shape[2:]
        return cls(range(height), range(width), (height, width))

    @property
    def share(self) -> float:
        """How much of the grid it is, 0..1."""
        return len(self.rows) * len(self.columns) / (self.grid[0] * self.grid[1])

    def cut(self, maps: Tensor) -> Tensor:
        """Give the part of maps (1, C, h, w) of the whole grid; a view."""
        return maps[:, :, self.rows.start : self.rows.stop, self.columns.start : self.columns.stop]

    def inside(self, outer: Self) -> Self:
        """Give it as a part of a larger one."""
        rows = range(self.rows.start - outer.rows.start, self.rows.stop - outer.rows.start)
        columns = range(self.columns.start - outer.columns.start, self.columns.stop - outer.columns.start)
        return type(self)(rows, columns, (len(outer.rows), len(outer.columns)))

    def grown(self, halo: int) -> Self:
        """Give it with a halo, as far as the grid goes."""
        return type(self)(
            _grow(self.rows, halo, self.grid[0]),
            _grow(self.columns, halo, self.grid[1]),
            self.grid,
        )

    def pooled(self, factor: int) -> Self:
        """Give it on the grid of windows of `factor` x `factor` positions, of which it has whole ones."""
        rows, columns = (range(it.start // factor, it.stop // factor) for it in (self.rows, self.columns))
        return type(self)(rows, columns, (self.grid[0] // factor, self.grid[1] // factor))


@dataclass(frozen=True)
class Part:
    """The features of a layer in a window."""

    layer: Layer
    window: Window
    features: Tensor
    """(1, C, h, w), of the window alone."""


class FeatureReader(Protocol):
    """A network that gives the features of an image, in one part or in many."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the features."""
        ...

    def read(self, image: Tensor, layers: frozenset[Layer]) -> Iterator[Part]:
        """Yield the features of an image (1, 3, H, W), 0..255, in parts: those of a layer cover it once."""
        ...


def whole_features(parts: Iterable[Part]) -> dict[Layer, Tensor]:
    """Put the parts of each layer together: (1, C, h, w)."""
    features: dict[Layer, Tensor] = {}
    for part in parts:
        if part.window == Window.whole(part.features):
            features[part.layer] = part.features
            continue
        if part.layer not in features:
            features[part.layer] = empty_maps(part.features, part.window.grid)
        part.window.cut(features[part.layer]).copy_(part.features)
    return features


def empty_maps(like: Tensor, grid: tuple[int, int]) -> Tensor:
    """Make maps of a whole grid, of the channels and the type of a part."""
    return like.new_empty((1, like.shape[1], *grid)).contiguous(memory_format=CHANNELS_LAST)


def _grow(positions: range, halo: int, length: int) -> range:
    return range(max(0, positions.start - halo), min(length, positions.stop + halo))
