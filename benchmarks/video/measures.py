"""What is measured of a film: how far frames agree where their content does, how much style they have, what drifts."""

from collections.abc import Iterable, Mapping
from functools import cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scorecard.measures import STYLE_LAYERS, gap_closed, sliced_wasserstein, style_features
from torch import Tensor

from impasto import images, weights
from impasto.core import VGG
from impasto.core.color import to_oklab
from impasto.images import Picture
from impasto.sizing import with_long_side
from video.clips import Frame, MovingClip

SETTLED = 5
"""The frame from which on drift is measured."""
LOOKED = 5
"""Every so many-th frame after it is looked at."""


def warping_error(clip: MovingClip, frames: Mapping[int, Frame], pairs: Iterable[int]) -> float:
    """Give how far frames are from those before them, moved as the content truly moved: mean of levels 0..255.

    Args:
        clip: whose motion counts, where what is seen was seen before.
        frames: of the film, by their numbers.
        pairs: the later frame of each pair.
    """
    errors = []
    for number in pairs:
        offsets, seen = clip.flow(number, number - 1)
        height, width = seen.shape
        columns = np.arange(width, dtype=np.float32) + offsets[..., 0]
        rows = np.arange(height, dtype=np.float32)[:, np.newaxis] + offsets[..., 1]
        before = cv2.remap(frames[number - 1].astype(np.float32), columns, rows, cv2.INTER_LINEAR)
        if seen.any():
            errors.append(float(np.abs(before - frames[number])[seen].mean()))
    return float(np.mean(errors))


class StyleJudge:
    """Tells how much of the style gap frames have closed; as the scorecard does.

    Args:
        painting: the style.
        side: long side of the frames, pixels.
    """

    def __init__(self, painting: Picture, side: int) -> None:
        small = images.resize(painting, *with_long_side((painting.width, painting.height), side))
        self._wanted = style_features(_network(), _tensor(small.rgb))

    def gap_closed(self, source: Frame, frame: Frame) -> float:
        """Give the share of the source's distance to the painting that a frame has left behind."""
        return gap_closed(self._distances(frame), self._distances(source))

    def _distances(self, frame: Frame) -> list[float]:
        found = style_features(_network(), _tensor(frame))
        return [sliced_wasserstein(found[layer], self._wanted[layer]) for layer in STYLE_LAYERS]


def drift(frames: Mapping[int, Frame]) -> tuple[float, float]:
    """Give how far the mean lightness and the palette move after `SETTLED`, at most, in percent of their range.

    Lightness is OkLab's; the palette's move is the distance between the distributions of colors.
    """
    first = to_oklab(_tensor(frames[SETTLED]))
    later = [to_oklab(_tensor(frames[number])) for number in sorted(frames)[SETTLED + LOOKED :: LOOKED]]
    lightness = max(abs(float(it[:, 0].mean() - first[:, 0].mean())) for it in later)
    return 100 * lightness, 100 * max(sliced_wasserstein(it, first) for it in later)


@cache
def _network() -> VGG:
    stored = weights.load("vgg16").to(torch.device("cpu"), torch.float32)
    return VGG(stored, frozenset(STYLE_LAYERS), pooling="max", padding="replicate")


def _tensor(frame: NDArray[np.uint8] | NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(frame.astype(np.float32)).permute(2, 0, 1).unsqueeze(0).contiguous()
