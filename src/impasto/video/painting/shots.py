"""Where another shot of a clip begins: cuts, and fades to and from one color.

A cut is a frame that differs from the one before it by far more than those around it do from each other. A fade is a
run of frames that lose their contrast in the measure in which they near one color: what is under it is painted as if it
were not there, and the painted frames are faded as the clip's were. So a fade does not make the painting flare up, and
no frame of noise is painted.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from impasto.images import Picture
from impasto.images.picture import to_integers
from impasto.sizing import with_long_side
from impasto.video.opencv import load_opencv
from impasto.video.painting.flow import Samples, find_motion

_SIDE = 96
"""Pixels of the long side at which frames are compared."""
_CUT = 12.0
"""Levels 0..255 by which a frame differs at least from the one before it where there is a cut."""
_RATIO = 2.0
"""How many times more than the calmer ones of its neighbors do, on either side."""
_AROUND = 2
"""Neighbors on each side."""
_KNOWN = 0.5
"""Mean trust from which on a frame shows what the one before did, moved."""
_FLAT = 5.0
"""Standard deviation, levels 0..255, of a frame of one color."""
_EVEN, _GRAIN = 1.2, 0.2
"""Frames are as flat as the flattest up to so many times its contrast, and levels beyond."""
_RISE, _WITHIN = 1.02, 8
"""By how much contrast rises within so many frames of a fade."""
_APART = 0.15
"""How far a frame's mean may be from where its contrast says that it is, as a share of the way."""
_LEAST = 0.3
"""Share of its contrast that a frame has at least to be painted; below it another stands for it."""
_SHORTEST, _LONGEST = 2, 400
"""Frames of a fade."""

Color = tuple[float, float, float]
"""RGB, 0..255."""


@dataclass(frozen=True)
class Fade:
    """What a fade has made of a frame: its colors times `light`, and the rest one color."""

    light: float
    """0..1."""
    background: Color
    source_frame: int
    """The frame that is painted in its place: itself, or where hardly anything is left of it, the nearest with more."""


@dataclass(frozen=True)
class Shot:
    """Frames that show one thing without a break."""

    frames: range
    fades: Mapping[int, Fade] = field(default_factory=dict)
    """For the frames that are faded, by their numbers."""


@dataclass(frozen=True, slots=True)
class _SeenFrame:
    """What is kept of a frame that was looked at."""

    contrast: float
    """Standard deviation, levels 0..255."""
    mean: NDArray[np.float32]
    """(3,), 0..255."""
    step: float
    """Mean difference from the frame before, levels 0..255."""
    step_of_two: float
    """Likewise, from the one before that."""
    known: float
    """How far it shows what the frame before did, moved: 0..1; where it differs little that is not asked."""


class ShotFinder:
    """Looks at the frames of a clip one by one, and keeps a few numbers of each: a clip may be hours long.

    Args:
        start: the number of the first frame.
    """

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._seen: list[_SeenFrame] = []
        self._last: deque[Samples] = deque(maxlen=2)

    def add(self, picture: Picture) -> None:
        """Look at the next frame."""
        samples = _small(picture)
        pixels = samples.astype(np.float32)
        steps = [float(np.abs(pixels - before).mean()) for before in reversed(self._last)]
        step, step_of_two = (*steps, 0.0, 0.0)[:2]
        known = float(find_motion(samples, self._last[-1]).trust.mean()) if step > _CUT else 1.0
        contrast, mean = float(pixels.std(axis=(0, 1)).mean()), pixels.mean(axis=(0, 1))
        self._seen.append(_SeenFrame(contrast, mean, step, step_of_two, known))
        self._last.append(samples)

    def find(self) -> list[Shot]:
        """Part the frames into shots."""
        return _part(self._seen, self._start) if self._seen else []


def find_shots(pictures: Iterable[Picture], start: int = 0) -> list[Shot]:
    """Part frames into shots.

    Args:
        pictures: the frames, in order; each is looked at once.
        start: the number of the first.
    """
    finder = ShotFinder(start)
    for picture in pictures:
        finder.add(picture)
    return finder.find()


def _part(seen: Sequence[_SeenFrame], start: int) -> list[Shot]:
    fades, starts = _find_fades(seen)
    starts |= {number for number in _find_cuts(seen) if number not in fades and number - 1 not in fades} | {0}
    ends = [*sorted(starts)[1:], len(seen)]
    shots = []
    for first, end in zip(sorted(starts), ends, strict=True):
        own = {
            start + number: _place(fades, number, range(first, end), start) for number in fades if first <= number < end
        }
        is_blank = all(fade.source_frame < 0 for fade in own.values()) and len(own) == end - first
        shots.append(Shot(range(start + first, start + end), {} if is_blank else own))
    return shots


