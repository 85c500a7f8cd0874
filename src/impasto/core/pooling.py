"""2 x 2 pooling of rectified maps, and its gradient.

Maps are (1, C, H, W) with the channels last in memory; a last odd row or column is left out, as torch does.
"""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Pooling = Literal["max", "average", "average-scaled"]
Back = Callable[[Tensor], Tensor]
"""A gradient with respect to an operator's output, to that with respect to its input; may change what it is given."""
Pool = Callable[[Tensor], tuple[Tensor, Back]]
"""Maps to pooled maps and the way back."""

SIDE = 2
_BITS = {torch.bfloat16: torch.int16, torch.float32: torch.int32, torch.float64: torch.int64}
_aten = torch.ops.aten


def gated(gradient: Tensor, rectified: Tensor) -> Tensor:
    """The gradient of a ReLU, from what the ReLU gave; in place."""
    gate: Tensor = _aten.threshold_backward.grad_input(gradient, rectified, 0, grad_input=gradient)
    return gate


def max_pool(maps: Tensor) -> tuple[Tensor, Back]:
    """Maxima of a ReLU's maps; the way back leads through that ReLU too.

    The largest of four is positive where, and only where, the ReLU before it let it pass, so the ReLU's gradient is
    applied to a quarter of the positions.
    """
    return _max_pool_of_bits(maps) if maps.device.type == "cpu" and maps.dtype in _BITS else _max_pool(maps)


def average_pool(maps: Tensor, gain: float) -> tuple[Tensor, Back]:
    """Means times a factor."""

    def back(gradient: Tensor) -> Tensor:
        found: Tensor = _aten.avg_pool2d_backward(
            gradient * gain, maps, [SIDE] * 2, [SIDE] * 2, [0, 0], False, True, None
        )
        return found

    return F.avg_pool2d(maps, SIDE) * gain, back


def _max_pool(maps: Tensor) -> tuple[Tensor, Back]:
    pooled, indices = F.max_pool2d_with_indices(maps, (SIDE, SIDE))

    def back(gradient: Tensor) -> Tensor:
        found: Tensor = _aten.max_pool2d_with_indices_backward(
            gated(gradient, pooled), maps, [SIDE] * 2, [SIDE] * 2, [0, 0], [1, 1], False, indices
        )
        return found

    return pooled, back


def _max_pool_of_bits(maps: Tensor) -> tuple[Tensor, Back]:
    """The same from whole-map operations that the CPU does in vectors.

    torch's own kernels go through windows one by one and keep an index of 8 bytes for each. Numbers that are not
    negative are in the order of their bits, so everything here is done on integers; kept are the signed differences
    of the two rows, and of the two columns of what is left. Where two are equal the first wins.
    """
    bits = _bits(maps)
    top, bottom = _pairs(_whole_windows(bits), 0)
    rows, below = torch.maximum(top, bottom), bottom - top
    left, right = _pairs(rows, 1)
    pooled, beside = torch.maximum(left, right), right - left
    shape, dtype = bits.shape, maps.dtype

    def back(gradient: Tensor) -> Tensor:
        gate = gated(_bits(gradient), pooled)
        columns = torch.empty_like(below)
        _scatter(gate, beside, *_pairs(columns, 1))
        odd = shape[0] % SIDE or shape[1] % SIDE
        found = pooled.new_zeros(shape) if odd else pooled.new_empty(shape)
        _scatter(columns, below, *_pairs(_whole_windows(found), 0))
        return _maps(found, dtype)

    return _maps(pooled, dtype), back


def _scatter(gradient: Tensor, difference: Tensor, first: Tensor, second: Tensor) -> None:
    """Send each entry to where the larger of two was: to the second if the difference is positive."""
    _aten.threshold_backward.grad_input(gradient, difference, 0, grad_input=second)
    torch.sub(gradient, second, out=first)


def _bits(maps: Tensor) -> Tensor:
    """Maps as integers, (H, W, C)."""
    return maps[0].permute(1, 2, 0).view(_BITS[maps.dtype])


def _maps(bits: Tensor, dtype: torch.dtype) -> Tensor:
    return bits.view(dtype).permute(2, 0, 1).unsqueeze(0)


def _whole_windows(bits: Tensor) -> Tensor:
    return bits[: bits.shape[0] // SIDE * SIDE, : bits.shape[1] // SIDE * SIDE]


def _pairs(grid: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The even and the odd rows (0) or columns (1)."""
    first, second = grid.unfold(dim, SIDE, SIDE).unbind(-1)
    return first, second
