"""PyTorch's tensors as arrays; this loads no PyTorch: who has a tensor has loaded it."""

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError

if TYPE_CHECKING:
    from torch import Tensor

_OVERSHOOT = 0.25
"""Resampling leaves 0..1 by less; a tensor that was normalized for a network, to -1..1 or by a mean, by more."""


def is_tensor(source: Any) -> "TypeGuard[Tensor]":
    """Whether this is a tensor of PyTorch's."""
    kind = getattr(sys.modules.get("torch"), "Tensor", None)
    return kind is not None and isinstance(source, kind)


def to_array(tensor: "Tensor", name: str) -> NDArray[Any]:
    """Give a tensor (C, H, W) or (1, C, H, W) as an array (H, W, C) of the same values; halves become float32.

    Raises:
        ImageError: it has another shape, holds no values, or floats that are not of 0..1.
    """
    shape = tuple(tensor.shape)
    if len(shape) == 4 and shape[0] != 1:  # noqa: PLR2004 -- batch, channels, rows, columns
        raise ImageError(f"{name} is a batch of {shape[0]}", "Give one picture: tensor[0].")
    if len(shape) not in (3, 4) or shape[-3] not in (1, 2, 3, 4):
        turn = " Use permute(2, 0, 1)." if len(shape) == 3 and shape[-1] in (1, 2, 3, 4) else ""  # noqa: PLR2004
        raise ImageError(f"{name} has the shape {shape}", f"Give (C, H, W) with 1 to 4 channels.{turn}")
    try:
        values = tensor.detach().cpu()
        array = (values.float() if values.is_floating_point() and values.itemsize < 4 else values).numpy()  # noqa: PLR2004
    except (RuntimeError, TypeError) as error:
        raise ImageError(f"{name} has no values that can be read ({error})", "Give a dense tensor.") from None
    if not array.size:
        raise ImageError(f"{name} holds no values", "Give a picture of at least one pixel.")
    if np.issubdtype(array.dtype, np.floating) and (array.min() < -_OVERSHOOT or array.max() > 1 + _OVERSHOOT):
        problem = f"{name} holds floats from {array.min():g} to {array.max():g}"
        raise ImageError(problem, "Scale them to 0..1, or give uint8 0..255.")
    return array.reshape(shape[-3:]).transpose(1, 2, 0)
