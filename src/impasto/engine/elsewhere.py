"""Where the tiles of large pictures can be computed beside this process: a cluster, as the engine sees it."""

from collections.abc import Callable
from typing import Protocol

from impasto.core.losses.mapped import TileMapper
from impasto.core.network.vgg import NetworkDefinition


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
