"""Paints a shot: what each worker does, wherever it is."""

import contextlib
import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from impasto.engine.style_file import LoadedStyle, read_style_input
from impasto.engine.stylizer import Stylizer
from impasto.errors import ImageError, ImpastoError, OutOfMemoryError
from impasto.images import Picture
from impasto.storage.atomic import make_folder
from impasto.storage.limits import is_out_of_memory
from impasto.video.clip import Clip
from impasto.video.masks import MovingMasks
from impasto.video.opened_clips import OpenedClips
from impasto.video.painted import decode_painted, encode_painted
from impasto.video.painting.painter import ShotFrame, ShotPainter
from impasto.video.painting.references import references
from impasto.video.painting.shots import remove_fade
from impasto.video.shot import (
    PaintedFrame,
    PaintingSource,
    ShotDone,
    ShotFailed,
    ShotTask,
    ShotUpdate,
)

_TYPICAL = 5
"""Frames that together stand for the colors of a shot."""


def paint_shot(task: ShotTask, stylizer: Stylizer, clips: OpenedClips) -> Iterator[PaintedFrame]:
    """Paint the frames of a shot that are left, one after the other.

    Args:
        task: the shot.
        stylizer: keeps the network from one shot to the next.
        clips: keeps those that are open.

    Raises:
        ImpastoError: the clip, a painting, a mask or a setting cannot be used, or painting failed.
    """
    if not task.left:
        return
    clip = clips.open(task.clip)
    painter = ShotPainter(stylizer, _read_paintings(task.paintings), _read_typical(task, clip), task.consistency)
    with _scratch_folder(task) as folder:
        frames = _read_frames(task, clip, MovingMasks(task.moving_masks, folder, clips.open))
        if task.references:
            found = [decode_painted(data, "a painted frame") for data in task.references]
            painted = [(next(frames), picture) for picture, _ in found]
            painter.resume(painted, found[-1][1])
        for frame in frames:
            start = time.perf_counter()
            picture = painter.paint(frame)
            data = encode_painted(picture, painter.state)
            yield PaintedFrame(task.number, frame.number, data, time.perf_counter() - start)


class ShotWorker:
    """Paints one shot after another, and keeps the network and the clips between them."""

    def __init__(self) -> None:
        self._stylizer, self._clips = Stylizer(), OpenedClips()

    def paint(self, task: ShotTask) -> Iterator[ShotUpdate]:
        """Paint a shot; yield PaintedFrame for each frame, and last ShotDone or ShotFailed."""
        try:
            yield from paint_shot(task, self._stylizer, self._clips)
        except ImpastoError as error:
            yield ShotFailed(task.number, error, worker_lost=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, the film cannot be finished; the report names it
            yield ShotFailed(task.number, _describe(error), worker_lost=False)
        else:
            yield ShotDone(task.number)


def _read_frames(task: ShotTask, clip: Clip, masks: MovingMasks) -> Iterator[ShotFrame]:
    """Decode the frames of a shot that are needed, each with the settings of its time."""
    wanted = (*(task.frames[index] for index in references(task.done)), *task.left)
    times = clip.info.times
    for pass_, numbers in itertools.groupby(wanted, lambda number: number // len(times)):  # see `looping`
        for number, picture in _read_some(clip, [it % len(times) for it in numbers]):
            settings = masks.apply(task.timeline.settings_at(times[number]), number, times[number])
            yield ShotFrame(number + pass_ * len(times), _without_fade(task, clip, number, picture), settings)


def _read_some(clip: Clip, numbers: Sequence[int]) -> Iterator[tuple[int, Picture]]:
    """Decode frames with rising numbers."""
    wanted = iter(numbers)
    number = next(wanted)
    with contextlib.closing(_closable(clip.frames(number, numbers[-1] + 1))) as pictures:
        for at, picture in enumerate(pictures, number):
            if at == number:
                yield number, picture
                number = next(wanted, -1)
    if number >= 0:
        raise ImageError(f"{clip.info.name} has no frame {number}", "Run it again with a part of the clip.")


def _without_fade(task: ShotTask, clip: Clip, number: int, picture: Picture) -> Picture:
    """Give what is painted of a frame: where it is faded, what was there before."""
    fade = task.fades.get(number)
    if fade is None:
        return picture
    if fade.source_frame != number:
        picture = _read_frame(clip, fade.source_frame)
    own = task.fades.get(fade.source_frame)
    return remove_fade(picture, own) if own else picture


def _read_typical(task: ShotTask, clip: Clip) -> list[Picture]:
    """Read frames that stand for the shot."""
    count = min(_TYPICAL, len(task.frames))
    chosen = [task.frames[(2 * place + 1) * len(task.frames) // (2 * count)] for place in range(count)]
    numbers = [number % len(clip.info.times) for number in chosen]
    return [_without_fade(task, clip, number, _read_frame(clip, number)) for number in numbers]


def _read_frame(clip: Clip, number: int) -> Picture:
    ((_, picture),) = _read_some(clip, [number])
    return picture


def _closable(frames: Iterator[Any]) -> Any:
    return frames if hasattr(frames, "close") else (frame for frame in frames)


def _read_paintings(sources: Sequence[PaintingSource]) -> list[LoadedStyle]:
    """Read the paintings, and make sure that they are those that were planned with."""
    found = []
    for source in sources:
        painting = read_style_input(source.path)
        if painting.sha256 != source.sha256:
            raise ImageError(f"{source.path} was changed meanwhile", "Start again with another output.")
        found.append(painting)
    return found


@contextlib.contextmanager
def _scratch_folder(task: ShotTask) -> Iterator[Path]:
    """Give a folder for the pictures of masks."""
    if not task.moving_masks:
        yield Path()  # nothing is written: a worker that is killed leaves nothing behind
        return
    if task.scratch is None:
        with tempfile.TemporaryDirectory(prefix="impasto-") as folder:
            yield Path(folder)
        return
    make_folder(Path(task.scratch))
    yield Path(task.scratch)


def _describe(error: Exception) -> ImpastoError:
    if is_out_of_memory(error):
        return OutOfMemoryError("there is not enough memory", "Choose a smaller size, or fewer workers.")
    return ImpastoError(f"unexpected {type(error).__name__}: {error}", "Please report this.")
