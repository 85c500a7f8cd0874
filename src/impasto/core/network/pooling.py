"""2 x 2 pooling of a ReLU's maps, and its gradient.

Maps are (1, C, H, W) with the channels last in memory; a last odd row or column is left out, as torch does.
"""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Pooling = Literal["max", "average", "average-scaled"]
Backward = Callable[[Tensor], Tensor]
"""The gradient with respect to an operator's output, to that with respect to its input; may change what it is given."""
Pool = Callable[[Tensor], tuple[Tensor, Backward]]
"""Maps to pooled maps and the backward pass."""

SIDE = 2
_aten = torch.ops.aten


def relu_backward(gradient: Tensor, rectified: Tensor) -> Tensor:
    """Pass a gradient back through a ReLU whose output is given; in place."""
    bits, output = _as_integers(gradient), _as_integers(rectified)
    _aten.threshold_backward.grad_input(bits, output, 0, grad_input=bits)
    return gradient


def max_pool(maps: Tensor) -> tuple[Tensor, Backward]:
    """Take the maxima of a ReLU's maps; the backward pass leads through that ReLU too.

    The largest of four is positive where, and only where, the ReLU before it let it pass, so the ReLU's gradient is
    applied to a quarter of the positions.
    """
    kernels_are_fast = maps.device.type != "cpu" and maps.dtype == torch.float32
    return _max_pool_by_index(maps) if kernels_are_fast else _max_pool_by_halves(maps)


def average_pool(maps: Tensor, gain: float) -> tuple[Tensor, Backward]:
    """Take means times a factor."""

    def backward(gradient: Tensor) -> Tensor:
        output: Tensor = _aten.avg_pool2d_backward(  # (1, C, H/2, W/2) -> (1, C, H, W)
            gradient * gain, maps, [SIDE] * 2, [SIDE] * 2, [0, 0], False, True, None
        )
        return output

    return F.avg_pool2d(maps, SIDE) * gain, backward  # (1, C, H, W) -> (1, C, H/2, W/2)


def _max_pool_by_index(maps: Tensor) -> tuple[Tensor, Backward]:
    """Use torch's own kernels, which keep an index of each maximum."""
    pooled, indices = F.max_pool2d_with_indices(maps, (SIDE, SIDE))  # (1, C, H, W) -> (1, C, H/2, W/2), twice

    def backward(gradient: Tensor) -> Tensor:
        output: Tensor = _aten.max_pool2d_with_indices_backward(  # (1, C, H/2, W/2) -> (1, C, H, W)
            relu_backward(gradient, pooled), maps, [SIDE] * 2, [SIDE] * 2, [0, 0], [1, 1], False, indices
        )
        return output

    return pooled, backward


def _max_pool_by_halves(maps: Tensor) -> tuple[Tensor, Backward]:
    """Use whole-map operations: the maxima of two rows, then of two columns.

    On the CPU they are done in vectors, where torch's own kernels go through windows one by one and keep an index of 8
    bytes for each; and in half precision equals can share.
    """
    grid = maps[0].permute(1, 2, 0)  # (1, C, H, W) -> (H, W, C), contiguous
    height, width = grid.shape[0] // SIDE * SIDE, grid.shape[1] // SIDE * SIDE
    rows, which_row = _larger(*_split_pairs(grid[:height, :width], 0))  # (H, W, C) -> (H/2, W, C)
    pooled, which_column = _larger(*_split_pairs(rows, 1))  # (H/2, W, C) -> (H/2, W/2, C)
    shape = grid.shape

    def backward(gradient: Tensor) -> Tensor:
        quarter = relu_backward(gradient[0].permute(1, 2, 0), pooled).div_(4)  # (H/2, W/2, C)
        half = torch.empty_like(which_row)  # (H/2, W, C): half of the gradient of `rows`
        _distribute(quarter, which_column, *_split_pairs(half, 1))
        odd = shape[:2] != (height, width)
        output = (which_row.new_zeros if odd else which_row.new_empty)(shape)  # (H, W, C)
        _distribute(half, which_row, *_split_pairs(output[:height, :width], 0))
        return output.permute(2, 0, 1).unsqueeze(0)  # (H, W, C) -> (1, C, H, W)

    return pooled.permute(2, 0, 1).unsqueeze(0), backward  # (H/2, W/2, C) -> (1, C, H/2, W/2)


def _larger(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Select the larger of two numbers that are not negative; and -1 where that is the first, 1 where the second.

    Where they are equal it is the first, as torch has it (but for the rare pair across a window's diagonal). In half
    precision most that are equal were not before they were rounded, so there it is 0: each gets half of the gradient,
    which halves the mean square of its error.
    """
    larger = torch.maximum(_as_integers(first), _as_integers(second)).view(first.dtype)
    difference = second - first
    if difference.dtype in (torch.float32, torch.float64):
        difference.sub_(torch.finfo(difference.dtype).tiny)
    return larger, difference.sign_()


def _distribute(half: Tensor, which: Tensor, first: Tensor, second: Tensor) -> None:
    """Write twice `half` to one of two, or once to each."""
    torch.addcmul(half, half, which, value=-1, out=first)  # half (1 - which): 2, 1 or 0 times
    torch.addcmul(half, half, which, out=second)  # half (1 + which)


def _as_integers(maps: Tensor) -> Tensor:
    """View half precision as integers, which a CPU need not convert: signs and order are the same."""
    return maps.view(torch.int16) if maps.device.type == "cpu" and maps.dtype == torch.bfloat16 else maps


def _split_pairs(grid: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Split into the even and the odd rows (0) or columns (1)."""
    first, second = grid.unfold(dim, SIDE, SIDE).unbind(-1)
    return first, second
