"""What a run leaves for its plot and its animation."""

from impasto import images
from impasto.engine.events import Event, Preview, Step

_MOST_FRAMES = 60
_FRAME_SIDE = 800  # pixels: an animation is for sharing, and sixty large pictures would not fit in memory
_FRAMES_A_SCALE = 20


def preview_every(iterations: int) -> int:
    """Iterations between previews that give an animation some twenty frames at its first scale."""
    return max(1, iterations // _FRAMES_A_SCALE)


class Curves:
    """Every step's figures."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def see(self, event: Event) -> None:
        if isinstance(event, Step):
            self.steps.append(event)


class Frames:
    """Previews at a size for sharing; when there are too many, every second one is dropped."""

    def __init__(self) -> None:
        self._every = 1
        self._seen = 0
        self.pictures: list[images.Picture] = []

    def see(self, event: Event) -> None:
        if not isinstance(event, Preview):
            return
        if self._seen % self._every == 0:
            self.pictures.append(_frame(event.picture))
        self._seen += 1
        if len(self.pictures) > _MOST_FRAMES:
            self.pictures = self.pictures[::2]
            self._every *= 2

    def with_last(self, result: images.Picture) -> list[images.Picture]:
        """All frames, the result at the end."""
        return [*self.pictures, _frame(result)]


def _frame(picture: images.Picture) -> images.Picture:
    shrink = min(1.0, _FRAME_SIDE / max(picture.width, picture.height))
    return images.resize(picture, max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink)))
