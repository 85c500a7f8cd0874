"""safetensors: Impasto's own files, and any with torchvision's names."""

import re
from pathlib import Path

from safetensors import safe_open
from torch import Tensor

from impasto.weights.importers import from_torch
from impasto.weights.importers.found import Found

_OWN = re.compile(r"conv(\d)_(\d)\.weight")


def read(file: Path) -> Found:
    """Read the convolutions; the tensors are views of the memory-mapped file."""
    with safe_open(file, framework="pt") as opened:
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  a handle, not a dict
        stated = (opened.metadata() or {}).get("convention")
    own = sorted((int(match[1]), int(match[2]), name) for name in tensors if (match := _OWN.fullmatch(name)))
    if own:
        return Found([_pair(tensors, name) for _, _, name in own], stated=stated)
    return from_torch.convolutions(file, tensors)


def _pair(tensors: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return tensors[name], tensors[name.removesuffix("weight") + "bias"]
