"""An objective of an image whose tiles are computed elsewhere: on the machines of a cluster, or anywhere else.

Where no maps are kept between the blocks of the network, tiles know nothing of each other. All are measured; what they
measured is compared, once; then the gradient of each is computed. What is summed is summed here, in the order of the
tiles: the result does not depend on who computed which tile, nor on which was finished first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from impasto.core.losses.base import AdditiveLoss, Loss, Objective, PartLoss
from impasto.core.losses.objective import FeatureObjective
from impasto.core.losses.tiled import ImagePass, TiledObjective
from impasto.core.network.tiles import Tile, TiledVGG, TileSpec
from impasto.core.network.vgg import VGG, BackwardTape, NetworkDefinition
from impasto.errors import SettingsError
from impasto.wording import argument

if TYPE_CHECKING:
    from impasto.core.network.parts import Part
    from impasto.core.network.vgg import GradientHook
    from impasto.layers import Layer


@dataclass(frozen=True)
class LossTile:
    """A tile with its part of every loss of features: all that whoever computes it needs, beside network and pixels."""

    tile: Tile
    losses: "Mapping[Layer, Mapping[str, PartLoss]]"
    """At each layer that the network is to read, by the name of the loss."""

    @torch.no_grad()
    def measure(self, network: VGG, pixels: Tensor) -> list[tuple[str, Any]]:
        """Measure the features of the tile's pixels with their halo, (1, 3, h, w): by the name of each loss."""
        tape = BackwardTape(recording=False)
        self.tile.run(self._truncate(network), pixels, tape)
        return [
            (name, loss.measure(part.features))
            for part in self.tile.parts(tape.features)
            for name, loss in self.losses[part.layer].items()
        ]

    @torch.no_grad()
    def gradient(self, network: VGG, pixels: Tensor, differences: Mapping[str, Any]) -> Tensor:
        """Give the gradient with respect to the tile's pixels with their halo, (1, 3, h, w)."""

        def hooks(part: "Part") -> "list[GradientHook]":
            losses = self.losses[part.layer].items()
            return [loss.hook(part.features, differences[name]) for name, loss in losses]

        tape = BackwardTape()
        self.tile.run(self._truncate(network), pixels, tape)
        found = self.tile.gradient(tape, hooks)
        return torch.zeros_like(pixels) if found is None else found

    def _truncate(self, network: VGG) -> VGG:
        return network.truncate(frozenset(self.losses))


class TileMap(Protocol):
    """Computes the tiles of an image wherever it likes, in whatever order; what it yields is in the tiles' own."""

    def measure(self, pixels: Iterable[Tensor]) -> Iterator[list[tuple[str, Any]]]:
        """Yield what `LossTile.measure` gives for the pixels of each tile."""
        ...

    def gradients(self, differences: Mapping[str, Any]) -> Iterator[Tensor]:
        """Yield what `LossTile.gradient` gives for each tile, at the pixels that were measured last."""
        ...


class TileMapper(Protocol):
    """A place where tiles are computed, which has the network."""

    @property
    def side(self) -> int:
        """Of a tile, pixels: what is no larger than one such tile is not worth the way."""
        ...

    def open(self, tiles: Iterable[LossTile]) -> TileMap:
        """Take the tiles of images of one size, of which many are to be evaluated."""
        ...


class TileCluster(Protocol):
    """Machines that compute tiles; `impasto.cluster.tiles` has those of a Ray cluster."""

    @property
    def side(self) -> int:
        """Of a tile, pixels: larger pictures are computed there, tile by tile, all others in this process."""
        ...

    def with_network(self, load: Callable[[], NetworkDefinition]) -> TileMapper:
        """Give the place where tiles are computed with a network, which is asked for when it is first needed.

        Args:
            load: loads it; two that are equal load the same.
        """
        ...


def feature_objective(
    reader: VGG | TiledVGG, losses: Sequence[Loss], size: tuple[int, int], mapper: TileMapper | None = None
) -> Objective:
    """Make the objective of losses for images of a size (height, width): in one piece, in tiles, or in tiles elsewhere.

    Raises:
        ValueError: there is no loss, or two have one name.
        SettingsError: tiles are to be computed elsewhere, and a loss cannot be had from parts.
    """
    network = reader if isinstance(reader, VGG) else reader.network
    if mapper is not None:
        _check_additive(losses)
        if size[0] * size[1] > mapper.side**2:
            return MappedObjective(network, losses, size, mapper)
    if isinstance(reader, VGG) or reader.sees_whole(*size):
        return FeatureObjective(network, losses)
    return TiledObjective(reader, losses)


class MappedObjective(TiledObjective):
    """A `TiledObjective` for images of one size, whose tiles are computed elsewhere.

    Args:
        network: gives features at every layer that a loss reads.
        losses: one or more; those of features are additive.
        size: height and width of the images.
        mapper: where the tiles are computed.

    Raises:
        ValueError: there is no loss, or two have one name.
    """

    def __init__(self, network: VGG, losses: Sequence[Loss], size: tuple[int, int], mapper: TileMapper) -> None:
        super().__init__(TiledVGG(network, TileSpec(mapper.side, keep=())), losses)
        self._tiles = self._network.tiles(*size)
        self._map = mapper.open(self._with_losses(tile, network) for tile in self._tiles)

    def _open(self, image: Tensor) -> ImagePass:
        return _PassElsewhere(self._map, self._tiles, image)

    def _with_losses(self, tile: Tile, network: VGG) -> LossTile:
        return LossTile(
            tile,
            {
                layer: {loss.name: loss.cut(tile.owned(layer.block)).copy() for loss in self._at_layer[layer]}
                for layer in network.layers
            },
        )


class _PassElsewhere:
    """Both ways through a map over the tiles."""

    def __init__(self, tile_map: TileMap, tiles: Sequence[Tile], image: Tensor) -> None:
        self._map, self._tiles, self._image = tile_map, tiles, image

    def measure(self) -> Iterator[tuple[str, Any]]:
        """See `ImagePass.measure`."""
        for found in self._map.measure(tile.cut(self._image) for tile in self._tiles):
            yield from found

    def gradient(self, differences: Mapping[str, Any]) -> Tensor:
        """See `ImagePass.gradient`; where tiles overlap by their halos, their gradients add up."""
        gradient = torch.zeros_like(self._image)
        for tile, own in zip(self._tiles, self._map.gradients(differences), strict=True):
            tile.outer.cut(gradient).add_(own)
        return gradient


def _check_additive(losses: Iterable[Loss]) -> None:
    """Refuse losses that need all features of their layer at once.

    Raises:
        SettingsError: there is one.
    """
    for loss in losses:
        if loss.layer is not None and not isinstance(loss, AdditiveLoss):
            problem = f"the loss '{loss.name}' needs all features of {loss.layer} at once, which no machine has"
            raise SettingsError(problem, f"Leave it out, or paint without {argument('cluster')}.")
