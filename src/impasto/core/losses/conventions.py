"""The factors that each published implementation puts before the mean squares.

With F (C x N) the features of the image at a layer, P those of the content image, G = F F^T / N and A the same of the
style image:

    content = mean((F - P)^2) * convention.content
    style   = mean((G - A)^2) * convention.style       per layer
    tv      = convention.total_variation of the pixels 0..255
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

ConventionName = Literal["mean", "gatys", "coursera", "keras", "neural-style"]


@dataclass(frozen=True)
class Extent:
    """The sizes that the published factors are made of."""

    channels: int
    """C, of the layer."""
    positions: int
    """N, of the layer."""
    pixels: int
    """H W, of the image."""


@dataclass(frozen=True)
class Convention:
    """The factors of one source."""

    content: Callable[[Extent], float]
    style: Callable[[Extent], float]
    total_variation: Literal["absolute", "keras"] = "absolute"


CONVENTIONS: Mapping[ConventionName, Convention] = {
    "mean": Convention(content=lambda _: 1.0, style=lambda _: 1.0),
    "gatys": Convention(content=lambda at: at.channels * at.positions / 2, style=lambda _: 1 / 4),
    "coursera": Convention(content=lambda _: 1 / 4, style=lambda _: 1 / 4),
    "keras": Convention(
        content=lambda at: float(at.channels * at.positions),
        style=lambda at: (at.channels * at.positions) ** 2 / (36 * at.pixels**2),
        total_variation="keras",
    ),
    "neural-style": Convention(content=lambda _: 1.0, style=lambda at: 1 / at.channels**2),
}
