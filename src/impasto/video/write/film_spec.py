"""What is known of a film before its first frame is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

from impasto.errors import SettingsError, count_noun
from impasto.images import Picture
from impasto.sizing import Size
from impasto.video.clip import ClipInfo, ColorTags
from impasto.video.colors import SRGB

Notice = Callable[[str], None]
"""Takes a line for the user about what a film could not keep."""


@dataclass(frozen=True)
class FilmSpec:
    """What is known of a film before its first frame is written."""

    size: Size
    times: tuple[Fraction, ...]
    """When each frame is shown, seconds from the first; rising."""
    end: Fraction
    """When the last frame is no longer shown, seconds."""
    depth: Literal[8, 16] = 8
    has_alpha: bool = False
    color: ColorTags = SRGB
    loops: int | None = None
    """How often an animation is played, 0 for without end; None: without end."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Text to keep with it. PNGs and containers hold it, GIF and WebP drop it."""

    @classmethod
    def of_clip(
        cls, info: ClipInfo, *, size: Size | None = None, start: int = 0, stop: int | None = None, step: int = 1
    ) -> "FilmSpec":
        """Describe a film of a clip, or of some of its frames, of the clip's size where none is given.

        Raises:
            SettingsError: the clip has none of the frames.
        """
        stop = len(info.times) if stop is None else min(stop, len(info.times))
        times = info.times[start:stop:step]
        if start < 0 or not times:
            problem = f"{info.name} has {count_noun(len(info.times), 'frame')}, and none from {start} up to {stop}"
            raise SettingsError(problem, "They are counted from 0; the last one is left out.")
        end = info.times[stop] if stop < len(info.times) else info.end
        return cls(
            size or info.size,
            tuple(time - times[0] for time in times),
            end - times[0],
            info.depth,
            info.has_alpha,
            info.color,
            info.loops,
        )

    def shown_until(self, count: int) -> Fraction:
        """Give when the last of so many frames is no longer shown."""
        return self.times[count] if count < len(self.times) else self.end


@dataclass(frozen=True)
class OtherTracks:
    """The sound, subtitles, chapters and metadata of a film, to be copied into another."""

    source: Path
    """A film; of anything else nothing is copied."""
    start: Fraction = Fraction(0)
    """When the part to copy begins, seconds from the source's first frame."""
    stop: Fraction | None = None
    """When it ends; None for the whole, with what sounds before the first frame and after the last."""
    origin: Fraction | None = None
    """`ClipInfo.origin` of the source; None to read the file for it."""


class Film(Protocol):
    """A film that is being written."""

    def write(self, picture: Picture) -> None:
        """Write the next frame; it has the film's size."""
        ...


class FilmWriter(Film, Protocol):
    """What writes a film in one format."""

    def finish(self) -> None:
        """Write what is left: the film is whole."""
        ...

    def close(self) -> None:
        """Release what is held, whether the film is whole or not."""
        ...
