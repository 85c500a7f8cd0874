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
_aten = torch.ops.aten


def gated(gradient: Tensor, rectified: Tensor) -> Tensor:
    """The gradient of a ReLU, from what the ReLU gave; in place."""
    bits, through = _bits(gradient), _bits(rectified)
    _aten.threshold_backward.grad_input(bits, through, 0, grad_input=bits)
    return gradient


def max_pool(maps: Tensor) -> tuple[Tensor, Back]:
    """Maxima of a ReLU's maps; the way back leads through that ReLU too.

    The largest of four is positive where, and only where, the ReLU before it let it pass, so the ReLU's gradient is
    applied to a quarter of the positions.
    """
    kernels_are_fast = maps.device.type != "cpu" and maps.dtype == torch.float32
    return _max_pool(maps) if kernels_are_fast else _max_pool_of_halves(maps)


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


def _max_pool_of_halves(maps: Tensor) -> tuple[Tensor, Back]:
    """The same from whole-map operations: of two rows, then of two columns.

    On the CPU they are done in vectors, where torch's own kernels go through windows one by one and keep an index of 8
    bytes for each; and in half precision equals can share.
    """
    grid = maps[0].permute(1, 2, 0)
    height, width = grid.shape[0] // SIDE * SIDE, grid.shape[1] // SIDE * SIDE
    rows, row = _larger(*_pairs(grid[:height, :width], 0))
    pooled, column = _larger(*_pairs(rows, 1))
    shape = grid.shape

    def back(gradient: Tensor) -> Tensor:
        quarter = gated(gradient[0].permute(1, 2, 0), pooled).div_(4)
        columns = torch.empty_like(row)  # half of the gradient of `rows`
        _send(quarter, column, *_pairs(columns, 1))
        odd = shape[:2] != (height, width)
        found = (row.new_zeros if odd else row.new_empty)(shape)
        _send(columns, row, *_pairs(found[:height, :width], 0))
        return found.permute(2, 0, 1).unsqueeze(0)

    return pooled.permute(2, 0, 1).unsqueeze(0), back


def _larger(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """The larger of two numbers that are not negative; and -1 where that is the first, 1 where it is the second.

    Where they are equal it is the first, as torch has it (but for the rare pair across a window's diagonal). In half
    precision most that are equal were not before they were rounded, so there it is 0: each gets half of the gradient,
    which halves the mean square of its error.
    """
    larger = torch.maximum(_bits(first), _bits(second)).view(first.dtype)
    difference = second - first
    if difference.dtype in (torch.float32, torch.float64):
        difference.sub_(torch.finfo(difference.dtype).tiny)
    return larger, difference.sign_()


def _send(half: Tensor, which: Tensor, first: Tensor, second: Tensor) -> None:
    """Give twice `half` to one of two, or once to each."""
    torch.addcmul(half, half, which, value=-1, out=first)
    torch.addcmul(half, half, which, out=second)


def _bits(maps: Tensor) -> Tensor:
    """Half precision as integers, which a CPU need not convert: their signs, and which is the larger, are the same."""
    return maps.view(torch.int16) if maps.device.type == "cpu" and maps.dtype == torch.bfloat16 else maps


def _pairs(grid: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The even and the odd rows (0) or columns (1)."""
    first, second = grid.unfold(dim, SIDE, SIDE).unbind(-1)
    return first, second
