"""Whether the fast precision may be trusted with a run's pictures and settings."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch

from impasto.engine.device import Machine
from impasto.engine.session import Session
from impasto.engine.sizing import Size
from impasto.errors import ImageError

TOLERANCE = 0.065
"""Largest difference from the float32 gradient, relative to its length, that is let pass at `PROBE_SIDE`.

The same pictures show at most 0.05 at 512 pixels: where less is seen, fewer roundings average out.
"""
PROBE_SIDE = 128
"""Pixels of the long side at which both gradients are computed: that takes less than a step at the full size."""

Open = Callable[[Machine], Session]


def trusted(session: Session, anew: Open) -> Session:
    """The session, or the same in float32 where rounding would lead it astray; its machine then says why.

    Both gradients of the objective are compared at the start of a small picture.

    Args:
        session: in the precision that was chosen for speed.
        anew: opens the same session on another machine.
    """
    machine = session.machine
    exact = anew(replace(machine, dtype=torch.float32))
    error = gradient_error(session, exact, _probe_size(session))
    if error <= TOLERANCE:
        return session
    share = f"{error:.0%}" if math.isfinite(error) else "more than all of it"
    exact.machine = replace(exact.machine, fallback=f"the gradient in {machine.precision} was off by {share}")
    return exact


def gradient_error(session: Session, exact: Session, size: Size) -> float:
    """|g - g'| / |g'| of the objective's gradients g and g' at the starting picture of a size (width, height)."""
    start = session.start(*size)
    ours, theirs = (each.held_objective(*size).evaluate(start).gradient for each in (session, exact))
    difference, length = (torch.linalg.vector_norm(vector).item() for vector in (ours - theirs, theirs))
    if difference == 0:
        return 0.0
    return difference / length if length else math.inf


def _probe_size(session: Session) -> Size:
    width, height = session.result_size
    side = PROBE_SIDE
    while side < max(width, height):
        share = side / max(width, height)
        small = round(width * share), round(height * share)
        try:
            session.check(*small)
        except ImageError:  # the network cannot see so little of these pictures
            side *= 2
        else:
            return small
    return width, height
