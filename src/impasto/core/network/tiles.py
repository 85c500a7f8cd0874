"""The network by tiles: the features of a large image, and the gradient back to it, in bounded memory.

A convolution sees its neighbours only, so a part of an image gives its own features to the last bit if enough of what
is around it, the halo, is computed along. How much is enough grows from block to block: 2 pixels for the first block of
VGG-16, 58 for all five. Blocks are therefore run one after the other over the whole image where the pooled maps between
them can be kept (`keep`), each with the small halo of its own; blocks between which nothing is kept share one.

The backward pass computes each tile's features once more, with what is needed to go back, from the last blocks to
the first: half a step's work more than in one piece, and the memory of a tile (Chen et al. 2016, "Training deep nets
with sublinear memory cost", do the same along the depth of a network).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from impasto.core.network.convolution import CHANNELS_LAST
from impasto.core.network.parts import Part, Window, empty_maps
from impasto.core.network.vgg import VGG, BackwardTape, Features, GradientHook
from impasto.layers import Layer

PartHook = Callable[[Part], Sequence[GradientHook]]
"""What adds the losses' gradient in a part."""


@dataclass(frozen=True)
class _Segment:
    """Blocks that are run in a row, with nothing kept between them."""

    blocks: range
    side: int
    """Of a tile, positions of its input."""
    halo: int
    """Positions of its input that its output sees beyond its own, a multiple of `factor`."""
    factor: int
    """How many positions of the input make one of the output, along each side."""

    def tiles(self, height: int, width: int) -> "Iterator[Tile]":
        """Cut the grid of its input into tiles of about the same size."""
        for top, bottom in pairwise(_borders(height, self.side, self.factor)):
            for left, right in pairwise(_borders(width, self.side, self.factor)):
                yield Tile(self, Window(range(top, bottom), range(left, right), (height, width)))


@dataclass(frozen=True)
class Tile:
    """A part of the input of some blocks, and the halo around it; plain values, for a process that has the network."""

    segment: _Segment
    own: Window
    """Without the halo."""

    @property
    def outer(self) -> Window:
        """With the halo, as far as the input goes."""
        return self.own.grown(self.segment.halo)

    @property
    def pooled(self) -> tuple[Window, Window]:
        """What it owns on the grid of the output, and that with the halo."""
        factor = self.segment.factor
        return self.own.pooled(factor), self.outer.pooled(factor)

    def owned(self, block: int) -> Window:
        """Give what it owns on the grid of the features of one of the blocks."""
        return self.own.pooled(1 << (block - self.segment.blocks[0]))

    def cut(self, maps: Tensor) -> Tensor:
        """Cut it with its halo out of the whole input, (1, C, h, w)."""
        memory_format = torch.contiguous_format if self.segment.blocks[0] == 1 else CHANNELS_LAST
        return self.outer.cut(maps).contiguous(memory_format=memory_format)

    def run(self, network: VGG, maps: Tensor, tape: BackwardTape) -> Tensor:
        """Run the blocks on what `cut` gave; returns their output, with the halo's."""
        return network.run(maps, tape, self.segment.blocks)

    def parts(self, features: Features) -> Iterator[Part]:
        """Cut what it owns out of the features with the halo."""
        for layer, maps in features.items():
            window = self.owned(layer.block)
            own = window.inside(self._outer_at(layer)).cut(maps)
            if own.numel():
                yield Part(layer, window, own.contiguous(memory_format=CHANNELS_LAST))

    def gradient(self, tape: BackwardTape, hooks: PartHook, begin: Tensor | None = None) -> Tensor | None:
        """Run backward after `run`, once; gives the gradient of its input with the halo, or None for none.

        Args:
            tape: that `run` recorded on.
            hooks: asked for what adds each part's gradient; what it gives may hold the part.
            begin: the gradient with respect to the output, where there is one.
        """
        added: dict[Layer | None, list[GradientHook]] = {}
        for part in self.parts(tape.features):
            if wanted := hooks(part):
                owned = part.window.inside(self._outer_at(part.layer))
                added[part.layer] = [_within(owned, tape.features[part.layer].shape, wanted)]
        return tape.gradient(added, begin)

    def _outer_at(self, layer: Layer) -> Window:
        return self.outer.pooled(1 << (layer.block - self.segment.blocks[0]))


@dataclass(frozen=True)
class TileSpec:
    """How images are seen by the network where they are too large for one piece."""

    side: int
    """Of a tile of the first block, pixels; deeper blocks, whose maps are smaller, have larger ones."""
    keep: tuple[int, ...] = (1, 2, 3, 4)
    """The blocks whose pooled maps are kept: 16, 8, 4 and 2 numbers for each pixel of the image in VGG."""
    whole: int = 0
    """Pixels up to which an image is seen in one piece all the same."""


