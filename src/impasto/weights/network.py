"""A loaded network, ready for pixels: whatever it was trained on, it takes RGB, 0..255, minus a mean."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from impasto.weights import store

if TYPE_CHECKING:
    import torch

    from impasto.weights.registry import InputConvention


@dataclass(frozen=True)
class Network:
    """The convolutions of a VGG and what to subtract from its input."""

    name: str
    blocks: tuple[int, ...]
    """Convolutions in each block."""
    tensors: "dict[str, torch.Tensor]"
    """`convB_N.weight` (out, in, 3, 3) and `convB_N.bias` (out,), float16 or float32 as stored, views of the
    memory-mapped file where possible; `conv1_1.weight` is float32 and takes RGB, 0..255, minus `mean`."""
    mean: tuple[float, float, float]
    """RGB, 0..255."""


def load(name: str) -> Network:
    """Load a network: the bundled one, a fetched or imported one by name, or any weights file by its path.

    Raises:
        WeightsError: there is no such network, it is not fetched yet, or the file is not a VGG-16 or VGG-19.
    """
    from impasto.weights import importers  # noqa: PLC0415  loads torch

    trunk = importers.read(store.path(name))
    weight, mean = _for_pixels(trunk.tensors["conv1_1.weight"], trunk.convention)
    return Network(name, trunk.architecture.blocks, {**trunk.tensors, "conv1_1.weight": weight}, mean)


def _for_pixels(
    weight: "torch.Tensor", convention: "InputConvention"
) -> "tuple[torch.Tensor, tuple[float, float, float]]":
    """Fold the input convention into the first layer.

    (scale * x - mean) / std = (x - mean / scale) * (scale / std), channel by channel, and the padding stays zero:
    so the kernel (64, 3, 3, 3) takes the factor and the caller subtracts mean / scale.
    """
    weight = weight.float()  # before the factor, which float16 would round
    scaled = weight * weight.new_tensor([convention.scale / std for std in convention.std])[:, None, None]
    first, second, third = (value / convention.scale for value in convention.mean)
    if convention.order == "bgr":
        return scaled.flip(1), (third, second, first)
    return scaled, (first, second, third)
