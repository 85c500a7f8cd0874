"""MatConvNet's `.mat`: `imagenet-vgg-verydeep-16.mat`, `imagenet-vgg-verydeep-19.mat` and the like.

`layers` is a cell array of structs with `type`; a convolution has `weights`, a cell of filters (h, w, in, out) and
biases, or in the first releases `filters` and `biases` apart. The mean lies in `meta.normalization.averageImage`,
before that in `normalization.averageImage`, as three numbers or as a whole picture.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from impasto.errors import WeightsError
from impasto.weights import registry
from impasto.weights.importers import matlab
from impasto.weights.importers.found import Found, batch_normalized, from_hwio

_VERSION_WITH_HDF5 = b"MATLAB 7.3"
_MEAN_TOLERANCE = 1.0


def read(file: Path) -> Found:
    """Read the convolutions; these networks take RGB, 0..255, minus the mean."""
    with file.open("rb") as stream:
        if stream.read(len(_VERSION_WITH_HDF5)) == _VERSION_WITH_HDF5:
            raise WeightsError(f"{file} is of MATLAB version 7.3", "Save it with MATLAB's option -v7.")
    network = matlab.read(file)
    layers = network["layers"]
    if any(layer["type"] == "bnorm" for layer in layers):
        raise batch_normalized(file)
    return Found([_pair(layer) for layer in layers if layer["type"] == "conv"], stated=_convention(network))


def _pair(layer: dict[str, Any]) -> tuple[Tensor, Tensor]:
    filters, biases = layer["weights"][:2] if "weights" in layer else (layer["filters"], layer["biases"])
    # MATLAB drops axes of length 1 at the end.
    kernel = filters.reshape(filters.shape + (1,) * (4 - filters.ndim))
    return from_hwio(kernel), torch.from_numpy(biases.reshape(-1).copy())


def _convention(network: dict[str, Any]) -> str | None:
    """MatConvNet's, unless the file states another mean: then somebody else trained it."""
    normalization = network.get("meta", network).get("normalization", {})
    if "averageImage" not in normalization:
        return "matconvnet"
    mean = np.asarray(normalization["averageImage"], dtype=np.float64).reshape(-1, 3).mean(axis=0)
    expected = registry.CONVENTIONS["matconvnet"].mean
    return "matconvnet" if np.allclose(mean, expected, atol=_MEAN_TOLERANCE) else None
