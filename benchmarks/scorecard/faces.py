"""How much of a face is left in a picture, and how much of the painting is in the face.

Pictures are (1, 3, H, W) float32 tensors, sRGB 0..255, as in `measures`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.network.vgg import VGG
from impasto.faces import LONG_SIDE, Face, find_faces
from impasto.layers import Layer
from scorecard.measures import STYLE_LAYERS, sliced_wasserstein

SIZES = (512, 448, 400, 360)
"""Long sides, pixels, at which a face is looked for, and in the mirror: alone, each is off by some percent."""
UNSURE = 0.7
"""Probability from which there is a face in a picture, as in the paper: in paint none is as sure as in a photograph."""
NOT_FOUND = 1.0
"""The drift of a face that is not found."""
EYES = (0, 1)
_MIRRORED = (1, 0, 2, 4, 3)
"""Landmarks as a mirror has them."""


@dataclass(frozen=True)
class FaceScores:
    """One painted face, judged."""

    drift: float
    """Mean distance of the five landmarks to the photograph's, in distances of its eyes; or `NOT_FOUND`."""
    confidence: float
    """The detector's, mean over the sizes, 0 at those where it finds none."""
    style: float
    """Style gap closed within the face: 1 is the painting's own distribution of features, 0 the photograph's face."""
    whole: float
    """Likewise over the whole picture."""


def landmarks(picture: Tensor) -> tuple[Tensor | None, float]:
    """Find the landmarks of the most probable face: (5, 2), shares of the sides, or None; and the mean confidence."""
    found: list[Tensor] = []
    confidence = 0.0
    for side in SIZES:
        share = side / max(picture.shape[2:])
        height, width = (round(length * share) for length in picture.shape[2:])
        small = F.interpolate(picture, size=(height, width), mode="bicubic", antialias=True).clamp(0, 255)
        for mirrored in (False, True):
            faces = find_faces(small.flip(3) if mirrored else small, UNSURE)
            if faces:
                found.append(_shares(faces[0], width, height, mirrored=mirrored))
                confidence += faces[0].confidence / (2 * len(SIZES))
    return (torch.stack(found).mean(dim=0) if found else None), confidence


def _shares(face: Face, width: int, height: int, *, mirrored: bool) -> Tensor:
    points = torch.tensor(face.landmarks) / torch.tensor([width, height])
    if mirrored:
        points[:, 0] = 1 - points[:, 0]
        points = points[list(_MIRRORED)]
    return points


class FaceJudge:
    """Scores pictures of one photograph with a face in the style of one painting.

    Args:
        network: features at `STYLE_LAYERS`.
        photo: of the size at which pictures are judged.
        painting: at the same long side.

    Raises:
        ValueError: there is no face in the photograph.
    """

    def __init__(self, network: VGG, photo: Tensor, painting: Tensor) -> None:
        self._network = network
        points, _ = landmarks(photo)
        if points is None:
            raise ValueError("there is no face in the photograph")
        self._pixels = torch.tensor([photo.shape[3], photo.shape[2]])
        self._landmarks = points * self._pixels
        self._box = _box(photo)
        self._wanted = self._features(painting)
        self._gaps = [self._distances(photo, within=within) for within in (True, False)]

    def scores(self, picture: Tensor) -> FaceScores:
        """Judge a picture of the photograph's size."""
        points, confidence = landmarks(picture)
        eyes = (self._landmarks[EYES[1]] - self._landmarks[EYES[0]]).norm()
        drift = NOT_FOUND
        if points is not None:
            drift = min(drift, float((points * self._pixels - self._landmarks).norm(dim=1).mean() / eyes))
        closed = [
            sum(1 - now / before for now, before in zip(self._distances(picture, within=within), gaps, strict=True))
            / len(gaps)
            for within, gaps in zip((True, False), self._gaps, strict=True)
        ]
        return FaceScores(drift, confidence, *closed)

    def _features(self, picture: Tensor) -> Mapping[Layer, Tensor]:
        found = self._network(picture)
        return {layer: found[layer] for layer in STYLE_LAYERS}

    def _distances(self, picture: Tensor, *, within: bool) -> list[float]:
        return [
            sliced_wasserstein(self._cut(maps, layer) if within else maps, self._wanted[layer])
            for layer, maps in self._features(picture).items()
        ]

    def _cut(self, maps: Tensor, layer: Layer) -> Tensor:
        """Cut the box of the face out of the features of a layer."""
        left, top, right, bottom = (round(edge / (1 << (layer.block - 1))) for edge in self._box)
        return maps[:, :, top:bottom, left:right]


def _box(photo: Tensor) -> tuple[float, ...]:
    share = LONG_SIDE / max(photo.shape[2:])
    size = [round(length * share) for length in photo.shape[2:]]
    (face, *_) = find_faces(F.interpolate(photo, size=size, mode="bicubic", antialias=True).clamp(0, 255))
    return tuple(edge / share for edge in face.box)
