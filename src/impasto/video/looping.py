"""A film that loops without a seam.

The shot that ends it is continued into the film's first frames, which are painted a second time. Over them the film
crosses from what was painted at its end to what was painted at its beginning, which show the same.

A frame that is painted a second time has its number plus the frames of the clip.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from impasto.images import Picture
from impasto.images.picture import to_integers
from impasto.video.clip import Clip
from impasto.video.painting.shots import find_shots
from impasto.video.stored_plan import PlannedShot
from impasto.video.timeline import smoothstep

LONGEST = 12
"""Frames that are painted a second time, at most."""
_SEEN = 3
"""Frames on each side of the seam by which it is told whether there is a cut."""


def close_loop(clip: Clip, shots: Sequence[PlannedShot]) -> tuple[PlannedShot, ...]:
    """Continue the last of some shots into the first frames, unless the clip itself has a cut there."""
    first, *_, last = (shots[0], *shots)
    length = min(LONGEST, len(first.frames) // 3)
    if not length or first.fades or last.fades or _has_cut(clip, first, last):
        return tuple(shots)
    second = tuple(number + len(clip.info.times) for number in first.frames[:length])
    return (*shots[:-1], replace(last, frames=last.frames + second))


def share_of_beginning(index: int, length: int) -> float:
    """Give how much of a frame is as it was painted at the film's beginning: from 0 up to 1, eased."""
    return smoothstep((index + 1) / (length + 1))


def blend(end: Picture, beginning: Picture, share: float) -> Picture:
    """Blend a frame as it was painted at the end, and at the beginning in a share 0..1."""
    rgb = end.rgb + (beginning.rgb - end.rgb) * np.float32(share)
    return replace(beginning, colors=to_integers(Picture(rgb), beginning.depth))


def _has_cut(clip: Clip, first: PlannedShot, last: PlannedShot) -> bool:
    pictures = [
        next(iter(clip.frames(number, number + 1))) for number in (*last.frames[-_SEEN:], *first.frames[:_SEEN])
    ]
    return len(find_shots(pictures)) > 1
