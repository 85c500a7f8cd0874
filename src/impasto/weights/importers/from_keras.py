"""Keras' HDF5 weights: `.h5` of every age and `.weights.h5` of Keras 3, with or without the classifier.

The layouts differ in names and nesting (`block1_conv1/block1_conv1_W_1:0`, `model_weights/block1_conv1/block1_conv1/
kernel:0`, `layers/conv2d_1/vars/0`) but agree in this: a layer's arrays lie in one group, and the groups sort by
their numbers.

The HDF5 library follows a damaged index in circles once in some thousand damaged files; Ctrl-C does not reach it there.
"""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import h5py
import torch
from torch import Tensor

from impasto.errors import WeightsError
from impasto.weights.importers.found import Found, batch_normalized, from_hwio

_KERNEL_DIMENSIONS = 4


def read(file: Path) -> Found:
    """Read the convolutions; Keras' VGGs are Caffe's, kernels written (3, 3, in, out).

    Raises:
        WeightsError: the arrays are in other files, or are not those of a plain VGG.
    """
    with h5py.File(file, "r") as opened:
        layers = _layers(file, opened)
        if any(_is_normalization(arrays) for arrays in layers.values()):
            raise batch_normalized(file)
        kernels = [name for name, arrays in layers.items() if any(a.ndim == _KERNEL_DIMENSIONS for a in arrays)]
        return Found([_pair(file, name, layers[name]) for name in sorted(kernels, key=_natural)], stated="caffe")


def _layers(file: Path, opened: h5py.File) -> dict[str, list[Any]]:
    """The arrays of each group that has any; a saved optimizer's look like kernels and are left out."""
    layers: dict[str, list[Any]] = defaultdict(list)

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        _check_own(file, item)
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            layers[name.rpartition("/")[0]].append(item)

    _check_own(file, opened)
    opened.visititems(visit)
    return layers


def _check_own(file: Path, item: h5py.Group | h5py.Dataset) -> None:
    """Refuse what names other files: any file that the user may read could become part of a network that is passed on.

    Raises:
        WeightsError: an array, or a link to one, is in another file.
    """
    if isinstance(item, h5py.Dataset):
        elsewhere = bool(item.external) or item.is_virtual
    else:
        elsewhere = any(isinstance(item.get(name, getlink=True), h5py.ExternalLink) for name in item)
    if elsewhere:
        raise WeightsError(f"{file} keeps its arrays in other files", "Save the network as one file.")


def _is_normalization(arrays: list[Any]) -> bool:
    """Scale, shift, mean and variance: several vectors without a kernel."""
    return len(arrays) > 1 and all(array.ndim == 1 for array in arrays)


def _pair(file: Path, name: str, arrays: list[Any]) -> tuple[Tensor, Tensor]:
    kernels = [array for array in arrays if array.ndim == _KERNEL_DIMENSIONS]
    biases = [array for array in arrays if array.ndim == 1]
    if (len(kernels), len(biases)) != (1, 1):
        raise WeightsError(f"{file} has no single kernel and bias at '{name}'", "Save the weights of a plain VGG.")
    return from_hwio(kernels[0][()]), torch.from_numpy(biases[0][()])


def _natural(name: str) -> list[str | int]:
    """Sort `conv2d_10` after `conv2d_2`."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
