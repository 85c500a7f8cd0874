"""Defaults and limits of films, apart from what needs numpy: the command's help shows them."""

from dataclasses import dataclass
from typing import Literal, get_args

from impasto.errors import SettingsError
from impasto.wording import argument

Ease = Literal["smooth", "linear", "step"]
"""The course between two keyframes: slow at both ends, even, or none until the second."""
EASES: tuple[Ease, ...] = get_args(Ease)
DEFAULT_EASE: Ease = "smooth"
DEFAULT_RATE = 24
"""Frames a second of a folder of pictures."""
DEFAULT_QUALITY = 80
"""Visually lossless for paint. Painted texture of 360 x 232 pixels that pans has 44 to 48 dB of luma by any
codec, and 0.5 Mbit a second; at 60 it has 37 to 45 dB and 0.3, at 100 it has 51 to 54 dB and 0.8."""
HIGHEST_QUALITY = 100
HIGHEST_WEIGHT = 100
MOST_ITERATIONS = 10_000


@dataclass(frozen=True)
class Consistency:
    """How the frames of a shot are made to agree.

    Raises:
        SettingsError: a value is out of its range.
    """

    weight: float = 0.5
    """Of the temporal loss: at 1, a frame that is 10 levels of 255 from what the one before has become, root mean
    square, costs as much as the objective at the end of the one before."""
    iterations: int = 5
    """Of the optimizer, for each frame but the first of a shot."""
    coarse_iterations: int = 6
    """At half the size, for a frame that shows something new."""

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= HIGHEST_WEIGHT:
            problem = f"{argument('consistency', self.weight)} is out of range"
            raise SettingsError(problem, f"Choose 0 to {HIGHEST_WEIGHT}.")
        if not 1 <= self.iterations <= MOST_ITERATIONS:
            problem = f"{argument('frame_iterations', self.iterations)} is out of range"
            raise SettingsError(problem, f"Choose 1 to {MOST_ITERATIONS}.")
