"""The scorecard's measures. Pictures are (1, 3, H, W) float32 tensors, sRGB 0..255.

Features come from two networks in float32: the bundled VGG-16, for style at layers that no recipe of the scorecard
compares, and VGG-19 at 8 bits, which none uses at all. All measures are deterministic.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.color import to_oklab
from impasto.core.network.vgg import VGG
from impasto.layers import Layer
from scorecard import close_up
from scorecard.filters import blurred, gradient, luminance

STYLE_LAYERS = tuple(Layer.parse(name) for name in ("relu1_2", "relu2_2", "relu3_3", "relu4_3"))
STRUCTURE_LAYER = Layer.parse("relu4_2")
GRID = 32
DIRECTIONS = 64
QUANTILES = 1024
STROKE_WIDTHS = (2.0, 4.0, 8.0)
"""Standard deviations, pixels, of the windows in which strokes are to run alike."""
NO_CHROMA = 0.01
"""What a gray picture is taken to have of it; paintings have 0.1 to 10."""
NO_GRAIN = 1e-9
"""What a picture of one color is taken to have of it."""
BORDER = 6
"""Pixels of the strip in which a frame would show."""
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Wang, Simoncelli and Bovik 2003."""


@dataclass(frozen=True)
class Scores:
    """One picture, judged."""

    style: float
    """Style gap closed: 1 is the painting's own distribution of features, 0 the photograph's."""
    structure: float
    """Agreement of self-similarity with the photograph, 0..1."""
    second_style: float
    """Style gap closed, by the second judge."""
    second_structure: float
    """Agreement of self-similarity, by the second judge."""
    ms_ssim: float
    """Multi-scale structural similarity of luminance to the photograph, 0..1."""
    strokes: float
    """How far the coherence of orientation is from the painting's, mean over the widths; 0 is best."""
    lengths: float
    """How far the lengths of strokes are from the painting's, in octaves (log2), mean over the widths; 0 is best."""
    palette: float
    """Sliced Wasserstein distance of OkLab colors to the painting's (times 100); 0 is best."""
    clipped: float
    """Share of pixels with a channel at 0 or 255, beyond the larger of the painting's and the photograph's."""
    grain: float
    """Energy in the highest octave relative to the painting's, in octaves (log2); 0 is best."""
    chroma: float
    """The same of colors without lightness."""
    periodic: float
    """Share of the fine marks' energy in peaks of the spectrum, beyond the painting's (times 100)."""
    empty: float
    """Energy of edges in the photograph's empty places, as a multiple of that in the painting's own; 1 is as empty."""
    frame: float
    """OkLab distance between border strip and the strip within, beyond the photograph's own (times 100)."""


class Judge:
    """Scores pictures of one photograph in the style of one painting.

    Args:
        network: features at `layers()`.
        second: those of another network.
        photo: of the size at which pictures are judged.
        painting: at the same long side.
    """

    def __init__(self, network: VGG, second: VGG, photo: Tensor, painting: Tensor) -> None:
        self._photo, self._painting = photo, painting
        self._first, self._second = (_FeatureJudge(each, photo, painting) for each in (network, second))
        self._strokes, self._lengths = coherence(painting), close_up.stroke_lengths(painting)
        self._colors = to_oklab(painting)
        self._grain, self._chroma = highest_octave(painting), close_up.chroma_noise(painting)
        self._periodic = close_up.periodic(painting)
        self._clipped = max(clipped(photo), clipped(painting))
        self._frame = frame(photo)

    def scores(self, picture: Tensor) -> Scores:
        """Judge a picture of the photograph's size."""
        strokes = zip(coherence(picture), self._strokes, strict=True)
        lengths = zip(close_up.stroke_lengths(picture), self._lengths, strict=True)
        return Scores(
            style=self._first.style(picture),
            structure=self._first.structure(picture),
            second_style=self._second.style(picture),
            second_structure=self._second.structure(picture),
            ms_ssim=ms_ssim(luminance(picture), luminance(self._photo)),
            strokes=statistics.mean(abs(ours - theirs) for ours, theirs in strokes),
            lengths=statistics.mean(abs(math.log2(ours / theirs)) for ours, theirs in lengths),
            palette=100 * sliced_wasserstein(to_oklab(picture), self._colors),
            clipped=max(0.0, clipped(picture) - self._clipped),
            grain=math.log2((highest_octave(picture) + NO_GRAIN) / (self._grain + NO_GRAIN)),
            chroma=math.log2((close_up.chroma_noise(picture) + NO_CHROMA) / (self._chroma + NO_CHROMA)),
            periodic=100 * max(0.0, close_up.periodic(picture) - self._periodic),
            empty=close_up.empty(picture, self._photo, self._painting),
            frame=100 * max(0.0, frame(picture) - self._frame),
        )


