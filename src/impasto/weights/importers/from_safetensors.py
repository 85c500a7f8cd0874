"""safetensors: Impasto's own files, and any with torchvision's names."""

from pathlib import Path

from safetensors import safe_open
from torch import Tensor

from impasto.layers import Layer
from impasto.weights.architecture import tensor_names
from impasto.weights.importers import from_torch
from impasto.weights.importers.found import Found


def read(file: Path) -> Found:
    """Read the convolutions; the tensors are views of the memory-mapped file."""
    with safe_open(file, framework="pt") as opened:
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  a handle, not a dict
        stated = (opened.metadata() or {}).get("convention")
    if own := sorted(_own_layers(tensors)):
        pairs = [tensor_names(layer) for layer in own]
        return Found([(tensors[weight], tensors[bias]) for weight, bias in pairs], stated=stated)
    return from_torch.convolutions(file, tensors)


def _own_layers(tensors: dict[str, Tensor]) -> list[Layer]:
    """List the convolutions that have weights under Impasto's own names, `convB_N.weight`."""
    layers = [Layer.find(name.removesuffix(".weight")) for name in tensors if name.endswith(".weight")]
    return [layer for layer in layers if layer and layer.kind == "conv"]
