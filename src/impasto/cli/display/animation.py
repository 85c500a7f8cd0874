"""How a run's picture came about, as a film or an animation."""

from fractions import Fraction
from pathlib import Path

from impasto import images
from impasto.engine.events import Event, Preview
from impasto.images.picture import flatten, to_integers
from impasto.video.write.film import FilmSpec, is_container, open_film

_FRAME_SIDE = 800  # pixels: an animation is for sharing, and sixty large pictures would not fit in memory
_HOLD = 2  # seconds that the result is shown


class FrameRecorder:
    """Collects previews at a size for sharing; when there are too many, every second one is dropped.

    Args:
        path: of the animation: a film has more frames than an animated picture, of which each takes as much as a file.
    """

    def __init__(self, path: Path) -> None:
        self._most, self._per_scale, self._rate = (240, 80, 24) if is_container(path) else (60, 20, 8)
        self._every = 1
        self._seen = 0
        self.pictures: list[images.Picture] = []

    def preview_interval(self, iterations: int) -> int:
        """Give the iterations between previews that make enough frames at the first scale."""
        return max(1, iterations // self._per_scale)

    def on_event(self, event: Event) -> None:
        """Record a preview, and ignore every other event."""
        if not isinstance(event, Preview):
            return
        if self._seen % self._every == 0:
            small = flatten(images.shrink(event.picture, _FRAME_SIDE))
            self.pictures.append(images.Picture(to_integers(small, 8)))
        self._seen += 1
        if len(self.pictures) > self._most:
            self.pictures = self.pictures[::2]
            self._every *= 2

    def save(self, result: images.Picture, path: Path, *, overwrite: bool) -> None:
        """Write all frames, and the result as the last, which stays longer; alpha is put onto white.

        Raises:
            OutputError: the format cannot hold that size, or the place may not be written.
            StorageError: the disk is full or failed.
        """
        last = images.shrink(result, _FRAME_SIDE)
        frames = [*self.pictures, last]
        times = tuple(Fraction(number, self._rate) for number in range(len(frames)))
        spec = FilmSpec((last.width, last.height), times, times[-1] + _HOLD, loops=0)
        with open_film(path, spec, overwrite=overwrite) as film:
            for frame in frames:
                film.write(images.resize(flatten(frame), last.width, last.height))