class TiledVGG:
    """A network that sees a large image in tiles.

    Args:
        network: the network.
        tiles: how.
    """

    def __init__(self, network: VGG, tiles: TileSpec) -> None:
        self.network, self._spec = network, tiles
        last = network.blocks[-1]
        starts = [1, *(block + 1 for block in tiles.keep if block < last), last + 1]
        self.layers = network.layers
        self._segments = [_plan_segment(network, range(*blocks), tiles.side) for blocks in pairwise(starts)]

    def sees_whole(self, height: int, width: int) -> bool:
        """Tell whether an image of a size is seen in one piece."""
        return height * width <= self._spec.whole

    @property
    def dtype(self) -> torch.dtype:
        """See `FeatureReader.dtype`."""
        return self.network.dtype

    def read(self, image: Tensor, layers: frozenset[Layer]) -> Iterator[Part]:
        """See `FeatureReader.read`."""
        if self.sees_whole(*image.shape[2:]):
            return self.network.read(image, layers)
        return self.truncate(layers & self.network.layers).record(image).parts(keep=False)

    def truncate(self, layers: frozenset[Layer]) -> "TiledVGG":
        """See `VGG.truncate`."""
        return TiledVGG(self.network.truncate(layers), self._spec)

    def tiles(self, height: int, width: int) -> list[Tile]:
        """Cut an image of a size into tiles; where no maps are kept, these know nothing of each other."""
        return list(self._segments[0].tiles(height, width))

    def record(self, image: Tensor) -> "TiledPass":
        """Open a pass over an image: its parts, once, then its gradient."""
        return TiledPass(self.network, self._segments, image)


class TiledPass:
    """One forward and one backward pass over an image.

    Args:
        network: the network.
        segments: its blocks, in order.
        image: (1, 3, H, W), 0..255.
    """

    def __init__(self, network: VGG, segments: Sequence[_Segment], image: Tensor) -> None:
        self._network, self._segments = network, segments
        self._inputs = [image]  # of each segment whose features are computed

    @torch.no_grad()
    def parts(self, *, keep: bool = True) -> Iterator[Part]:
        """Run forward, and yield the features of each layer in parts.

        Args:
            keep: what the backward pass needs.
        """
        for number, segment in enumerate(self._segments):
            maps, output = self._inputs[-1], None
            if not keep:
                self._inputs.clear()
            for tile in segment.tiles(*maps.shape[2:]):
                tape = BackwardTape(recording=False)
                found = tile.run(self._network, tile.cut(maps), tape)
                yield from tile.parts(tape.features)
                if number + 1 < len(self._segments):
                    grid = maps.shape[2] // segment.factor, maps.shape[3] // segment.factor
                    output = empty_maps(found, grid) if output is None else output
                    own, outer = tile.pooled
                    own.cut(output).copy_(own.inside(outer).cut(found))
            if output is not None:
                self._inputs.append(output)

    @torch.no_grad()
    def gradient(self, hooks: PartHook) -> Tensor:
        """Run backward, once, after all parts were seen; gives (1, 3, H, W).

        Args:
            hooks: asked for what adds each part's gradient; what it gives may hold the part.
        """
        gradient: Tensor | None = None
        for segment in reversed(self._segments):
            maps = self._inputs.pop()
            below = torch.zeros_like(maps, memory_format=torch.preserve_format)
            for tile in segment.tiles(*maps.shape[2:]):
                tape = BackwardTape()
                found = tile.run(self._network, tile.cut(maps), tape)
                begin = None if gradient is None else _seed(gradient, found, *tile.pooled)
                del found
                own = tile.gradient(tape, hooks, begin)
                if own is not None:
                    tile.outer.cut(below).add_(own)
            gradient = below
        assert gradient is not None  # a network has at least one block
        return gradient


def _plan_segment(network: VGG, blocks: range, side: int) -> _Segment:
    """Plan a segment of blocks: a tile of twice the channels at half the resolution takes as much memory a position."""
    factor = 1 << (len(blocks) - (blocks[-1] == network.blocks[-1]))
    seen = sum(len(network.convolutions_in(block)) << (block - blocks[0]) for block in blocks)
    positions = max(factor, round(side / 2 ** ((blocks[0] - 1) / 2)))
    return _Segment(blocks, positions, -(-seen // factor) * factor, factor)


def _borders(length: int, side: int, factor: int) -> list[int]:
    """Cut a side of a grid into pieces of at most about `side` that begin at multiples of `factor`."""
    count = max(1, min(-(-length // side), length // factor))
    return [round(length * number / count / factor) * factor for number in range(count)] + [length]


def _seed(gradient: Tensor, found: Tensor, tile: Window, outer: Window) -> Tensor:
    """Give the gradient with respect to a tile's output: what is not its own is asked for by other tiles."""
    begin = torch.zeros_like(found)
    tile.inside(outer).cut(begin).copy_(tile.cut(gradient))
    return begin


def _within(owned: Window, shape: torch.Size, hooks: Sequence[GradientHook]) -> GradientHook:
    """Make a hook on a tile with its halo, of a shape, of one or more on what the tile owns."""

    def add_gradient(gradient: Tensor | None) -> Tensor:
        own: Tensor | None = None
        for hook in hooks:
            own = hook(own)
        assert own is not None  # there is at least one
        if gradient is None:
            gradient = own.new_zeros(shape).contiguous(memory_format=CHANNELS_LAST)
        owned.cut(gradient).add_(own)
        return gradient

    return add_gradient
