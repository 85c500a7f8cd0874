"""VGG-16 and VGG-19 as feature extractors (Simonyan and Zisserman, 2014)."""

from collections.abc import Callable, Iterable, MutableMapping
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.network.convolution import convolution
from impasto.core.network.pooling import Back, Pool, Pooling, average_pool, gated, max_pool
from impasto.errors import SettingsError
from impasto.layers import Layer
from impasto.weights.architecture import FIRST, Architecture
from impasto.weights.vgg_weights import VGGWeights

Features = dict[Layer, Tensor]
GradientHook = Callable[[Tensor | None], Tensor]
"""Adds a gradient at a layer to the one that is there already."""
Padding = Literal["zeros", "replicate"]


class BackwardTape:
    """Features, and the way back from them to the picture; each step's maps are let go once it is passed."""

    def __init__(self, *, way_back: bool = True) -> None:
        self.features: Features = {}
        self._steps: list[Layer | Back] = []
        self._way_back = way_back

    def record(self, step: Layer | Back) -> None:
        """Note how a gradient passes the operator that was just applied, or that gradients join at a layer."""
        if self._way_back:
            self._steps.append(step)

    def tap(self, layer: Layer, maps: Tensor) -> None:
        """Note the features of a layer."""
        self.features[layer] = maps
        self.record(layer)

    def gradient(self, joining: MutableMapping[Layer | None, list[GradientHook]]) -> Tensor | None:
        """Go back, once.

        Args:
            joining: for each layer what adds its gradient to the one that comes from deeper layers; taken away as
                the layer is passed.

        Returns:
            (1, 3, H, W), or None if nothing joined.
        """
        gradient: Tensor | None = None
        self.features.clear()
        while self._steps:
            step = self._steps.pop()
            if isinstance(step, Layer):
                joins = joining.pop(step, [])
                while joins:  # each holds its layer's features, and no name may outlive it
                    gradient = joins.pop(0)(gradient)
            elif gradient is not None:
                gradient = step(gradient)
        return gradient


class VGG:
    """The features of pictures at chosen layers; nothing past the last of them is built or computed.

    Args:
        weights: ready for pixels, on the device and in the type that the network runs in.
        layers: those whose features are read.
        pooling: between the blocks.
        padding: around the picture; between layers there are zeros.

    Raises:
        SettingsError: the network has no such layer.
    """

    def __init__(
        self, weights: VGGWeights, layers: Iterable[Layer], *, pooling: Pooling = "max", padding: Padding = "zeros"
    ) -> None:
        self.layers = frozenset(layers)
        self.dtype, self.mean = weights.dtype, weights.mean
        self._picture_dtype = weights.layer(FIRST)[0].dtype
        self._mean = torch.tensor(weights.mean, device=weights.device, dtype=self._picture_dtype).reshape(1, 3, 1, 1)
        self._replicate = padding == "replicate"
        self._pools = [
            _pool(pooling, block, weights.pool_gains) for block in range(len(weights.architecture.blocks) - 1)
        ]
        self._pool_rectifies = pooling == "max"
        self._convolutions = {
            layer: convolution(*weights.layer(layer), padding=0 if self._replicate and number == 0 else 1)
            for number, layer in enumerate(_used(weights.architecture, self.layers))
        }

    def __call__(self, image: Tensor) -> Features:
        """Run the network.

        Args:
            image: (1, 3, H, W), RGB, 0..255, in any floating type.

        Returns:
            (1, C, H', W') for each layer, in the type of the convolutions.
        """
        return self._run(image, BackwardTape(way_back=False)).features

    def record(self, image: Tensor) -> BackwardTape:
        """The same with the way back, from features to a picture (1, 3, H, W)."""
        return self._run(image, BackwardTape())

    @torch.no_grad()
    def _run(self, image: Tensor, tape: BackwardTape) -> BackwardTape:
        maps = self._entered(image, tape)
        order = list(self._convolutions)
        for layer, following in zip(order, [*order[1:], None], strict=True):
            if layer.index == 1 and layer.block > 1:
                maps, back = self._pools[layer.block - 2](maps)
                tape.record(back)
            maps = self._convolved(maps, layer, tape)
            if following is None or following.index > 1 or layer in self.layers or not self._pool_rectifies:
                tape.record(partial(gated, rectified=maps))
            if layer in self.layers:
                tape.tap(layer, maps)
        return tape

    def _entered(self, image: Tensor, tape: BackwardTape) -> Tensor:
        tape.record(lambda gradient: gradient.to(image.dtype, memory_format=torch.contiguous_format))
        centered = image - self._mean.to(image.dtype)
        if self._replicate:
            centered = F.pad(centered, (1, 1, 1, 1), mode="replicate")
            tape.record(_without_border)
        return centered.to(self._picture_dtype, memory_format=torch.channels_last)

    def _convolved(self, maps: Tensor, layer: Layer, tape: BackwardTape) -> Tensor:
        kernel, before = self._convolutions[layer], layer.conv
        tapped = before in self.layers
        maps = kernel.forward(maps, rectify=not tapped)
        tape.record(kernel.backward)
        if tapped:
            tape.tap(before, maps)
            maps = F.relu(maps)
        return maps


def smallest_side(layers: Iterable[Layer]) -> int:
    """Pixels that a picture's short side needs so that the deepest of these layers still has one position."""
    deepest = max(layer.block for layer in layers)
    return 1 << (deepest - 1)


def _used(architecture: Architecture, wanted: frozenset[Layer]) -> list[Layer]:
    order = architecture.layers()
    for layer in sorted(wanted):
        if layer.relu not in order:
            raise SettingsError(f"the network has no layer {layer}", f"Its layers end at {order[-1]}.")
    last = max((layer.block, layer.index) for layer in wanted)
    return [layer for layer in order if (layer.block, layer.index) <= last]


def _without_border(gradient: Tensor) -> Tensor:
    """The gradient of a border that replicates the outermost pixels: it goes to those pixels."""
    gradient[:, :, 1] += gradient[:, :, 0]
    gradient[:, :, -2] += gradient[:, :, -1]
    gradient[..., 1] += gradient[..., 0]
    gradient[..., -2] += gradient[..., -1]
    return gradient[:, :, 1:-1, 1:-1]


def _pool(pooling: Pooling, block: int, gains: tuple[float, ...]) -> Pool:
    if pooling == "max":
        return max_pool
    if pooling == "average":
        return partial(average_pool, gain=1.0)
    if block >= len(gains):
        raise SettingsError("no average-scaled factors are known for this network", "Use --pooling average or max.")
    return partial(average_pool, gain=gains[block])
