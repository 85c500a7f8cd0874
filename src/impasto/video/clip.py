"""A clip: frames with their times, wherever they come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

from impasto.images import Picture
from impasto.sizing import Size


@dataclass(frozen=True)
class ColorTags:
    """How a stream's samples mean colors, as its container and codec say it (ITU-T H.273); 2 is "not said"."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    full_range: bool = False


@dataclass(frozen=True)
class ClipInfo:
    """What is known of a clip before its frames are decoded."""

    name: str
    """As the user gave it."""
    digest: str
    """SHA-256 of its file, or of the files of its frames."""
    size: Size
    """Of a frame as it is shown, pixels: upright, with square pixels."""
    times: tuple[Fraction, ...]
    """When each frame is shown, seconds from the first one's; rising."""
    end: Fraction
    """When the last frame is no longer shown, seconds."""
    depth: Literal[8, 16] = 8
    """Bits a channel that a frame's picture has: 16 for streams of 10 bits or more."""
    has_alpha: bool = False
    has_audio: bool = False
    loops: int | None = None
    """How often an animation is played, 0 for without end; None for a film."""
    color: ColorTags = ColorTags()
    origin: Fraction | None = None
    """When the first frame is shown in the time of the container, seconds; None for clips that are in none."""
    problem: str = ""
    """What is wrong with the file although its frames can be painted: that it ends too early; empty for nothing."""


class Clip(Protocol):
    """A clip that can be read any number of times."""

    @property
    def info(self) -> ClipInfo:
        """What is known of it."""
        ...

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        """Decode frames from a number on, in order; memory holds a few of them at a time.

        Raises:
            ImageError: the file changed, or cannot be read any more.
        """
        ...
