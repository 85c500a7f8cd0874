"""Style targets that are measured once: a stylizer keeps them for the next photograph with the same painting."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from impasto.core import StyleImage
from impasto.core.flatness import Flatness
from impasto.core.images import ImageSource
from impasto.core.losses.guided import StyleSubset
from impasto.core.losses.statistics import Matrices, StatisticName
from impasto.core.network.parts import FeatureReader
from impasto.images import Picture
from impasto.images.picture import bands
from impasto.layers import Layer
from impasto.sizing import Size

MOST_BYTES = 64 * 2**20
"""Of the tensors that are kept: those of some five paintings at the scales of the default."""

_Kept = (
    Tensor
    | Flatness
    | Sequence[Flatness]
    | Matrices
    | Mapping[Layer, Matrices]
    | Mapping[StyleSubset, Mapping[Layer, Matrices]]
)
_Target = TypeVar("_Target", bound=_Kept)


class TargetCache:
    """What was measured of style images: the latest of it, up to a number of bytes."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, measure: Callable[[], _Target]) -> _Target:
        """Give what is kept under a key, or measure and keep it; nobody may change it."""
        if key in self._kept:
            self._kept.move_to_end(key)
            known: _Target = self._kept[key]
            return known
        found = measure()
        self._kept[key] = found
        while self.bytes > self._most:
            self._kept.popitem(last=False)
        return found

    @property
    def bytes(self) -> int:
        """Of all that is kept."""
        return sum(_count_bytes(target) for target in self._kept.values())


class CachedStyle(StyleImage):
    """A style image of which a cache knows what was measured before.

    Args:
        image: the picture as a source of tensors.
        picture: the same, of whose pixels the key is made: so a crop or other colors make another.
        cache: keeps what is measured.
        run: whatever else it depends on: the network, and where and how that runs.
    """

    def __init__(self, image: ImageSource, picture: Picture, cache: TargetCache, run: Hashable) -> None:
        super().__init__(image)
        self._picture, self._cache, self._run = picture, cache, run

    def measure(
        self, size: Size, reader: FeatureReader, layers: frozenset[Layer], statistic: StatisticName
    ) -> Mapping[Layer, Matrices]:
        """See `StyleSource.measure`."""
        key = self._digest, size, self._run, layers, statistic
        measure = super().measure
        return self._cache.get(key, lambda: measure(size, reader, layers, statistic))

    def measure_subsets(
        self, size: Size, reader: FeatureReader, layers: frozenset[Layer], statistic: StatisticName
    ) -> Mapping[StyleSubset, Mapping[Layer, Matrices]]:
        """See `StyleSource.measure_subsets`."""
        key = self._digest, size, self._run, layers, statistic, "subsets"
        measure_subsets = super().measure_subsets
        return self._cache.get(key, lambda: measure_subsets(size, reader, layers, statistic))

    def flatness(self) -> list[Flatness]:
        """See `StyleSource.flatness`."""
        return self._cache.get((self._digest, "flatness"), super().flatness)

    def palette(self, size: Size) -> Tensor:
        """See `StyleSource.palette`."""
        palette = super().palette
        return self._cache.get((self._digest, size), lambda: palette(size))

    @cached_property
    def _digest(self) -> str:
        return digest_pixels(self._picture)


def digest_pixels(picture: Picture) -> str:
    """Give the digest of a picture's colors and its alpha."""
    digest = hashlib.sha256()
    for plane in (picture.colors, picture.alpha):
        if plane is not None:
            digest.update(f"{plane.dtype} {plane.shape}".encode())
            for rows in bands(picture.height, picture.width):
                digest.update(np.ascontiguousarray(plane[rows]).data.cast("B"))
    return digest.hexdigest()


def _count_bytes(target: "_Kept") -> int:
    if isinstance(target, Flatness):
        return target.plane.nbytes
    if isinstance(target, Tensor):
        return target.nbytes
    return sum(_count_bytes(each) for each in (target.values() if isinstance(target, Mapping) else target))
