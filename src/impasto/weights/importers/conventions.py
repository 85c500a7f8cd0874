"""Which input a network expects, where its file does not say.

Nothing in the tensors shows it: a network fed 0..255 and one fed 0..1 both begin with kernels of a like size.
So a file is compared with those that are known, then taken for what its format usually holds, else refused.
"""

import hashlib
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from impasto.errors import WeightsError
from impasto.weights import registry
from impasto.weights.architecture import FIRST, Architecture, InputConvention
from impasto.weights.importers import from_safetensors
from impasto.weights.importers.found import Found
from impasto.wording import argument


def choose(file: Path, found: Found, architecture: Architecture) -> InputConvention:
    """Choose the convention that the file states, or that it is known to have, or that its format usually has.

    Raises:
        WeightsError: none of these is known.
    """
    name = found.stated or _known_kernel(found.convolutions[0][0]) or _known_file(file) or found.presumed
    if name is None:
        raise WeightsError(
            f"{file} is a {architecture.name} but does not tell which input it expects",
            f"Import it with {argument('convention')} given as one of {', '.join(registry.CONVENTIONS)}.",
        )
    return registry.convention(name)


def _known_kernel(weight: Tensor) -> str | None:
    """Recognize the networks that ship by their first layer, (64, 3, 3, 3), whatever file it came in."""
    for entry in registry.ENTRIES.values():
        if entry.bundled is None:
            continue
        with safe_open(entry.bundled, framework="pt") as bundled:
            caffe = from_safetensors.read_weight(entry.bundled, bundled, FIRST).float()
        for name, candidate in (("caffe", caffe), ("matconvnet", caffe.flip(1))):
            if torch.allclose(weight.float(), candidate, rtol=1e-2, atol=1e-3):
                return name
    return None


def _known_file(file: Path) -> str | None:
    with file.open("rb") as stream:
        return registry.KNOWN_FILES.get(hashlib.file_digest(stream, "sha256").hexdigest()[:8])
