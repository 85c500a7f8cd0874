"""What somebody wants painted of a clip."""

from dataclasses import dataclass, field
from fractions import Fraction

from impasto.errors import SettingsError
from impasto.settings import Settings
from impasto.video.defaults import DEFAULT_EASE, DEFAULT_QUALITY, EASES, Consistency, Ease
from impasto.video.timeline import Keyframe
from impasto.wording import argument


@dataclass(frozen=True)
class FilmRequest:
    """What somebody wants painted.

    Raises:
        SettingsError: a number or a name is not one that can be chosen.
    """

    clip: str
    """A film, an animation, a folder of pictures or a pattern."""
    paintings: tuple[str, ...]
    """Paintings and style files."""
    output: str
    """The film; or, for its frames, a folder, of which a new one ends in "/", or a pattern."""
    settings: Settings = field(default_factory=Settings)
    consistency: Consistency = field(default_factory=Consistency)
    keyframes: tuple[Keyframe, ...] = ()
    ease: Ease = DEFAULT_EASE
    frames: str = ""
    """Part of the clip, such as `100:200` or `00:03-00:07`; empty for all of it."""
    every: int | None = None
    """Paint every n-th frame, and show it n times as long; None for each."""
    preview: bool = False
    """Paint a small film of a few frames in a row; or of every n-th, where `every` is given."""
    rate: Fraction | None = None
    """Frames a second of a folder of pictures."""
    codec: str | None = None
    quality: int = DEFAULT_QUALITY
    loop: bool = False
    workers: int | None = None
    """Shots at once; None for as many as the machine is worth, or the cluster holds."""
    cluster: str | None = None
    """Where to paint: the address of a cluster, see `cluster.connect.connected`; None for this machine."""
    keep_frames: bool = False
    overwrite: bool = False
    """Whether the film may replace what exists; painted frames of another film stay."""
    discard_frames: bool = False
    """Whether painted frames of another film for the same output may be removed."""

    def __post_init__(self) -> None:
        for name in ("every", "workers"):
            number = getattr(self, name)
            if number is not None and (not isinstance(number, int) or number < 1):
                raise SettingsError(f"{argument(name, number)} is not a number from 1", "Leave it out, or choose 1.")
        if self.ease not in EASES:
            raise SettingsError(f"{argument('ease', self.ease)} is not a course", f"Choose from {', '.join(EASES)}.")
