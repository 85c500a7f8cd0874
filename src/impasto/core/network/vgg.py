"""VGG-16 and VGG-19 as feature extractors (Simonyan and Zisserman, 2014)."""

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.network.convolution import convolution
from impasto.core.network.parts import Part, Window
from impasto.core.network.pooling import Backward, Pool, Pooling, average_pool, max_pool, relu_backward
from impasto.errors import SettingsError
from impasto.layers import Layer
from impasto.weights.architecture import FIRST, Architecture
from impasto.weights.vgg_weights import VGGWeights
from impasto.wording import argument

Features = dict[Layer, Tensor]
GradientHook = Callable[[Tensor | None], Tensor]
"""Adds a loss's gradient at a layer to the one from deeper layers, None where there is none yet."""
Padding = Literal["zeros", "replicate"]


class BackwardTape:
    """Features, and the backward pass from them to the picture; each operator's maps are released once it is passed."""

    def __init__(self, *, recording: bool = True) -> None:
        self.features: Features = {}
        self._steps: list[Layer | Backward] = []
        self._recording = recording

    def record(self, step: Layer | Backward) -> None:
        """Record how a gradient passes the operator that was just applied, or that hooks are called at a layer."""
        if self._recording:
            self._steps.append(step)

    def capture(self, layer: Layer, maps: Tensor) -> None:
        """Capture the features of a layer."""
        self.features[layer] = maps
        self.record(layer)

    def gradient(
        self, hooks: MutableMapping[Layer | None, list[GradientHook]], gradient: Tensor | None = None
    ) -> Tensor | None:
        """Run the backward pass, once.

        Args:
            hooks: for each layer what adds to the gradient from deeper layers; removed as the layer is passed.
            gradient: with respect to what the forward pass gave on, where there is one; may be changed.

        Returns:
            (1, 3, H, W), or of the shape of the maps that the forward pass began with; None if there is no gradient.
        """
        self.features.clear()
        while self._steps:
            step = self._steps.pop()
            if isinstance(step, Layer):
                at_layer = hooks.pop(step, [])
                while at_layer:  # each holds its layer's features, and no name may outlive it
                    gradient = at_layer.pop(0)(gradient)
            elif gradient is not None:
                gradient = step(gradient)
        return gradient


