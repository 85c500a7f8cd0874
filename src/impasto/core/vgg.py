"""VGG-16 and VGG-19 as feature extractors (Simonyan and Zisserman, 2014)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.errors import SettingsError
from impasto.layers import Layer

Features = dict[Layer, Tensor]
Pooling = Literal["max", "average", "average-scaled"]
Padding = Literal["zeros", "replicate"]

POOL = 2


@dataclass(frozen=True)
class Trunk:
    """The convolutions of a VGG, ready for a device, with their input convention.

    Attributes:
        blocks: convolutions per block: (2, 2, 3, 3, 3) is VGG-16, (2, 2, 4, 4, 4) VGG-19.
        tensors: `convB_N.weight` (out, in, 3, 3) and `convB_N.bias` (out,), for RGB input in 0..255 minus `mean`.
        mean: RGB, 0..255.
        pool_gains: factor per block that keeps the mean activation where average pooling replaces the maximum.
    """

    blocks: tuple[int, ...]
    tensors: Mapping[str, Tensor]
    mean: tuple[float, float, float]
    pool_gains: tuple[float, ...] = ()

    def to(self, device: torch.device, dtype: torch.dtype) -> "Trunk":
        """The same trunk on a device, in the type of the convolutions."""
        moved = {name: _placed(tensor, device, dtype) for name, tensor in self.tensors.items()}
        return Trunk(self.blocks, moved, self.mean, self.pool_gains)

    def normalized(self, activations: Mapping[str, float]) -> "Trunk":
        """Scale each convolution to a mean activation of 1 (Gatys et al. 2016, section 2).

        ReLU and pooling are homogeneous, so dividing weight and bias by the layer's own mean activation, and
        undoing the layer before in the weight, leaves the network's function the same up to a factor a layer.

        Args:
            activations: mean ReLU activation of each convolution by name, `conv1_1` and on.
        """
        tensors: dict[str, Tensor] = {}
        before = 1.0
        for layer in layers_of(self.blocks):
            name = _convolution(layer)
            mean = activations[name]
            tensors[f"{name}.weight"] = self.tensors[f"{name}.weight"].float() * (before / mean)
            tensors[f"{name}.bias"] = self.tensors[f"{name}.bias"].float() / mean
            before = mean
        return Trunk(self.blocks, tensors, self.mean, self.pool_gains)


class VGG:
    """The features of pictures at chosen layers; nothing past the last of them is built or computed.

    Raises:
        SettingsError: the network has no such layer.
    """

    def __init__(
        self, trunk: Trunk, layers: Iterable[Layer], *, pooling: Pooling = "max", padding: Padding = "zeros"
    ) -> None:
        self.layers = frozenset(layers)
        self._trunk = trunk
        self._padding = padding
        self._pools = [_pool(pooling, block, trunk.pool_gains) for block in range(len(trunk.blocks) - 1)]
        self._order = _used(trunk.blocks, self.layers)
        weight = trunk.tensors["conv1_1.weight"]
        self.dtype = weight.dtype
        self._mean = torch.tensor(trunk.mean, device=weight.device).reshape(1, 3, 1, 1)

    def __call__(self, image: Tensor) -> Features:
        """Run the network.

        Args:
            image: (1, 3, H, W), RGB, 0..255, in any floating type.

        Returns:
            (1, C, H', W') for each layer, in the type of the convolutions.
        """
        maps = (image - self._mean.to(image.dtype)).to(self.dtype).contiguous(memory_format=torch.channels_last)
        found: Features = {}
        for layer in self._order:
            if layer.index == 1 and layer.block > 1:
                maps = self._pools[layer.block - 2](maps)
            before = self._convolve(maps, layer)
            maps = F.relu(before)
            for tap, features in ((Layer(layer.block, layer.index, "conv"), before), (layer, maps)):
                if tap in self.layers:
                    found[tap] = features
        return found

    def _convolve(self, maps: Tensor, layer: Layer) -> Tensor:
        name = _convolution(layer)
        weight, bias = self._trunk.tensors[f"{name}.weight"], self._trunk.tensors[f"{name}.bias"]
        if self._padding == "replicate" and name == "conv1_1":
            return F.conv2d(F.pad(maps, (1, 1, 1, 1), mode="replicate"), weight, bias)
        return F.conv2d(maps, weight, bias, padding=1)


def layers_of(blocks: Iterable[int]) -> list[Layer]:
    """Every ReLU of a network, in the order of the forward pass."""
    return [Layer(block, index, "relu") for block, count in enumerate(blocks, 1) for index in range(1, count + 1)]


def smallest_side(layers: Iterable[Layer]) -> int:
    """Pixels that a picture's short side needs so that the deepest of these layers still has one position."""
    deepest = max(layer.block for layer in layers)
    return 1 << (deepest - 1)


def _used(blocks: tuple[int, ...], wanted: frozenset[Layer]) -> list[Layer]:
    order = layers_of(blocks)
    for layer in sorted(wanted):
        if Layer(layer.block, layer.index, "relu") not in order:
            raise SettingsError(f"the network has no layer {layer}", f"Its layers end at {order[-1]}.")
    last = max((layer.block, layer.index) for layer in wanted)
    return [layer for layer in order if (layer.block, layer.index) <= last]


def _convolution(layer: Layer) -> str:
    return f"conv{layer.block}_{layer.index}"


def _placed(tensor: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    moved = tensor.to(device=device, dtype=dtype)
    return moved.contiguous(memory_format=torch.channels_last) if moved.ndim == 4 else moved  # noqa: PLR2004


def _pool(pooling: Pooling, block: int, gains: tuple[float, ...]) -> Callable[[Tensor], Tensor]:
    if pooling == "max":
        return lambda maps: F.max_pool2d(maps, POOL)
    if pooling == "average":
        return lambda maps: F.avg_pool2d(maps, POOL)
    if block >= len(gains):
        raise SettingsError("no average-scaled factors are known for this network", "Use --pooling average or max.")
    return lambda maps: F.avg_pool2d(maps, POOL) * gains[block]
