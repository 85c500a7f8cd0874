"""Reading a VGG from any of the formats that it is published in, without trusting the file.

A format is told by the first bytes, by the name's ending only where they do not tell. No reader unpickles.
Each reader lists the convolutions that it found in the order of the forward pass; what network they make is
decided here, once for all formats.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from impasto.errors import ImpastoError, OutOfMemoryError, WeightsError
from impasto.storage.limits import is_out_of_memory
from impasto.weights import registry
from impasto.weights.architecture import Architecture, tensor_names
from impasto.weights.importers import conventions
from impasto.weights.importers.found import Found
from impasto.weights.vgg_weights import VGGWeights

_SNIFF = 64


@dataclass(frozen=True)
class WeightsFormat:
    """One format of weights files."""

    title: str
    module: str
    """Module beside this one that reads it; imported when needed, for each pulls in another library."""
    suffixes: tuple[str, ...]
    magic: Callable[[bytes], bool]
    is_bounded: bool = False
    """Whether reading takes no more than a few times the file's bytes, so that the caller's own process may do it."""

    def read(self, file: Path) -> Found:
        module = importlib.import_module(f"{__name__}.{self.module}")
        return cast("Found", module.read(file))


FORMATS = (
    # Eight bytes of length, then a JSON object.
    WeightsFormat(
        "safetensors", "from_safetensors", (".safetensors",), lambda head: head[8:9] == b"{", is_bounded=True
    ),
    # A zip archive, or before torch 1.6 a bare pickle of protocol 2.
    WeightsFormat(
        "torch state dict", "from_torch", (".pth", ".pt"), lambda head: head.startswith((b"PK\x03\x04", b"\x80\x02"))
    ),
    WeightsFormat("Keras .h5", "from_keras", (".h5", ".hdf5"), lambda head: head.startswith(b"\x89HDF\r\n\x1a\n")),
    WeightsFormat("MatConvNet .mat", "from_matconvnet", (".mat",), lambda head: head.startswith(b"MATLAB ")),
    WeightsFormat("ONNX", "from_onnx", (".onnx",), lambda _: False),
)


def read(file: Path, *, convention: str | None = None) -> VGGWeights:
    """Read a weights file of any format, as it is: tensors of float16 or float32, the file's own input convention.

    Args:
        file: the file.
        convention: the input that the network expects; None takes what the file states or implies.

    Raises:
        WeightsError: the file cannot be read, is no weights file, is another network than VGG-16 or VGG-19, or
            does not tell which input it expects.
        OutOfMemoryError: there is too little memory to read it.
    """
    stated = registry.convention(convention) if convention else None
    form = detect_format(file)
    try:
        found = form.read(file)
        architecture, tensors = _recognize(file, found)
        return VGGWeights(str(file), architecture, tensors, stated or conventions.choose(file, found, architecture))
    except ImpastoError:
        raise
    except Exception as error:  # parsers of five libraries, fed bytes from anywhere: each fails in its own way
        if is_out_of_memory(error):
            problem = f"there is not enough memory to read {file}"
            raise OutOfMemoryError(problem, "End other programs, or use a smaller network.") from None
        reason = f"{type(error).__name__}: {error}"[:200]
        raise WeightsError(
            f"{file} is not a readable {form.title} file ({reason})",
            "It may be cut short or damaged: download or export it again.",
        ) from error


def detect_format(file: Path) -> WeightsFormat:
    """Tell the format of a weights file.

    Raises:
        WeightsError: the file cannot be read, or has none.
    """
    head = _head(file)
    for form in FORMATS:
        if form.magic(head):
            return form
    for form in FORMATS:
        if file.suffix.lower() in form.suffixes:
            return form
    known = ", ".join(form.title for form in FORMATS)
    raise WeightsError(f"{file} is not a weights file", f"Give one of these: {known}.")


def _head(file: Path) -> bytes:
    hint = "Give a weights file that you may read."
    if file.exists() and not file.is_file():
        raise WeightsError(f"{file} is {'a directory' if file.is_dir() else 'not a regular file'}", hint)
    try:
        with file.open("rb") as stream:
            head = stream.read(_SNIFF)
    except OSError as error:
        raise WeightsError(f"{file} cannot be read: {error.strerror}", hint) from None
    if not head:
        raise WeightsError(f"{file} is empty", "Download or export it again.")
    return head


def _recognize(file: Path, found: Found) -> tuple[Architecture, dict[str, Tensor]]:
    convolutions = _without_classifier(found.convolutions)
    shapes = [tuple(weight.shape) for weight, _ in convolutions]
    for architecture in registry.ARCHITECTURES.values():
        expected = architecture.convolutions()
        if shapes == [(after, before, 3, 3) for _, before, after in expected]:
            named = {}
            for (layer, _, after), (weight, bias) in zip(expected, convolutions, strict=True):
                if tuple(bias.shape) != (after,):
                    raise _wrong(file, f"a bias of shape {tuple(bias.shape)} at {layer}")
                for name, tensor in zip(tensor_names(layer), (weight, bias), strict=True):
                    named[name] = _to_float(tensor)
            return architecture, _finite(file, named)
    raise _wrong(file, _describe(shapes))


def _without_classifier(convolutions: list[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
    """Drop the classifier, which some files write as 7 x 7 and 1 x 1 convolutions at the end."""
    end = len(convolutions)
    while end and convolutions[end - 1][0].shape[2:] != (3, 3):
        end -= 1
    return convolutions[:end] or convolutions


def _to_float(tensor: Tensor) -> Tensor:
    """Convert to float32 what is neither float16 nor float32, one value after another in memory."""
    return (tensor if tensor.dtype in (torch.float16, torch.float32) else tensor.to(torch.float32)).contiguous()


def _finite(file: Path, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    for name, tensor in tensors.items():
        if not torch.stack(torch.aminmax(tensor)).isfinite().all():  # ten times as fast as isfinite of every value
            raise WeightsError(f"{file} holds values in {name} that are not numbers", "Download or export it again.")
    return tensors


def _wrong(file: Path, what: str) -> WeightsError:
    return WeightsError(
        f"{file} is not a VGG-16 or VGG-19: expected 13 or 16 3x3 convolutions with 64..512 channels, found {what}",
        "Give the weights of one of these two, with or without the classifier.",
    )


def _describe(shapes: list[tuple[int, ...]]) -> str:
    if not shapes:
        return "none"
    shown = ", ".join("x".join(map(str, shape)) for shape in shapes[:3])
    return f"{len(shapes)} ({shown}{', ...' if len(shapes) > 3 else ''})"  # noqa: PLR2004  three show the pattern
