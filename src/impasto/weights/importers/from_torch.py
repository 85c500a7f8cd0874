"""torch state dicts with torchvision's names: `features.N.weight` and `features.N.bias`."""

import pickle
import re
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from impasto.errors import WeightsError
from impasto.weights.importers.found import Found, batch_normalized

# `features.` may be missing where only that part was saved, and preceded by the name of a wrapper.
_NAME = re.compile(r"(?:(?:.*\.)?features\.)?(\d+)\.weight")
_KERNEL_DIMENSIONS = 4


def read(file: Path) -> Found:
    """Read a state dict, alone or under `state_dict`; only tensors and plain containers are unpickled."""
    # Files from before torch 1.6 cannot be mapped into memory.
    mapped = zipfile.is_zipfile(file)
    try:
        with file.open("rb") as stream:
            loaded = torch.load(file if mapped else stream, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError:
        raise WeightsError(
            f"{file} holds more than tensors, or is damaged, and Impasto runs no code from a weights file",
            "Save only the tensors: torch.save(model.state_dict(), file).",
        ) from None
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, dict):
        raise WeightsError(f"{file} holds no state dict", "Save one: torch.save(model.state_dict(), file).")
    return convolutions(file, {str(name): value for name, value in loaded.items() if isinstance(value, Tensor)})


def convolutions(file: Path, tensors: dict[str, Tensor]) -> Found:
    """Pick the convolutions of `features` out of a state dict.

    Raises:
        WeightsError: the network has batch normalization, or a convolution lacks its bias.
    """
    if any(name.endswith("running_mean") for name in tensors):
        raise batch_normalized(file)
    numbered = [(int(match[1]), name) for name in tensors if (match := _NAME.fullmatch(name))]
    pairs = [
        (tensors[name], _bias(file, tensors, name))
        for _, name in sorted(numbered)
        if tensors[name].ndim == _KERNEL_DIMENSIONS
    ]
    return Found(pairs, presumed="torchvision")


def _bias(file: Path, tensors: dict[str, Tensor], name: str) -> Tensor:
    bias = name.removesuffix("weight") + "bias"
    if bias not in tensors:
        raise WeightsError(f"{file} has {name} but no {bias}", "Export the whole state dict again.")
    return tensors[bias]
