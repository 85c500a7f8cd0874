"""The weights of a VGG in memory, from the file as it is to the form that the network runs on."""

import hashlib
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from impasto.errors import SettingsError
from impasto.layers import Layer
from impasto.weights.architecture import FIRST, Activations, Architecture, InputConvention, tensor_names
from impasto.wording import argument

FIRST_WEIGHT = tensor_names(FIRST)[0]


@dataclass(frozen=True)
class VGGWeights:
    """The convolutions of a VGG, the input that they take, and what was measured of them."""

    name: str
    """As the settings name the network, for messages."""
    architecture: Architecture
    tensors: dict[str, Tensor]
    """`convB_N.weight` (out, in, 3, 3) and `convB_N.bias` (out,)."""
    convention: InputConvention
    activations: Activations | None = None
    """None where they were never measured."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.tensors[FIRST_WEIGHT].device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the features."""
        return self.layer(FIRST)[1].dtype

    @property
    def mean(self) -> tuple[float, float, float]:
        """What is subtracted from pixels 0..255: RGB, once `for_pixels` was applied."""
        return self.convention.mean

    @property
    def pool_gains(self) -> tuple[float, ...]:
        """Factors of `average-scaled` pooling; none where they were never measured."""
        return self.activations.pool_gains if self.activations else ()

    def fingerprint(self) -> str:
        """Give the SHA-256 of what features depend on: the weights as float32, the input's mean and the pool gains."""
        digest = hashlib.sha256(repr((self.architecture.name, self.mean, self.pool_gains)).encode())
        for name in sorted(self.tensors):
            values = self.tensors[name].float().cpu().contiguous()
            digest.update(f"{name} {tuple(values.shape)}".encode())
            digest.update(values.numpy().data.cast("B"))
        return digest.hexdigest()

    def layer(self, layer: Layer) -> tuple[Tensor, Tensor]:
        """Look up weight (out, in, 3, 3) and bias (out,) of a layer's convolution."""
        weight, bias = tensor_names(layer)
        return self.tensors[weight], self.tensors[bias]

    def for_pixels(self) -> "VGGWeights":
        """Fold the input convention into the first layer, which then takes RGB, 0..255, minus `mean`.

        (scale * x - mean) / std = (x - mean / scale) * (scale / std), channel by channel, and the padding stays zero:
        so the kernel (64, 3, 3, 3) takes the factor and the caller subtracts mean / scale.
        """
        convention = self.convention
        weight = self.tensors[FIRST_WEIGHT].float()  # before the factor, which float16 would round
        weight = weight * weight.new_tensor([convention.scale / std for std in convention.std])[:, None, None]
        first, second, third = (value / convention.scale for value in convention.mean)
        mean = first, second, third
        if convention.order == "bgr":
            weight, mean = weight.flip(1), (third, second, first)
        pixels = InputConvention("pixels", "rgb", 1.0, mean, (1.0, 1.0, 1.0))
        return replace(self, tensors={**self.tensors, FIRST_WEIGHT: weight}, convention=pixels)

    def normalize(self) -> "VGGWeights":
        """Scale each convolution to a mean activation of 1 (Gatys et al. 2016, section 2).

        ReLU and pooling are homogeneous, so dividing weight and bias by the layer's own mean activation, and
        undoing the layer before in the weight, leaves the network's function the same up to a factor a layer.

        Raises:
            SettingsError: the activations were never measured.
        """
        if self.activations is None:
            problem = f"no activations were measured for {self.name}"
            raise SettingsError(problem, f"Use it without {argument('normalize')}.")
        tensors: dict[str, Tensor] = {}
        before = 1.0
        for layer in self.architecture.layers():
            mean = self.activations.means[str(layer.conv)]
            weight, bias = tensor_names(layer)
            tensors[weight] = self.tensors[weight].float() * (before / mean)
            tensors[bias] = self.tensors[bias].float() / mean
            before = mean
        return replace(self, tensors=tensors)

    def to(self, device: torch.device, dtype: torch.dtype) -> "VGGWeights":
        """Move to a device and to the type of the features; the weights that meet pixels stay unrounded."""
        moved = {name: tensor.to(device, dtype) for name, tensor in self.tensors.items()}
        if dtype.itemsize < torch.float32.itemsize:
            moved[FIRST_WEIGHT] = self.tensors[FIRST_WEIGHT].to(device, torch.float32)
        return replace(self, tensors=moved)
