"""How much of a face is left in a picture, and how much of the painting is in the face.

    PYTHONPATH=benchmarks python -m scorecard.faces [--paintings the_scream]

Paints a portrait, and a part of it in which the face is large, with each choice of `faces`, and writes
scorecard/faces.json. Pictures are kept in `painted/` and not painted again; all of them take an hour on two cores.

Pictures are (1, 3, H, W) float32 tensors, sRGB 0..255, as in `measures`.
"""

import argparse
import itertools
from dataclasses import asdict, dataclass
from pathlib import Path

import shared
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto import Stylizer, images, weights
from impasto.core.network.vgg import VGG
from impasto.faces import LONG_SIDE, Face, find_faces
from impasto.images import Picture
from impasto.layers import Layer
from impasto.sizing import with_long_side
from scorecard.measures import STYLE_LAYERS, gap_closed, sliced_wasserstein, style_features
from scorecard.painters import PAINTED

SIZES = (512, 448, 400, 360)
"""Long sides, pixels, at which a face is looked for, and in the mirror: alone, each is off by some percent."""
UNSURE = 0.7
"""Probability from which there is a face in a picture, as in the paper: in paint none is as sure as in a photograph."""
NOT_FOUND = 1.0
"""The drift of a face that is not found."""
EYES = (0, 1)
SUBJECT = "astronaut"
"""The one photograph among the examples that has a face."""
CLOSE = slice(20, 276), slice(90, 346)
"""Rows and columns of the part of it."""
PHOTOS = {SUBJECT: 384, "close": 256}
"""Long sides, pixels, at which each is painted."""
PAINTINGS = ("the_scream", "starry_night", "wheat_field_with_cypresses", "water_lilies", "great_wave")
FILE = Path(__file__).parent / "faces.json"
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
        self._wanted = style_features(network, painting)
        self._gaps = [self._distances(photo, within=within) for within in (True, False)]

    def scores(self, picture: Tensor) -> FaceScores:
        """Judge a picture of the photograph's size."""
        points, confidence = landmarks(picture)
        eyes = (self._landmarks[EYES[1]] - self._landmarks[EYES[0]]).norm()
        drift = NOT_FOUND
        if points is not None:
            drift = min(drift, float((points * self._pixels - self._landmarks).norm(dim=1).mean() / eyes))
        closed = [
            gap_closed(self._distances(picture, within=within), gaps)
            for within, gaps in zip((True, False), self._gaps, strict=True)
        ]
        return FaceScores(drift, confidence, *closed)

    def _distances(self, picture: Tensor, *, within: bool) -> list[float]:
        return [
            sliced_wasserstein(self._cut(maps, layer) if within else maps, self._wanted[layer])
            for layer, maps in style_features(self._network, picture).items()
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


def main() -> None:
    """Paint what is not there yet, judge, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paintings", nargs="+", default=PAINTINGS)
    parser.add_argument("--judge", action="store_true", help="judge those that are painted, and paint none")
    network = VGG(weights.load("vgg16").to(torch.device("cpu"), torch.float32), STYLE_LAYERS)
    stylizer, rows = Stylizer("cpu"), []
    chosen = parser.parse_args()
    for painting, (photo, size) in itertools.product(chosen.paintings, PHOTOS.items()):
        content = _photograph(photo)
        judge = FaceJudge(network, _tensor(content, size), _tensor(images.read(shared.picture(painting)), size))
        for faces in ("paint", "gentle", "keep"):
            file = PAINTED / f"{photo}+{painting}+faces-{faces}.png"
            if chosen.judge and not file.exists():
                continue
            if not file.exists():
                file.parent.mkdir(exist_ok=True)
                stylizer.stylize(content, shared.picture(painting), size=size, faces=faces).save(file)
            with torch.no_grad():
                scores = asdict(judge.scores(_tensor(images.read(file), size)))
            about = {"photo": photo, "painting": painting, "size": size, "faces": faces}
            rows.append(about | {name: round(value, 4) for name, value in scores.items()})
            print(rows[-1], flush=True)
    shared.write(FILE, {}, pictures=rows)


def _photograph(name: str) -> Picture:
    picture = images.read(shared.picture(SUBJECT))
    return picture.cut(*CLOSE) if name == "close" else picture


def _tensor(picture: Picture, size: int) -> Tensor:
    width, height = with_long_side((picture.width, picture.height), size)
    return torch.from_numpy(images.resize(picture, width, height).rgb).float().permute(2, 0, 1)[None]


if __name__ == "__main__":
    main()
