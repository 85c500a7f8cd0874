"""Opens the clips of a task, and keeps them open from one shot to the next."""

from pathlib import Path

from impasto.errors import ImageError
from impasto.video.clip import Clip
from impasto.video.read.sources import find_files, open_clip
from impasto.video.shot import ClipSource

_State = tuple[tuple[Path, int, int], ...]
"""Of the files of a clip: their sizes and when they were written."""


class OpenedClips:
    """Opens clips; each is read through once, unless its files change: that takes as long as painting many a frame."""

    def __init__(self) -> None:
        self._known: dict[ClipSource, tuple[_State, Clip]] = {}

    def open(self, source: ClipSource) -> Clip:
        """Open a clip, and make sure that it is the one that was planned with.

        Raises:
            ImageError: it is gone, cannot be read, or has changed.
        """
        state = _state_of(source)
        known = self._known.get(source)
        if known is None or known[0] != state:
            known = self._known[source] = state, open_source(source)
        return known[1]


def open_source(source: ClipSource) -> Clip:
    """Open a clip, and make sure that it is the one that was planned with.

    Raises:
        ImageError: it is gone, cannot be read, or has changed.
    """
    clip = open_clip(source.path) if source.rate is None else open_clip(source.path, rate=source.rate)
    if clip.info.digest != source.digest:
        raise ImageError(f"{source.path} was changed meanwhile", "Start again with another output.")
    return clip


def _state_of(source: ClipSource) -> _State:
    paths, _ = find_files(source.path)
    try:
        found = [(path, path.stat()) for path in paths]
    except OSError as error:
        raise ImageError(f"{source.path} cannot be read ({error.strerror})", "Check the path.") from None
    return tuple((path, it.st_size, it.st_mtime_ns) for path, it in found)
