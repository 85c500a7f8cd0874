"""Finding the faces of a photograph, and the mask that says where they are to stay alike."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from impasto import images
from impasto.engine.inputs.masks import MaskPlane
from impasto.faces import LONG_SIDE, Face, find_faces
from impasto.images import Picture

REACH = 1.2
"""Of the ellipse over a face, half sides of its box; it is soft from half of that on."""
FEATURE = 0.3
"""Radius of an eye, the nose or the mouth, distances of the eyes; it is soft from half of that on."""


def find(photograph: Picture) -> tuple[Face, ...]:
    """Find the faces of a photograph, in pixels of it with a long side of `LONG_SIDE` at most.

    Rounded to a tenth of a pixel: the last digits depend on the threads, and a picture is not to.
    """
    small = images.resize(photograph, *_searched(photograph))
    return tuple(_rounded(face) for face in find_faces(torch.from_numpy(small.rgb).permute(2, 0, 1)[None]))


def draw_mask(photograph: Picture, faces: Sequence[Face], cheek: float) -> MaskPlane:
    """Draw where the faces of a photograph are: 1 at eyes, nose and mouth, less elsewhere in a face, soft around it.

    Args:
        photograph: that they were found in; the mask has the size at which they were.
        faces: one or more.
        cheek: what a face has beside those, 0..1.
    """
    width, height = _searched(photograph)
    down, across = np.mgrid[:height, :width].astype(np.float32) + 0.5
    mask: MaskPlane = np.maximum.reduce([_draw(face, cheek, across, down) for face in faces])
    return mask


def _rounded(face: Face) -> Face:
    left, top, right, bottom = (round(edge, 1) for edge in face.box)
    landmarks = tuple((round(across, 1), round(down, 1)) for across, down in face.landmarks)
    return replace(face, box=(left, top, right, bottom), landmarks=landmarks)


def _searched(photograph: Picture) -> tuple[int, int]:
    share = min(1.0, LONG_SIDE / max(photograph.width, photograph.height))
    return max(1, round(photograph.width * share)), max(1, round(photograph.height * share))


def _draw(face: Face, cheek: float, across: MaskPlane, down: MaskPlane) -> MaskPlane:
    left, top, right, bottom = face.box
    from_center = np.hypot(
        (across - (left + right) / 2) / ((right - left) / 2), (down - (top + bottom) / 2) / ((bottom - top) / 2)
    )
    points = np.array(face.landmarks, np.float32)
    eyes = float(np.hypot(*(points[1] - points[0])))
    mouth = points[3:].mean(axis=0)
    features = [np.hypot(across - x, down - y) for x, y in (*points, mouth)]
    near = _soft(np.min(features, axis=0), FEATURE * eyes)
    return _soft(from_center, REACH) * (cheek + (1 - cheek) * near)


def _soft(distance: MaskPlane, reach: float) -> MaskPlane:
    """Give 1 up to half of a reach, 0 from it on, and a smooth step between."""
    step = np.clip(2 - 2 * distance / reach, 0, 1)
    return np.asarray(step * step * (3 - 2 * step), np.float32)
