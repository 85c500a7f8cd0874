"""The frames of a run's animation."""

from impasto import images
from impasto.engine.events import Event, Preview

_MAX_FRAMES = 60
_FRAME_SIDE = 800  # pixels: an animation is for sharing, and sixty large pictures would not fit in memory
_FRAMES_PER_SCALE = 20


def preview_interval(iterations: int) -> int:
    """Iterations between previews that give an animation some twenty frames at its first scale."""
    return max(1, iterations // _FRAMES_PER_SCALE)


class FrameRecorder:
    """Collects previews at a size for sharing; when there are too many, every second one is dropped."""

    def __init__(self) -> None:
        self._every = 1
        self._seen = 0
        self.pictures: list[images.Picture] = []

    def on_event(self, event: Event) -> None:
        """Record a preview, and ignore every other event."""
        if not isinstance(event, Preview):
            return
        if self._seen % self._every == 0:
            self.pictures.append(images.shrink(event.picture, _FRAME_SIDE))
        self._seen += 1
        if len(self.pictures) > _MAX_FRAMES:
            self.pictures = self.pictures[::2]
            self._every *= 2

    def finish(self, result: images.Picture) -> list[images.Picture]:
        """Return all frames, and the result as the last."""
        return [*self.pictures, images.shrink(result, _FRAME_SIDE)]
