"""What a reader hands over, and the errors that readers share."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.errors import WeightsError


@dataclass(frozen=True)
class Found:
    """The convolutions of a file, before anyone knows which network they are."""

    convolutions: list[tuple[Tensor, Tensor]]
    """(weight (out, in, h, w), bias (out,)), in the order of the forward pass."""
    stated: str | None = None
    """Input convention that the file or its format states."""
    presumed: str | None = None
    """Input convention to assume where nothing else is known."""


def from_hwio(kernel: NDArray[np.generic]) -> Tensor:
    """A kernel (h, w, in, out), as TensorFlow and MatConvNet write it, as (out, in, h, w)."""
    return torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())


def batch_normalized(file: Path) -> WeightsError:
    """The error for a network whose convolutions alone are not the whole of it."""
    return WeightsError(
        f"{file} is a VGG with batch normalization, which Impasto does not run",
        "Give the weights of the plain VGG-16 or VGG-19.",
    )
