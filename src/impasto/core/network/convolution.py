"""A 3x3 convolution and the gradient with respect to its input, in the fastest form that a device has.

Maps are (1, C, H, W) with the channels last in memory: a map is a matrix of positions and channels as well. The weights
never get a gradient, and the input's gradient is made of the kernel alone, so a step saves nothing for it.
"""

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

CHANNELS_LAST = torch.channels_last


class Convolution(Protocol):
    """Both directions of one layer."""

    def forward(self, maps: Tensor, *, rectify: bool) -> Tensor:
        """(1, C_in, H, W) to (1, C_out, H', W'), through the ReLU if `rectify`."""
        ...

    def backward(self, gradient: Tensor) -> Tensor:
        """The gradient with respect to the output of the convolution, to that with respect to its input."""
        ...


class Plain:
    """torch's own operators, on any device and in any type."""

    def __init__(self, weight: Tensor, bias: Tensor, padding: int) -> None:
        self._weight, self._bias, self._padding = weight.contiguous(memory_format=CHANNELS_LAST), bias, padding

    def forward(self, maps: Tensor, *, rectify: bool) -> Tensor:
        """See `Convolution.forward`."""
        found = F.conv2d(maps, self._weight, self._bias, padding=self._padding)
        return (found.relu_() if rectify else found).contiguous(memory_format=CHANNELS_LAST)

    def backward(self, gradient: Tensor) -> Tensor:
        """See `Convolution.backward`."""
        found = F.conv_transpose2d(gradient, self._weight, padding=self._padding)
        return found.contiguous(memory_format=CHANNELS_LAST)


class OneDNN:
    """oneDNN's operators with weights laid out once, and the ReLU applied before the maps leave the registers.

    The gradient of a convolution with stride 1 is a convolution too, with the kernel turned by 180 degrees and its
    channels exchanged; oneDNN's forward kernels are faster than its backward ones.
    """

    def __init__(self, weight: Tensor, bias: Tensor, padding: int) -> None:
        self._bias, self._padding, self._padding_back = bias, [padding] * 2, [weight.shape[2] - 1 - padding] * 2
        self._weight = _laid_out(weight, self._padding)
        self._weight_back = _laid_out(weight.flip(2, 3).transpose(0, 1), self._padding_back)

    @staticmethod
    def suits(weight: Tensor) -> bool:
        """Whether this device and this type have them."""
        if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
            return False
        there = hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        if weight.dtype == torch.bfloat16:
            return there and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - torch has no public name
        return there and weight.dtype == torch.float32

    def forward(self, maps: Tensor, *, rectify: bool) -> Tensor:
        """See `Convolution.forward`."""
        return _convolved(maps, self._weight, self._bias, self._padding, "relu" if rectify else "none")

    def backward(self, gradient: Tensor) -> Tensor:
        """See `Convolution.backward`."""
        return _convolved(gradient, self._weight_back, None, self._padding_back, "none")


class Split:
    """A first layer in half precision that sees its weights and the picture in full; its bias and its way back do not.

    Rounding pixels to 8 bits moves them by up to a quarter of a gray level; through the ReLUs and maxima that come
    after, half of the gradient's error would be due to that. A number is the sum of two of half the precision, and
    a product of two such sums is, but for a part in 2^16, that of three pairs: channels of one convolution.
    """

    def __init__(self, weight: Tensor, bias: Tensor, padding: int, dtype: torch.dtype) -> None:
        coarse, fine = _split(weight, dtype)
        self._dtype = dtype
        self._forward = convolution(torch.cat([coarse, coarse, fine], dim=1), bias.to(dtype), padding)
        self._back = convolution(coarse, bias.to(dtype), padding)

    def forward(self, maps: Tensor, *, rectify: bool) -> Tensor:
        """See `Convolution.forward`; takes maps in the weight's precision."""
        coarse, fine = _split(maps, self._dtype)
        wide = torch.cat([coarse, fine, coarse], dim=1).contiguous(memory_format=CHANNELS_LAST)
        return self._forward.forward(wide, rectify=rectify)

    def backward(self, gradient: Tensor) -> Tensor:
        """See `Convolution.backward`."""
        return self._back.backward(gradient)


def convolution(weight: Tensor, bias: Tensor, padding: int) -> Convolution:
    """A layer on the device of its weights.

    Args:
        weight: (C_out, C_in, 3, 3).
        bias: (C_out,), on the same device; of half precision where the maps that leave the layer are to be.
        padding: zeros around the input, 0 to 2.
    """
    if weight.dtype != bias.dtype:
        return Split(weight, bias, padding, bias.dtype)
    return (OneDNN if OneDNN.suits(weight) else Plain)(weight, bias, padding)


def _split(exact: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Two numbers of a shorter type that add up to one of a longer."""
    coarse = exact.to(dtype)
    return coarse, (exact - coarse.to(exact.dtype)).to(dtype)


def _laid_out(weight: Tensor, padding: list[int]) -> Tensor:
    weight = weight.contiguous(memory_format=CHANNELS_LAST)
    laid_out: Tensor = torch.ops.mkldnn._reorder_convolution_weight(weight, padding, [1, 1], [1, 1], 1)  # noqa: SLF001
    return laid_out


def _convolved(maps: Tensor, weight: Tensor, bias: Tensor | None, padding: list[int], then: str) -> Tensor:
    found: Tensor = torch.ops.mkldnn._convolution_pointwise(  # noqa: SLF001 - what torch.compile emits
        maps, weight, bias, padding, [1, 1], [1, 1], 1, then, [], ""
    )
    return found
