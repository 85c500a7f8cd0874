"""A 3 x 3 convolution and the gradient with respect to its input, in the fastest form that a device has.

Maps are (1, C, H, W) with the channels last in memory, so that a map is a matrix of positions and channels as well.
The weights never get a gradient, and the input's gradient depends on the kernel alone, so that the forward pass saves
nothing for it.
"""

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

CHANNELS_LAST = torch.channels_last


class Convolution(Protocol):
    """Both directions of one layer."""

    def forward(self, maps: Tensor, *, rectify: bool) -> Tensor:
        """Convolve (1, C_in, H, W) to (1, C_out, H', W'), and apply the ReLU if `rectify`."""
        ...

    def backward(self, gradient: Tensor) -> Tensor:
        """Turn the gradient with respect to the convolution's output into that with respect to its input."""
        ...


class TorchConv2d:
    """torch's own operators, on any device and in any type."""

    def __init__(self, weight: Tensor, bias: Tensor, padding: int) -> None:
        self._weight, self._bias, self._padding = weight.contiguous(memory_format=CHANNELS_LAST), bias, padding

    def forward(self, maps: Tensor, *, rectify: bool) -> Tensor:
        """See `Convolution.forward`."""
        output = F.conv2d(maps, self._weight, self._bias, padding=self._padding)  # (1, I, H, W) -> (1, O, H', W')
        return (output.relu_() if rectify else output).contiguous(memory_format=CHANNELS_LAST)

    def backward(self, gradient: Tensor) -> Tensor:
        """See `Convolution.backward`."""
        output = F.conv_transpose2d(gradient, self._weight, padding=self._padding)  # (1, O, H', W') -> (1, I, H, W)
        return output.contiguous(memory_format=CHANNELS_LAST)


class OneDNNConv2d:
    """oneDNN's operators with weights in oneDNN's own layout, and the ReLU fused into the convolution.

    The gradient of a convolution with stride 1 is a convolution too, with the kernel turned by 180 degrees and its
    channels exchanged; oneDNN's forward kernels are faster than its backward ones.
    """

    def __init__(self, weight: Tensor, bias: Tensor, padding: int) -> None:
        self._bias = bias
        self._forward = _ReorderedWeight(weight, padding)
        turned = weight.flip(2, 3).transpose(0, 1)  # (O, I, 3, 3) -> (I, O, 3, 3)
        self._backward = _ReorderedWeight(turned, weight.shape[2] - 1 - padding)

    @staticmethod
    def supports(weight: Tensor) -> bool:
        """Tell whether the weight's device and type have these operators."""
        if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
            return False
        found = hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        if weight.dtype == torch.bfloat16:
            return found and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - no public name in torch
        return found and weight.dtype == torch.float32

    def forward(self, maps: Tensor, *, rectify: bool) -> Tensor:
        """See `Convolution.forward`."""
        activation = "relu" if rectify else "none"
        return self._forward.convolve(maps, self._bias, activation)  # (1, I, H, W) -> (1, O, H', W')

    def backward(self, gradient: Tensor) -> Tensor:
        """See `Convolution.backward`."""
        return self._backward.convolve(gradient, None, "none")  # O -> I channels


class _ReorderedWeight:
    """A weight in the layout that oneDNN's kernel takes for the size of the input.

    oneDNN picks the kernel by that size. A weight in another kernel's layout is reordered at every call, which for
    small maps takes a hundred times as long as the convolution itself. Only the latest layout is kept, since those of a
    network take as much memory as the maps of a layer.

    Args:
        weight: (C_out, C_in, 3, 3).
        padding: zeros around the input.
    """

    def __init__(self, weight: Tensor, padding: int) -> None:
        self._weight, self._padding, self._input_size = weight, [padding] * 2, torch.Size()

    def convolve(self, maps: Tensor, bias: Tensor | None, activation: str) -> Tensor:
        """Convolve (1, C_in, H, W) to (1, C_out, H', W'); reorders the weight where the size has changed."""
        if maps.shape != self._input_size:
            self._weight, self._input_size = _reorder(self._weight, self._padding, maps.shape), maps.shape
        return _convolve(maps, self._weight, bias, self._padding, activation)


class SplitPrecisionConv2d:
    """A first layer in half precision that sees weights and picture in full; its bias and backward pass are rounded.

    Rounding pixels to 8 bits moves them by up to a quarter of a gray level; through the ReLUs and maxima that come
    after, half of the gradient's error would be due to that. A number is the sum of two of half the precision, and
    a product of two such sums is, but for a part in 2^16, that of three pairs: channels of one convolution.
    """

    def __init__(self, weight: Tensor, bias: Tensor, padding: int, dtype: torch.dtype) -> None:
        coarse, fine = _split(weight, dtype)
        self._dtype = dtype
        self._forward = convolution(torch.cat([coarse, coarse, fine], dim=1), bias.to(dtype), padding)  # (O, 3 I, 3, 3)
        self._backward = convolution(coarse, bias.to(dtype), padding)

    def forward(self, maps: Tensor, *, rectify: bool) -> Tensor:
        """See `Convolution.forward`; takes maps in the weight's precision."""
        coarse, fine = _split(maps, self._dtype)
        wide = torch.cat([coarse, fine, coarse], dim=1).contiguous(memory_format=CHANNELS_LAST)  # (1, 3 I, H, W)
        return self._forward.forward(wide, rectify=rectify)

    def backward(self, gradient: Tensor) -> Tensor:
        """See `Convolution.backward`."""
        return self._backward.backward(gradient)


def convolution(weight: Tensor, bias: Tensor, padding: int) -> Convolution:
    """Build a layer on the device of its weights.

    Args:
        weight: (C_out, C_in, 3, 3).
        bias: (C_out,), on the same device; of half precision where the maps that leave the layer are to be.
        padding: zeros around the input, 0 to 2.
    """
    if weight.dtype != bias.dtype:
        return SplitPrecisionConv2d(weight, bias, padding, bias.dtype)
    return (OneDNNConv2d if OneDNNConv2d.supports(weight) else TorchConv2d)(weight, bias, padding)


def _split(exact: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Split a number into two of a shorter type that add up to it."""
    coarse = exact.to(dtype)
    return coarse, (exact - coarse.to(exact.dtype)).to(dtype)


def _reorder(weight: Tensor, padding: list[int], input_size: torch.Size) -> Tensor:
    """Bring a weight, in another such layout or in none, into that which oneDNN's kernel takes for inputs of a size."""
    plain = (weight.to_dense() if weight.is_mkldnn else weight).contiguous(memory_format=CHANNELS_LAST)
    reordered: Tensor = torch.ops.mkldnn._reorder_convolution_weight(  # noqa: SLF001 - no public name in torch
        plain, padding, [1, 1], [1, 1], 1, list(input_size)
    )
    return reordered


def _convolve(maps: Tensor, weight: Tensor, bias: Tensor | None, padding: list[int], activation: str) -> Tensor:
    output: Tensor = torch.ops.mkldnn._convolution_pointwise(  # noqa: SLF001 - what torch.compile emits
        maps, weight, bias, padding, [1, 1], [1, 1], 1, activation, [], ""
    )
    return output