def remove_fade(picture: Picture, fade: Fade) -> Picture:
    """Give a frame, that of `fade.source_frame`, as it was before it was faded, where `fade` is that frame's own."""
    background = np.array(fade.background, np.float32)
    rgb = np.clip(background + (picture.rgb - background) / np.float32(max(fade.light, _LEAST)), 0, 255)
    return _with_colors(picture, rgb)


def apply_fade(picture: Picture, fade: Fade) -> Picture:
    """Fade a painted frame as the clip's was."""
    background = np.array(fade.background, np.float32)
    return _with_colors(picture, background + (picture.rgb - background) * np.float32(fade.light))


def _with_colors(picture: Picture, rgb: NDArray[np.float32]) -> Picture:
    colors = to_integers(replace(picture, colors=rgb, alpha=None), picture.depth)
    return replace(picture, colors=colors)


def _small(picture: Picture) -> Samples:
    cv2 = load_opencv()
    size = with_long_side((picture.width, picture.height), _SIDE)
    samples = to_integers(replace(picture, alpha=None), 8)
    small: Samples = cv2.resize(samples, size, interpolation=cv2.INTER_AREA)
    return small


def _find_cuts(seen: Sequence[_SeenFrame]) -> list[int]:
    """Give the numbers of the frames that begin a shot."""
    steps = [frame.step for frame in seen]
    found = []
    for number in range(1, len(seen)):
        before, after = steps[max(1, number - _AROUND) : number], steps[number + 1 : number + 1 + _AROUND]
        calm = max(min(before, default=0.0), min(after, default=0.0))
        if steps[number] <= max(_CUT, _RATIO * calm) or _is_flash(seen, number, steps[number]):
            continue
        if seen[number].known < _KNOWN:
            found.append(number)
    return found


def _is_flash(seen: Sequence[_SeenFrame], number: int, step: float) -> bool:
    """Tell whether a frame that differs is a flash of light, or its end: what is around it is alike."""
    for first, after in ((number - 1, number + 1), (number - 2, number)):
        if first >= 0 and after < len(seen) and seen[after].step_of_two < step / 2:
            return True
    return False


def _find_fades(seen: Sequence[_SeenFrame]) -> tuple[dict[int, Fade], set[int]]:
    """Give the fades of frames, with no source frame (-1) where another is to stand for one, and where shots begin."""
    contrast = [frame.contrast for frame in seen]
    fades: dict[int, Fade] = {}
    starts: set[int] = set()
    number = 0
    while number < len(seen):
        if contrast[number] >= _FLAT:
            number += 1
            continue
        first = number
        while number < len(seen) and contrast[number] < _FLAT:
            number += 1
        flattest = [at for at in range(first, number) if contrast[at] <= _EVEN * min(contrast[first:number]) + _GRAIN]
        before, after = _trace(seen, contrast, flattest[0], -1), _trace(seen, contrast, flattest[-1], 1)
        if not (before or after):
            continue
        ground = _color(seen[flattest[0]])
        fades |= {flat: Fade(0.0, ground, -1) for flat in range(first, number)} | before | after
        if before and number < len(seen):
            starts.add((flattest[0] + flattest[-1] + 1) // 2 if after else number)
    return fades, starts


def _trace(seen: Sequence[_SeenFrame], contrast: Sequence[float], flat: int, step: int) -> dict[int, Fade]:
    """Follow a fade from a frame of one color to where it has all of its contrast; nothing where there is no fade."""
    run: list[int] = []
    at = flat + step
    while 0 <= at < len(seen) and len(run) < _LONGEST:
        run.append(at)
        coming = [contrast[it] for it in range(at + step, at + step * (_WITHIN + 1), step) if 0 <= it < len(contrast)]
        if max(coming, default=0.0) < _RISE * contrast[at]:
            break
        at += step
    if len(run) < _SHORTEST + 1:
        return {}
    whole, ground = run[-1], seen[flat].mean
    way = seen[whole].mean - ground
    found = {}
    for number in run[:-1]:
        light = min(1.0, contrast[number] / contrast[whole])
        if float(np.abs(seen[number].mean - ground - light * way).max()) > _APART * max(30.0, float(np.abs(way).max())):
            return {}
        found[number] = Fade(light, _color(seen[flat]), number if light >= _LEAST else -1)
    return found


def _place(fades: Mapping[int, Fade], number: int, frames: range, start: int) -> Fade:
    """Let the nearest frame of the shot stand for one that shows hardly anything."""
    fade = fades[number]
    if fade.source_frame >= 0:
        return replace(fade, source_frame=start + fade.source_frame)
    shown = [other for other in frames if other not in fades or fades[other].source_frame >= 0]
    if not shown:
        return fade
    return replace(fade, source_frame=start + min(shown, key=lambda other: abs(other - number)))


def _color(frame: _SeenFrame) -> Color:
    red, green, blue = (float(it) for it in frame.mean)
    return red, green, blue
