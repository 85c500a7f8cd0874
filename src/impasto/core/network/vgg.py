"""VGG-16 and VGG-19 as feature extractors (Simonyan and Zisserman, 2014)."""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.network.convolution import convolution
from impasto.core.network.pooling import Back, Pool, Pooling, average_pool, gated, max_pool
from impasto.errors import SettingsError
from impasto.layers import Layer

Features = dict[Layer, Tensor]
GradientHook = Callable[[Tensor | None], Tensor]
"""Adds a gradient at a layer to the one that is there already."""
Padding = Literal["zeros", "replicate"]


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

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.tensors["conv1_1.weight"].device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the features."""
        return self.tensors["conv1_1.bias"].dtype

    def of(self, layer: Layer) -> tuple[Tensor, Tensor]:
        """Weight (out, in, 3, 3) and bias (out,) of a layer's convolution."""
        name = _convolution(layer)
        return self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]

    def to(self, device: torch.device, dtype: torch.dtype) -> "Trunk":
        """The same trunk on a device, in the type of the convolutions; the weights that meet pixels stay unrounded."""
        moved = {name: tensor.to(device, dtype) for name, tensor in self.tensors.items()}
        if dtype.itemsize < torch.float32.itemsize:
            moved["conv1_1.weight"] = self.tensors["conv1_1.weight"].to(device, torch.float32)
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

    Raises:
        SettingsError: the network has no such layer.
    """

    def __init__(
        self, trunk: Trunk, layers: Iterable[Layer], *, pooling: Pooling = "max", padding: Padding = "zeros"
    ) -> None:
        self.layers = frozenset(layers)
        self.dtype = trunk.dtype
        self.mean = trunk.mean
        self._picture_dtype = trunk.tensors["conv1_1.weight"].dtype
        self._mean = torch.tensor(trunk.mean, device=trunk.device, dtype=self._picture_dtype).reshape(1, 3, 1, 1)
        self._replicate = padding == "replicate"
        self._pools = [_pool(pooling, block, trunk.pool_gains) for block in range(len(trunk.blocks) - 1)]
        self._pool_rectifies = pooling == "max"
        self._convolutions = {
            layer: convolution(*trunk.of(layer), padding=0 if self._replicate and number == 0 else 1)
            for number, layer in enumerate(_used(trunk.blocks, self.layers))
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
        kernel, before = self._convolutions[layer], Layer(layer.block, layer.index, "conv")
        tapped = before in self.layers
        maps = kernel.forward(maps, rectify=not tapped)
        tape.record(kernel.backward)
        if tapped:
            tape.tap(before, maps)
            maps = F.relu(maps)
        return maps


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