class _FeatureJudge:
    """What the features of one network say."""

    def __init__(self, network: VGG, photo: Tensor, painting: Tensor) -> None:
        self._network = network
        self._wanted = [style_features(network, picture) for picture in _two_sizes(painting)]
        self._gaps = self._distances(photo)
        self._similarity = self_similarity(network(photo)[STRUCTURE_LAYER])

    def style(self, picture: Tensor) -> float:
        return gap_closed(self._distances(picture), self._gaps)

    def structure(self, picture: Tensor) -> float:
        similarity = self_similarity(self._network(picture)[STRUCTURE_LAYER])
        return 1 - float((similarity - self._similarity).abs().sum(dim=0).mean()) / 2

    def _distances(self, picture: Tensor) -> list[float]:
        return [
            sliced_wasserstein(features[layer], wanted[layer])
            for at_size, wanted in zip(_two_sizes(picture), self._wanted, strict=True)
            for features in (style_features(self._network, at_size),)
            for layer in STYLE_LAYERS
        ]


def style_features(network: VGG, picture: Tensor) -> Mapping[Layer, Tensor]:
    """Give the features of which distributions are compared."""
    found = network(picture)
    return {layer: found[layer] for layer in STYLE_LAYERS}


def gap_closed(distances: Sequence[float], gaps: Sequence[float]) -> float:
    """Give the mean share of the photograph's distances to the painting that a picture has left behind."""
    closed = [1 - now / before for now, before in zip(distances, gaps, strict=True)]
    return sum(closed) / len(closed)


def layers() -> set[Layer]:
    """What the judge reads of the network."""
    return {*STYLE_LAYERS, STRUCTURE_LAYER}


def sliced_wasserstein(ours: Tensor, theirs: Tensor) -> float:
    """Mean distance between the distributions of channels over positions, along fixed random directions.

    Both are (1, C, H, W) of any size; their sorted projections are brought to equal length by interpolation.
    """
    directions = torch.randn(ours.shape[1], DIRECTIONS, generator=torch.Generator().manual_seed(0))
    directions /= directions.norm(dim=0)
    ours, theirs = (_quantiles(maps.flatten(2)[0].T @ directions) for maps in (ours, theirs))
    return float((ours - theirs).abs().mean())


def _quantiles(projected: Tensor) -> Tensor:
    ordered = torch.from_numpy(np.sort(projected.T.contiguous().numpy(), axis=1))  # many times faster than torch's
    return F.interpolate(ordered.unsqueeze(0), size=QUANTILES, mode="linear")


def _two_sizes(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture, F.interpolate(picture, scale_factor=0.5, mode="bicubic", antialias=True)


def self_similarity(features: Tensor) -> Tensor:
    """Cosine distances between all positions of a 32 x 32 grid, each column summing to 1 (Kolkin et al. 2019)."""
    grid = F.interpolate(features, size=(GRID, GRID), mode="bilinear", antialias=True)
    flat = F.normalize(grid.flatten(2)[0], dim=0)
    distances = 1 - flat.T @ flat
    return distances / distances.sum(dim=0)


def ms_ssim(ours: Tensor, theirs: Tensor) -> float:
    """Multi-scale structural similarity of two luminances (Wang, Simoncelli and Bovik 2003)."""
    product = 1.0
    for scale, weight in enumerate(MS_SSIM_WEIGHTS):
        means = blurred(ours, 1.5), blurred(theirs, 1.5)
        variances = blurred(ours**2, 1.5) - means[0] ** 2 + blurred(theirs**2, 1.5) - means[1] ** 2
        covariance = blurred(ours * theirs, 1.5) - means[0] * means[1]
        found = (2 * covariance + 58.5) / (variances + 58.5)
        if scale == len(MS_SSIM_WEIGHTS) - 1:
            found = found * (2 * means[0] * means[1] + 6.5) / (means[0] ** 2 + means[1] ** 2 + 6.5)
        product *= max(0.0, float(found.mean())) ** weight
        ours, theirs = (F.avg_pool2d(maps, 2) for maps in (ours, theirs))
    return product


def coherence(picture: Tensor) -> Sequence[float]:
    """How alike orientations run within windows of each width: 0 any which way, 1 all the same.

    The structure tensor's anisotropy (l1 - l2) / (l1 + l2), weighted by its energy. Brush strokes stay coherent over
    their length; hatching is coherent in the smallest window at most.
    """
    luma = blurred(luminance(picture), 1.0)
    dx, dy = gradient(luma)
    found = []
    for width in STROKE_WIDTHS:
        xx, yy, xy = (blurred(product, width) for product in (dx * dx, dy * dy, dx * dy))
        found.append(float(((xx - yy) ** 2 + 4 * xy**2).sqrt().sum() / (xx + yy).sum()))
    return found


def clipped(picture: Tensor) -> float:
    """Share of pixels that have a channel at either end of the range, as 8 bits would hold it."""
    return float((picture.round() % 255 == 0).any(dim=1).float().mean())


def highest_octave(picture: Tensor) -> float:
    """Mean square of what half the resolution does not hold of the luminance."""
    luma = luminance(picture)
    return float((luma - blurred(luma, 1.0)).square().mean())


def frame(picture: Tensor) -> float:
    """How much the border differs from the strip within: OkLab, the mean over the four sides."""
    lab = to_oklab(picture)
    sides = (lab, lab.flip(2), lab.transpose(2, 3), lab.flip(3).transpose(2, 3))
    jumps = [
        (side[:, :, :BORDER].mean(dim=(2, 3)) - side[:, :, BORDER : 2 * BORDER].mean(dim=(2, 3))).norm()
        for side in sides
    ]
    return float(torch.stack(jumps).mean())
