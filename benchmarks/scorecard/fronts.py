"""Comparing tools at equal structure: a tool is a front over its setting, never a single point."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
"""Structure kept, and style gap closed."""

PHOTOGRAPH: Point = (1.0, 0.0)
"""Every tool can leave the photograph as it is."""


def style_at(front: Sequence[Point], structure: float) -> float:
    """Style gap closed where a front keeps so much structure: linear between its points and the photograph.

    Where even its strongest setting keeps more, that setting's style: it is nowhere worse in structure.
    """
    points = sorted({*front, PHOTOGRAPH})
    for (less, style), (more, other) in itertools.pairwise(points):
        if less <= structure <= more and more > less:
            share = (structure - less) / (more - less)
            return max(style * (1 - share) + other * share, _best_beyond(points, structure))
    return _best_beyond(points, structure)


def _best_beyond(points: Sequence[Point], structure: float) -> float:
    """The most style among the points that keep at least so much structure."""
    return max(style for kept, style in points if kept >= structure)


@dataclass(frozen=True)
class Comparison:
    """One pair, two tools."""

    pair: tuple[str, str]
    ours: float
    """Our style gap closed at the structures of their points, the mean."""
    theirs: float

    @property
    def ahead(self) -> float:
        """How much more of the gap ours closes."""
        return self.ours - self.theirs


def compared(pair: tuple[str, str], ours: Sequence[Point], theirs: Sequence[Point]) -> Comparison:
    """Both fronts at the structures of theirs."""
    reached = [style_at(ours, structure) for structure, _ in theirs]
    return Comparison(pair, sum(reached) / len(reached), sum(style for _, style in theirs) / len(theirs))
