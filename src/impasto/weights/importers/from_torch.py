"""torch state dicts with torchvision's names, `features.N.weight`, or Keras', `blockB_convN.weight` or `.kernel`."""

import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.errors import WeightsError
from impasto.layers import Layer
from impasto.weights.importers.found import Found, batch_normalized

# `features.` may be missing where only that part was saved, and preceded by the name of a wrapper.
_NAME = re.compile(r"(?:(?:.*\.)?features\.)?(\d+)\.weight")
# Keras writes `block1_conv1/kernel:0`; who copies its arrays writes them with a point, and as `weight` if reordered.
_KERAS_NAME = re.compile(r"(?:.*[./])?(?P<layer>block\d_conv\d)[./](?P<array>weight|kernel)(?P<version>(:0)?)")
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
    return convolutions(file, _flatten(loaded))


def convolutions(file: Path, tensors: dict[str, Tensor]) -> Found:
    """Pick the convolutions of `features`, or those with Keras' names, out of a state dict.

    Raises:
        WeightsError: the network has batch normalization, or a convolution lacks its bias.
    """
    if any(name.endswith("running_mean") for name in tensors):
        raise batch_normalized(file)
    if named := _with_keras_names(file, tensors):
        return named
    numbered = [(int(match[1]), name) for name in tensors if (match := _NAME.fullmatch(name))]
    pairs = [
        (tensors[name], _bias(file, tensors, name))
        for _, name in sorted(numbered)
        if tensors[name].ndim == _KERNEL_DIMENSIONS
    ]
    return Found(pairs, presumed="torchvision")


def _flatten(loaded: dict[Any, Any]) -> dict[str, Tensor]:
    """List the tensors of a state dict, and of the dicts in it, `layer.array`."""
    tensors = {str(name): value for name, value in loaded.items() if isinstance(value, Tensor)}
    for name, value in loaded.items():
        if isinstance(value, dict):
            tensors |= {f"{name}.{key}": array for key, array in value.items() if isinstance(array, Tensor)}
    return tensors


def _with_keras_names(file: Path, tensors: dict[str, Tensor]) -> Found | None:
    """Pick the convolutions with Keras' names, whose VGGs are Caffe's; None where there are none."""
    layers = []
    for name, kernel in tensors.items():
        match = _KERAS_NAME.fullmatch(name)
        layer = Layer.find(match["layer"]) if match else None
        if match and layer:
            bias = _bias(file, tensors, name, f"{match['array']}{match['version']}", f"bias{match['version']}")
            layers.append((layer, _to_oihw(kernel), bias))
    pairs = [(kernel, bias) for _, kernel, bias in sorted(layers, key=lambda found: found[0])]
    return Found(pairs, presumed="caffe") if pairs else None


def _to_oihw(kernel: Tensor) -> Tensor:
    """Bring a kernel that is (h, w, in, out), as Keras has it, to (out, in, h, w); by its shape, whatever its name."""
    if kernel.ndim == _KERNEL_DIMENSIONS and kernel.shape[:2] == (3, 3) and kernel.shape[2:] != (3, 3):
        return kernel.permute(3, 2, 0, 1).contiguous()
    return kernel


def _bias(file: Path, tensors: dict[str, Tensor], name: str, ending: str = "weight", other: str = "bias") -> Tensor:
    """Find the bias of a kernel, whose name has another ending."""
    bias = name.removesuffix(ending) + other
    if bias not in tensors and other.endswith(":0"):  # some write only the kernel's name in full
        bias = bias.removesuffix(":0")
    if bias not in tensors:
        raise WeightsError(f"{file} has {name} but no {bias}", "Export the whole state dict again.")
    return tensors[bias]
