"""What describes a VGG beside its weights: its shape, the input that it takes, its measured activations.

Plain values: nothing here loads torch or reads a file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from impasto.layers import Layer

CHANNELS = (64, 128, 256, 512, 512)

FIRST = Layer(1, 1, "conv")
"""The convolution that takes pixels."""


@dataclass(frozen=True)
class Architecture:
    """The convolutional part of a VGG: five blocks of 3 x 3 convolutions, halved in size between them."""

    name: str
    blocks: tuple[int, ...]
    """Convolutions in each block: (2, 2, 3, 3, 3) is VGG-16, (2, 2, 4, 4, 4) VGG-19."""
    channels: tuple[int, ...] = CHANNELS
    """Channels of each block."""
    pruned: Mapping[Layer, int] = field(default_factory=dict)
    """Layers, as `reluB_N`, that have fewer channels than their block: their features are not those of a VGG."""

    def layers(self) -> list[Layer]:
        """List every `reluB_N`, in the order of the forward pass."""
        return [
            Layer(block, index, "relu") for block, count in enumerate(self.blocks, 1) for index in range(1, count + 1)
        ]

    def convolutions(self) -> list[tuple[Layer, int, int]]:
        """List every `convB_N` with its channels in and out, in the order of the forward pass."""
        layers = self.layers()
        outs = [self.pruned.get(layer, self.channels[layer.block - 1]) for layer in layers]
        return list(zip([layer.conv for layer in layers], [3, *outs[:-1]], outs, strict=True))

    def missing(self, wanted: Iterable[Layer]) -> list[Layer]:
        """List those of some layers whose features it does not have, in the order of the forward pass.

        A pruned network was distilled at its ReLUs: before them only its first layer is as it was.
        """
        there = {layer for layer in self.layers() if layer not in self.pruned}
        there |= {FIRST} if self.pruned else {layer.conv for layer in there}
        return sorted(layer for layer in wanted if layer not in there)


@dataclass(frozen=True)
class InputConvention:
    """What a network takes: `(scale * pixel - mean) / std`, channels in `order`, pixels 0..255."""

    name: str
    order: Literal["rgb", "bgr"]
    scale: float
    mean: tuple[float, float, float]
    """In the network's own channel order."""
    std: tuple[float, float, float]
    """In the network's own channel order."""


@dataclass(frozen=True)
class Activations:
    """Means over a set of pictures, measured for pixels 0..255: `normalize` and `average-scaled` pooling use them."""

    means: Mapping[str, float]
    """Mean ReLU activation of each convolution, by its name `convB_N`."""
    pool_gains: tuple[float, ...]
    """For each pooling layer, the factor on average pooling that keeps the mean of the next layer with max pooling."""


def tensor_names(layer: Layer) -> tuple[str, str]:
    """Name the weight and the bias of a layer's convolution: `convB_N.weight` and `convB_N.bias`."""
    return f"{layer.conv}.weight", f"{layer.conv}.bias"