@dataclass(frozen=True)
class NetworkDefinition:
    """The weights and options of a network: all that another process needs to build the same one; picklable."""

    weights: VGGWeights
    """In the type that it runs in, on the CPU."""
    layers: frozenset[Layer]
    pooling: Pooling
    padding: Padding

    def build(self, device: torch.device) -> "VGG":
        """Build it on a device."""
        weights = self.weights.to(device, self.weights.dtype)
        return VGG(weights, self.layers, pooling=self.pooling, padding=self.padding)


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
        blocks = len(weights.architecture.blocks)
        self._pools = [_choose_pool(pooling, block, weights.pool_gains) for block in range(blocks - 1)]
        self._pool_rectifies = pooling == "max"
        self._convolutions = {
            layer: convolution(*weights.layer(layer), padding=0 if self._replicate and number == 0 else 1)
            for number, layer in enumerate(_layers_needed(weights.architecture, self.layers))
        }

    def __call__(self, image: Tensor) -> Features:
        """Run the network.

        Args:
            image: (1, 3, H, W), RGB, 0..255, in any floating type.

        Returns:
            (1, C, H', W') for each layer, in the type of the convolutions.
        """
        tape = BackwardTape(recording=False)
        self.run(image, tape, self.blocks)
        return tape.features

    def read(self, image: Tensor, layers: frozenset[Layer]) -> Iterator[Part]:
        """See `FeatureReader.read`: each layer in one part."""
        for layer, features in self.truncate(layers & self.layers)(image).items():
            yield Part(layer, Window.whole(features), features)

    def truncate(self, layers: frozenset[Layer]) -> "VGG":
        """Give a network that reads only some of its layers, one or more, and computes nothing past the last of them.

        The two share their convolutions.

        Raises:
            ValueError: it does not read one of them.
        """
        if layers == self.layers:
            return self
        if missing := layers - self.layers:
            raise ValueError(f"the network does not read {', '.join(map(str, sorted(missing)))}")
        truncated, needed = copy(self), _layers_up_to(self._convolutions, layers)
        truncated.layers = layers
        truncated._convolutions = {layer: self._convolutions[layer] for layer in needed}  # noqa: SLF001 - its own
        return truncated

    def record(self, image: Tensor) -> BackwardTape:
        """Run the network and record the backward pass, from features to a picture (1, 3, H, W)."""
        tape = BackwardTape()
        self.run(image, tape, self.blocks)
        return tape

    @property
    def blocks(self) -> range:
        """Those that are computed, from 1."""
        return range(1, max(layer.block for layer in self._convolutions) + 1)

    def convolutions_in(self, block: int) -> list[Layer]:
        """List the convolutions of a block that are computed, as `reluB_N`."""
        return [layer for layer in self._convolutions if layer.block == block]

    @torch.no_grad()
    def run(self, maps: Tensor, tape: BackwardTape, blocks: range) -> Tensor:
        """Run blocks in a row, and record their features and their backward pass.

        Args:
            maps: the image (1, 3, H, W) for the first block, or what `run` gave of the block before.
            tape: what is recorded on.
            blocks: one or more, by number.

        Returns:
            The pooled maps that the next block takes, (1, C, h, w); those of the last layer where it is the last block.
        """
        if blocks[0] == 1:
            maps = self._preprocess(maps, tape)  # (1, 3, H, W) -> (1, 3, H, W), or (1, 3, H+2, W+2) with a border
        for block in blocks:
            layers, pooled = self.convolutions_in(block), block < self.blocks[-1]
            for layer in layers:
                maps = self._convolve(maps, layer, tape)  # (1, C, h, w) -> (1, C', h, w)
                if layer != layers[-1] or not pooled or layer in self.layers or not self._pool_rectifies:
                    tape.record(partial(relu_backward, rectified=maps))
                if layer in self.layers:
                    tape.capture(layer, maps)
            if pooled:
                maps, backward = self._pools[block - 1](maps)  # (1, C, h, w) -> (1, C, h/2, w/2)
                tape.record(backward)
        return maps

    def _preprocess(self, image: Tensor, tape: BackwardTape) -> Tensor:
        """Subtract the mean and pad with the outermost pixels where that is asked for."""
        tape.record(lambda gradient: gradient.to(image.dtype, memory_format=torch.contiguous_format))
        centered = image - self._mean.to(image.dtype)  # (1, 3, H, W) - (1, 3, 1, 1)
        if self._replicate:
            centered = F.pad(centered, (1, 1, 1, 1), mode="replicate")  # (1, 3, H, W) -> (1, 3, H+2, W+2)
            tape.record(_replicate_backward)
        return centered.to(self._picture_dtype, memory_format=torch.channels_last)

    def _convolve(self, maps: Tensor, layer: Layer, tape: BackwardTape) -> Tensor:
        """Apply a convolution and its ReLU; the two are apart only where features between them are read."""
        kernel, before_relu = self._convolutions[layer], layer.conv
        captured = before_relu in self.layers
        maps = kernel.forward(maps, rectify=not captured)  # (1, C, h, w) -> (1, C', h, w)
        tape.record(kernel.backward)
        if captured:
            tape.capture(before_relu, maps)
            maps = F.relu(maps)
        return maps


def smallest_side(layers: Iterable[Layer]) -> int:
    """Compute how many pixels a picture's short side needs for one position at the deepest of these layers."""
    deepest = max(layer.block for layer in layers)
    return 1 << (deepest - 1)


def _layers_needed(architecture: Architecture, wanted: frozenset[Layer]) -> list[Layer]:
    """List the layers up to the last that is wanted."""
    order = architecture.layers()
    for layer in architecture.missing(wanted):
        if layer.relu in order:
            problem = f"the pruned network does not have the features of VGG-16 at {layer}"
            raise SettingsError(problem, f"Use {argument('network', 'vgg16')}.")
        block = [each for each in order if each.block == layer.block]
        raise SettingsError(f"the network has no layer {layer}", f"Its block {layer.block} ends at {block[-1]}.")
    return _layers_up_to(order, wanted)


def _layers_up_to(order: Iterable[Layer], wanted: frozenset[Layer]) -> list[Layer]:
    last = max(layer.relu for layer in wanted)
    return [layer for layer in order if layer <= last]


def _replicate_backward(gradient: Tensor) -> Tensor:
    """Pass a gradient back through replicate padding: the border's goes to the outermost pixels."""
    gradient[:, :, 1] += gradient[:, :, 0]
    gradient[:, :, -2] += gradient[:, :, -1]
    gradient[..., 1] += gradient[..., 0]
    gradient[..., -2] += gradient[..., -1]
    return gradient[:, :, 1:-1, 1:-1]  # (1, 3, H+2, W+2) -> (1, 3, H, W)


def _choose_pool(pooling: Pooling, block: int, gains: tuple[float, ...]) -> Pool:
    if pooling == "max":
        return max_pool
    if pooling == "average":
        return partial(average_pool, gain=1.0)
    if block >= len(gains):
        remedy = f"Use {argument('pooling', 'average')} or max."
        raise SettingsError("no average-scaled factors are known for this network", remedy)
    return partial(average_pool, gain=gains[block])
