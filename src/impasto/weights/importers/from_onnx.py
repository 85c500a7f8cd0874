"""ONNX: the initializers of the `Conv` nodes, in the order of the graph."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from impasto.errors import WeightsError, install_command
from impasto.weights.importers.found import Found, batch_normalized

_INPUTS_WITH_BIAS = 3


def read(file: Path) -> Found:
    """Read the convolutions; an ONNX file does not say how its input is prepared."""
    onnx = _library(file)
    # Data kept outside would let the file name any other file of this machine.
    graph = onnx.load(file, format="protobuf", load_external_data=False).graph
    operations = [node.op_type for node in graph.node]
    if not operations:
        raise WeightsError(f"{file} is not an ONNX network", "Download or export it again.")
    if "BatchNormalization" in operations:
        raise batch_normalized(file)
    initializers = {tensor.name: tensor for tensor in graph.initializer}
    pairs = [_pair(onnx, file, node, initializers) for node in graph.node if node.op_type == "Conv"]
    return Found(pairs)


def _library(file: Path) -> Any:
    try:
        import onnx  # noqa: PLC0415  an optional extra
    except ImportError:
        raise WeightsError(
            f"{file} is an ONNX file, and the package that reads it is not installed",
            f"Run: {install_command('onnx')}.",
        ) from None
    return onnx


def _pair(onnx: Any, file: Path, node: Any, initializers: dict[str, Any]) -> tuple[Tensor, Tensor]:
    names = list(node.input)[1:]
    stored = [initializers.get(name) for name in names]
    if len(node.input) != _INPUTS_WITH_BIAS or any(
        tensor is None or tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in stored
    ):
        raise WeightsError(
            f"{file} does not hold the kernel and the bias of its convolution '{node.name}'",
            "Export the network with its weights as initializers inside the file.",
        )
    weight, bias = (torch.from_numpy(np.array(onnx.numpy_helper.to_array(tensor))) for tensor in stored)
    return weight, bias
