"""Whether the gradient tolerates the fast precision, with a run's own pictures and settings."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch

from impasto.core import StyleTransfer
from impasto.engine.device import ComputeConfig
from impasto.engine.probe import probe_sizes
from impasto.engine.run import RunInputs
from impasto.sizing import Size

TOLERANCE = 0.085
"""Largest difference from the float32 gradient, relative to its length, that is accepted at `probe.PROBE_SIDE`.

Where it is 0.08 there, results in bfloat16 are as good as in float32 (decision 8).
"""

RunFactory = Callable[[ComputeConfig], RunInputs]
"""Sets up the same run on another device or in another precision."""


def select_precision(fast: RunInputs, reopen: RunFactory) -> RunInputs:
    """Give the run as it is, or the same in float32 where rounding would lead it astray; its config then says why.

    Both gradients of the objective are compared at the start of a small picture: that takes less than a step.

    Args:
        fast: in the precision that was chosen for speed.
        reopen: sets up the same run in another.
    """
    exact = reopen(replace(fast.compute, dtype=torch.float32))
    error = gradient_error(fast.transfer, exact.transfer, next(probe_sizes(fast.transfer)))
    if error <= TOLERANCE:
        return fast
    share = f"{error:.0%}" if math.isfinite(error) else "more than all of it"
    reason = f"the gradient in {fast.compute.precision} was off by {share}"
    return replace(exact, compute=replace(exact.compute, fallback=reason))


def gradient_error(fast: StyleTransfer, exact: StyleTransfer, size: Size) -> float:
    """Give |g - g'| / |g'| of the objective's gradients g and g' at the start of a size (width, height)."""
    start = fast.initial_image(*size)
    ours, theirs = (each.objective(*size).evaluate(start).gradient for each in (fast, exact))
    difference, length = (torch.linalg.vector_norm(vector).item() for vector in (ours - theirs, theirs))
    if difference == 0:
        return 0.0
    return difference / length if length else math.inf
