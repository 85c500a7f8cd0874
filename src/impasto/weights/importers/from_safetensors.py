"""safetensors: Impasto's own files, of floats or of codes of 8 bits, and any with torchvision's names."""

from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from impasto.errors import WeightsError
from impasto.layers import Layer
from impasto.weights.architecture import tensor_names
from impasto.weights.importers import from_torch
from impasto.weights.importers.found import Found

_CODES = 256


def read(file: Path) -> Found:
    """Read the convolutions; floats are views of the memory-mapped file.

    Raises:
        WeightsError: codes are no indices of their layer's table.
    """
    with safe_open(file, framework="pt") as opened:
        stated = (opened.metadata() or {}).get("convention")
        if own := sorted(_own_layers(opened.keys())):
            pairs = [(read_weight(file, opened, layer), opened.get_tensor(tensor_names(layer)[1])) for layer in own]
            return Found(pairs, stated=stated)
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  a handle, not a dict
    return from_torch.convolutions(file, tensors)


def read_weight(file: Path, opened: Any, layer: Layer) -> Tensor:
    """Read the weight (out, in, 3, 3) of a layer: `convB_N.weight`, or `convB_N.table[convB_N.codes]`.

    Args:
        file: for messages.
        opened: the file, as `safe_open` gives it with `framework="pt"`.
        layer: the convolution.

    Raises:
        WeightsError: the codes are no indices of the table.
    """
    name = tensor_names(layer)[0]
    if name in opened.keys():  # noqa: SIM118  a handle, not a dict
        weight: Tensor = opened.get_tensor(name)
        return weight
    codes, table = (opened.get_tensor(f"{layer}.{part}") for part in ("codes", "table"))
    if codes.dtype != torch.uint8 or tuple(table.shape) != (_CODES,) or not table.is_floating_point():
        found = f"{codes.dtype} codes, and a {table.dtype} table of shape {tuple(table.shape)}".replace("torch.", "")
        expected = f"uint8, and floats of shape ({_CODES},)"
        raise WeightsError(f"{file} has {found}, at {layer}: expected {expected}", "Download or export it again.")
    decoded: Tensor = table.index_select(0, codes.flatten().int()).view(codes.shape)
    return decoded


def _own_layers(names: list[str]) -> set[Layer]:
    """List the convolutions that have weights under Impasto's own names, `convB_N.weight` or `convB_N.codes`."""
    layers = {Layer.find(name.rpartition(".")[0]) for name in names if name.endswith((".weight", ".codes"))}
    return {layer for layer in layers if layer and layer.kind == "conv"}
