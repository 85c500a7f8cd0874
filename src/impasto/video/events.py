"""What happens while a film is painted, as data; a display shows these.

The order is ClipScanned now and then, where the clip is long and was not looked through before; FilmStarted; then for
each shot, several of them at once, ShotStarted, FramePainted for each frame and perhaps ShotRetried, after which it
starts again; then FrameEncoded for each frame, and FilmFinished. FilmStopped ends it early. A film that was complete
and not in its place yet has FilmStarted and FilmFinished alone.
"""

from dataclasses import dataclass
from pathlib import Path

from impasto.errors import ImpastoError
from impasto.sizing import Size


@dataclass(frozen=True)
class ClipScanned:
    """So many frames of the clip were looked at for cuts and fades."""

    done: int
    frames: int


@dataclass(frozen=True)
class FilmStarted:
    """The film is planned, or resumed."""

    output: Path
    folder: Path
    """Of the painted frames."""
    frames: int
    """To be painted; in a film that loops, some of them twice."""
    done: int
    """Of these, painted before."""
    shots: int
    size: Size
    workers: int
    """Shots at once; on a cluster, at most."""
    threads: int
    """Of each worker."""
    problem: str
    """What is wrong with the clip, whose frames can be painted nevertheless; empty for nothing."""
    cluster: str | None = None
    """The address of the cluster that paints; None for this machine."""
    notices: tuple[str, ...] = ()
    """What else the user should know before it is painted."""


@dataclass(frozen=True)
class ShotStarted:
    """A worker has begun a shot, or resumed it."""

    shot: int
    """From 1."""
    frames: int
    """That are still to be painted."""


@dataclass(frozen=True)
class FramePainted:
    """A frame is painted, and on disk."""

    shot: int
    number: int
    """In the clip, from 0; a frame that is painted a second time for a loop has it plus the frames of the clip."""
    done: int
    """Frames that are painted, those of before included."""
    frames: int
    seconds: float
    """That it took."""
    remaining: float
    """Estimated seconds until the last one."""
    path: Path


@dataclass(frozen=True)
class ShotRetried:
    """The worker of a shot was lost, and another resumes it."""

    shot: int
    error: ImpastoError


@dataclass(frozen=True)
class FrameEncoded:
    """A frame is in the film."""

    done: int
    frames: int


@dataclass(frozen=True)
class FilmStopped:
    """The film was stopped; the same command resumes it."""

    done: int
    frames: int
    folder: Path


@dataclass(frozen=True)
class FilmFinished:
    """The film is complete, and in its place."""

    output: Path
    frames: int
    """Of the film."""
    painted: int
    """Frames that were not painted before."""
    seconds: float
    notices: tuple[str, ...] = ()
    """What the film's container could not hold."""
    whole_seconds: float | None = None
    """Of a preview: estimated seconds for the whole clip, at its own size."""


FilmEvent = (
    ClipScanned | FilmStarted | ShotStarted | FramePainted | ShotRetried | FrameEncoded | FilmStopped | FilmFinished
)
