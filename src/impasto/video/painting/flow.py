"""Where each pixel of a frame was in another, and whether that is known.

Dense inverse search (Kroeger et al. 2016) both ways; a pixel is trusted where both agree and no motion ends (Sundaram,
Brox and Keutzer 2010; Ruder, Dosovitskiy and Brox 2016, equations 5 and 6).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.video.opencv import load_opencv

Plane = NDArray[np.float32]
"""(H, W)."""
Samples = NDArray[np.uint8]
"""(H, W, 3), sRGB."""

STILL = 0.7
"""Pixels: a motion shorter than this is none where the frames are as alike without it. Else noise moves still walls,
and what is moved a hundred times by parts of a pixel is blurred."""
_STILL_WINDOW = 9
_ALIKE = 1.15
"""How much more two frames may differ without a motion than with it, for it to be none."""
_DISAGREE, _DISAGREE_BASE = 0.01, 0.5
_BOUNDARY, _BOUNDARY_BASE = 0.01, 0.002
_SOFT = 1.0
"""Pixels over which trust begins."""
_SMALLEST = 16
"""Pixels of a side: below it there is nothing to search in."""


@dataclass(frozen=True)
class Motion:
    """How a frame came from another."""

    offsets: NDArray[np.float32]
    """(H, W, 2): where each of its pixels was in the other, from its own place, pixels (x, y)."""
    trust: Plane
    """0..1: 0 where that is not known, as the other did not show it."""


def find_motion(frame: Samples, other: Samples) -> Motion:
    """Find where each pixel of a frame was in another of the same size."""
    gray, before = to_gray(frame), to_gray(other)
    if min(gray.shape) < _SMALLEST:
        height, width = gray.shape
        return Motion(np.zeros((height, width, 2), np.float32), np.zeros((height, width), np.float32))
    back, forth = _search(gray, before), _search(before, gray)
    still = _is_still(gray, before, back)
    trust = (_agree(back, forth) & ~_is_boundary(_smooth(back))) | still
    return Motion(np.where(still[..., np.newaxis], np.float32(0), back), _soften(trust))


def warp(pixels: NDArray[Any], offsets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move an image (H, W, C) or a plane to where its content is in another frame; beyond its border it repeats it."""
    cv2 = load_opencv()
    height, width = offsets.shape[:2]
    columns = np.arange(width, dtype=np.float32) + offsets[..., 0]
    rows = np.arange(height, dtype=np.float32)[:, np.newaxis] + offsets[..., 1]
    how = {"interpolation": cv2.INTER_LANCZOS4, "borderMode": cv2.BORDER_REPLICATE}
    moved: NDArray[np.float32] = cv2.remap(pixels.astype(np.float32), columns, rows, **how)
    return moved


def to_gray(frame: Samples) -> NDArray[np.uint8]:
    """Give the gray of a frame: (H, W)."""
    cv2 = load_opencv()
    gray: NDArray[np.uint8] = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return gray


def _search(frame: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Search where the pixels of a frame are in another: (H, W, 2)."""
    cv2 = load_opencv()
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    found: NDArray[np.float32] = search.calc(frame, other, None)
    return found


def _agree(back: NDArray[np.float32], forth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell where the motion there and back ends where it began (Ruder et al., equation 5)."""
    there = warp(forth, back)
    apart: NDArray[np.float32] = np.square(there + back).sum(axis=2)
    length = np.square(there).sum(axis=2) + np.square(back).sum(axis=2)
    agreed = apart <= _DISAGREE * length + _DISAGREE_BASE
    height, width = agreed.shape
    columns = np.arange(width) + back[..., 0]
    rows = np.arange(height)[:, np.newaxis] + back[..., 1]
    seen: NDArray[np.bool_] = agreed & (columns > -1) & (columns < width) & (rows > -1) & (rows < height)
    return seen


def _is_boundary(offsets: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell where one motion ends and another begins (Ruder et al., equation 6)."""
    slopes = sum(np.square(np.gradient(offsets[..., axis])).sum(axis=0) for axis in (0, 1))
    boundary: NDArray[np.bool_] = slopes > _BOUNDARY * np.square(offsets).sum(axis=2) + _BOUNDARY_BASE
    return boundary


def _smooth(offsets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give a motion without the specks of noise, its borders kept: (H, W, 2)."""
    cv2 = load_opencv()
    return np.stack([cv2.medianBlur(np.ascontiguousarray(offsets[..., axis]), 5) for axis in (0, 1)], axis=2)


def _is_still(gray: NDArray[np.uint8], before: NDArray[np.uint8], offsets: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell where nothing moves: where it would be by less than `STILL`, and the frames are as alike without it."""
    cv2 = load_opencv()
    own = gray.astype(np.float32)
    window = (_STILL_WINDOW, _STILL_WINDOW)
    moved = cv2.blur(np.abs(own - warp(before, offsets)), window)
    stood = cv2.blur(np.abs(own - before), window)
    still: NDArray[np.bool_] = (np.square(offsets).sum(axis=2) < STILL**2) & (stood <= _ALIKE * moved + 1)
    return still


def _soften(trusted: NDArray[np.bool_]) -> Plane:
    """Let trust begin a little within its border, and not all at once."""
    cv2 = load_opencv()
    inner = cv2.erode(trusted.astype(np.float32), np.ones((3, 3), np.uint8))
    soft: Plane = cv2.GaussianBlur(inner, (0, 0), _SOFT) * trusted
    return soft
