"""A shot as a piece of work, and what passes between who hands it out and who paints it; loads no torch.

`local.LocalShots` has worker processes of this machine, `cluster.RayShots` actors of Ray on others. Both take the same
tasks and give the same updates, those of `paint.ShotWorker`; none writes into the workspace, since painted frames come
back as bytes.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from impasto.errors import ImpastoError
from impasto.video.defaults import Consistency
from impasto.video.painting.shots import Fade
from impasto.video.timeline import Timeline


@dataclass(frozen=True)
class ClipSource:
    """Where a clip is, and how to know it again."""

    path: str
    rate: Fraction | None
    """Frames a second of a folder of pictures; None for the usual."""
    digest: str
    by_frame: bool = False
    """Of a mask: whether its frames are those of the clip's, one by one, whatever their times."""


@dataclass(frozen=True)
class PaintingSource:
    """Where a painting or a style file is, and how to know it again."""

    path: str
    sha256: str


@dataclass(frozen=True)
class ShotTask:
    """A shot that is to be painted, or resumed; picklable."""

    number: int
    """From 1."""
    clip: ClipSource
    paintings: tuple[PaintingSource, ...]
    frames: tuple[int, ...]
    """The numbers of all its frames in the clip, rising."""
    done: int
    """How many of them are painted, from the first."""
    references: tuple[bytes, ...]
    """The files of the frames that `references` names; the last one has the painter's state."""
    timeline: Timeline
    """With the number of threads to compute with."""
    consistency: Consistency = field(default_factory=Consistency)
    fades: Mapping[int, Fade] = field(default_factory=dict)
    """Of the frames that are faded, by their numbers in the clip."""
    moving_masks: tuple[ClipSource, ...] = ()
    """Those of the masks that the settings name which are clips."""
    scratch: str | None = None
    """A folder for this shot's temporary files, which the caller removes; None for one of the system's."""

    @property
    def left(self) -> tuple[int, ...]:
        """The numbers of the frames that are to be painted."""
        return self.frames[self.done :]


@dataclass(frozen=True)
class ShotBegun:
    """A worker has taken a shot."""

    shot: int


@dataclass(frozen=True)
class PaintedFrame:
    """A frame is painted."""

    shot: int
    number: int
    data: bytes
    """Of its file, as `painted.encode_painted` makes it."""
    seconds: float


@dataclass(frozen=True)
class ShotDone:
    """All frames of a shot are painted."""

    shot: int


@dataclass(frozen=True)
class ShotFailed:
    """A shot could not be painted to its end."""

    shot: int
    error: ImpastoError
    worker_lost: bool
    """Whether another worker may resume it."""


ShotUpdate = ShotBegun | PaintedFrame | ShotDone | ShotFailed


class ShotExecutor(Protocol):
    """Paints shots."""

    def run(self, tasks: Iterator[ShotTask | None], stop: Callable[[], bool]) -> Generator[ShotUpdate, None, None]:
        """Paint shots; yield for each ShotBegun, PaintedFrame in order, and ShotDone or ShotFailed.

        Args:
            tasks: asked for the next whenever there is room for it; None means that there is none at the moment.
            stop: asked often; once true, unfinished frames are given up and the iterator ends.

        Raises:
            ImpastoError: nothing can be painted at all, whatever the shot.
        """
        ...
