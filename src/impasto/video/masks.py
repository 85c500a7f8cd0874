"""Masks that move: for each frame, the picture that the mask's clip shows at the same time."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from impasto import images
from impasto.errors import ImageError
from impasto.images import Picture, formats
from impasto.images.picture import to_integers
from impasto.settings import Settings
from impasto.storage.paths import is_file
from impasto.video.clip import Clip
from impasto.video.painting.references import MOST_KEPT
from impasto.video.shot import ClipSource

_ROUNDING = Fraction(1, 500)
"""Seconds by which a container may round times: Matroska counts milliseconds."""
_WHITE = 255
_KEPT = MOST_KEPT + 2
"""Frames of a mask whose files are kept: a painter that resumes is given so many, and then reads their masks."""


def is_still_picture(path: str, clip: Clip) -> bool:
    """Whether a clip is one picture in a file, rather than a film, an animation or a folder.

    Args:
        path: of the clip.
        clip: as it was opened.
    """
    file = Path(path).expanduser()
    if len(clip.info.times) != 1 or not is_file(file):
        return False
    with file.open("rb") as opened:
        return formats.recognize(opened.read(formats.HEAD)) is not None


class MovingMasks:
    """Writes the frames of masks as pictures, and names these in the settings instead of the clips.

    Args:
        sources: the masks that are clips; none where all are pictures.
        folder: for the pictures; it exists.
        open_: opens a mask.
    """

    def __init__(self, sources: Sequence[ClipSource], folder: Path, open_: Callable[[ClipSource], Clip]) -> None:
        self._masks = {
            source.path: _MovingMask(open_(source), folder, number, by_frame=source.by_frame)
            for number, source in enumerate(sources)
        }

    def apply(self, settings: Settings, number: int, time: Fraction) -> Settings:
        """Give the settings with the masks of a frame of the clip, and of its time; it is best that they rise."""
        if not self._masks:
            return settings
        files = {path: str(mask.picture_of(number, time)) for path, mask in self._masks.items()}
        masks = [files.get(path, path) for path in settings.mask]
        keep = settings.keep_mask and files.get(settings.keep_mask, settings.keep_mask)
        return settings.model_copy(update={"mask": masks, "keep_mask": keep})


class _MovingMask:
    """One of them."""

    def __init__(self, clip: Clip, folder: Path, number: int, *, by_frame: bool) -> None:
        self._clip, self._folder, self._number, self._by_frame = clip, folder, number, by_frame
        self._frames: Iterator[Picture] | None = None
        self._next = 0
        self._files: list[Path] = []

    def picture_of(self, number: int, time: Fraction) -> Path:
        """Give the file of the mask of a frame; of one that is shown at a time, the last one after the end."""
        times = self._clip.info.times
        wanted = min(number, len(times) - 1) if self._by_frame else max(0, bisect_right(times, time + _ROUNDING) - 1)
        if self._frames is None or wanted < self._next - 1:  # a film that loops is painted on into its beginning
            self._next, self._frames = wanted, self._clip.frames(wanted)
        picture = None
        while self._next <= wanted and (found := next(self._frames, None)) is not None:
            picture, self._next = found, self._next + 1
        if picture is not None:
            self._write(picture)
        if not self._files:
            raise ImageError(f"{self._clip.info.name} has no picture at {float(time):.2f} seconds", "Check the file.")
        return self._files[-1]

    def _write(self, picture: Picture) -> None:
        path = self._folder / f"mask-{self._number}-{self._next - 1:06d}.png"
        images.save(_mark(replace(picture, profile=None, exif=None)), path, overwrite=True)
        self._files = [*(it for it in self._files if it != path), path]
        for old in self._files[:-_KEPT]:
            old.unlink(missing_ok=True)
        del self._files[:-_KEPT]


def _mark(picture: Picture) -> Picture:
    """Give a mask that is black or white all over with one pixel that is so by a level less.

    For a photograph such a mask is a mistake, and is refused; a moving one is often so for a while.
    """
    samples = to_integers(picture, 8)[..., :3]
    if picture.alpha is not None or samples.min() != samples.max() or samples.max() not in (0, _WHITE):
        return picture
    samples[0, 0] = 1 if samples.max() == 0 else _WHITE - 1
    return replace(picture, colors=samples, depth=8)
