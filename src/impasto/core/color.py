"""OkLab, and what is done to colors: grays of the same lightness, another lightness under the same colors, palettes.

Pictures are (1, 3, H, W), sRGB, 0..255; opacity is (1, 1, H, W), 0..1, None for opaque. OkLab (Ottosson 2020, "A
perceptual color space for image processing") has lightness L, 0 black to 1 white, and a (green to red) and b (blue to
yellow), about -0.3..0.3, whose direction is hue and whose length is chroma.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

BAND = 2**20
"""Pixels that are worked on at a time, so that a large picture needs no copies of its own size in between."""
GAMUT_TOLERANCE = 1e-12
"""Of linear channels 0..1 in float64, by which a color may be beyond sRGB. Near black, OkLab magnifies it by 1e8."""
FLAT = 1e-4
"""A spread of lightness that nobody sees, and that is not magnified."""

COLORS = 2**14
"""Pixels that stand for a picture's palette."""
ROUNDS = 12
"""Rotations of the sliced transport; 40 would bring painting and photograph less than 3 % nearer."""
BANDWIDTHS = (0.28, 0.14, 0.07, 0.035)
"""Over how much color (OkLab) a move is averaged: the last where the palette is dense, wider where it is sparse."""
FEW = 1.0
"""Pixels of a palette that outweigh what a wider bandwidth says."""
CELL = 0.02
"""Edge of a cell of the lattice on which moves are averaged."""
CORNER, NODES = (0.0, -0.26, -0.34), (51, 29, 29)
"""Its lowest L, a and b, and the nodes along each; all of sRGB lies inside."""

# Ottosson's matrices. Their inverses are computed: his own are rounded, and a color would not come back as itself.
_TO_CONES = torch.tensor(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=torch.float64,
)
_TO_LAB = torch.tensor(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=torch.float64,
)
_FROM_CONES = torch.linalg.inv(_TO_CONES)
_FROM_LAB = torch.linalg.inv(_TO_LAB)


def to_oklab(image: Tensor) -> Tensor:
    """A picture in OkLab: (1, 3, H, W). Channels beyond 0..255 follow the same curves, mirrored at 0."""
    cones = _mixed(_TO_CONES, _linear(image / 255))
    return _mixed(_TO_LAB, cones.abs().pow(1 / 3).copysign(cones))


def from_oklab(lab: Tensor) -> Tensor:
    """OkLab (1, 3, H, W) as a picture; a color that sRGB does not have is beyond 0..255."""
    return 255 * _encoded(_linear_channels(lab))


def gray_of(image: Tensor) -> Tensor:
    """The gray of each pixel's lightness, three equal channels: (1, 3, H, W). Grays stay as they are."""
    return _in_bands(lambda band: _gray(_lightness(band)), image)


class Tone(NamedTuple):
    """Mean and standard deviation of OkLab's lightness, over what is visible."""

    mean: float
    spread: float


def tone(image: Tensor, opacity: Tensor | None = None) -> Tone:
    """How light a picture is, and how much that varies, each pixel weighted by its opacity."""
    return _tone(_in_bands(_lightness, image), opacity)


def match_tone(painting: Tensor, wanted: Tone, opacity: Tensor | None = None) -> Tensor:
    """The gray of a painting with another tone: L' = (L - mean) spread' / spread + mean', (1, 3, H, W).

    Gatys et al. 2017, "Controlling perceptual factors in neural style transfer", luminance-only transfer.
    """
    lightness = _in_bands(_lightness, painting)
    own = _tone(lightness, opacity)
    gain = wanted.spread / max(own.spread, FLAT)
    return _in_bands(lambda band: _gray(((band - own.mean) * gain + wanted.mean).clamp(0, 1)), lightness)


def with_lightness_of(painted: Tensor, colors: Tensor) -> Tensor:
    """A picture with the lightness of `painted`, and a and b, so hue and chroma, of `colors`: (1, 3, H, W), 0..255.

    Where sRGB has no such color, the lightness is the nearest one with which it has: clipped channels would change
    the hue. `colors` is within 0..255.
    """
    return _in_bands(_relit, painted, colors).clamp_(0, 255)


def palette(image: Tensor, opacity: Tensor | None = None) -> Tensor:
    """Colors that stand for a picture's: OkLab of pixels drawn by their opacity, (3, COLORS)."""
    pixels = image.flatten(2)
    # One at random from each of as many equal parts of the picture: nearer to all of it than as many from anywhere.
    random = torch.rand(COLORS, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    share = (torch.arange(COLORS) + random) / COLORS
    if opacity is None:
        drawn = (share * pixels.shape[2]).long()
    else:
        drawn = torch.searchsorted(_weight(pixels[:, :1], opacity.flatten(2)).flatten().cumsum(0), share)
    return to_oklab(pixels[:, :, drawn.clamp(max=pixels.shape[2] - 1)].unsqueeze(3))[0, :, :, 0]


def match_palette(painting: Tensor, wanted: Tensor, opacity: Tensor | None = None) -> Tensor:
    """A painting recolored to a palette (3, COLORS), its strokes kept: (1, 3, H, W), 0..255.

    Sliced optimal transport moves the painting's palette onto the other (Pitie et al. 2005, "N-dimensional probability
    density function transfer"; Rabin et al. 2011). A pixel then moves as the palette's colors near its own do on
    average: the transport alone tears apart colors that were neighbors, and smooth paper comes out as grain.
    """
    own = palette(painting, opacity)
    lattice = _lattice(own, _transported(own, wanted) - own)
    return _in_bands(lambda band: _moved(band, lattice), painting).clamp_(0, 255)


def _in_bands(change: Callable[..., Tensor], *pictures: Tensor) -> Tensor:
    """A pixelwise change of pictures of one size, made band by band of rows."""
    rows = max(1, BAND // pictures[0].shape[3])
    bands = zip(*(torch.split(picture, rows, dim=2) for picture in pictures), strict=True)
    return torch.cat([change(*band) for band in bands], dim=2)


def _lightness(image: Tensor) -> Tensor:
    return to_oklab(image)[:, :1]


def _tone(lightness: Tensor, opacity: Tensor | None) -> Tone:
    weight = _weight(lightness, opacity)
    mean = (weight * lightness).sum()
    return Tone(mean.item(), (weight * (lightness - mean).square()).sum().sqrt().item())


def _mixed(matrix: Tensor, planes: Tensor) -> Tensor:
    return torch.einsum("ij,bjhw->bihw", matrix.to(planes.dtype).to(planes.device), planes)


def _linear(encoded: Tensor) -> Tensor:
    """IEC 61966-2-1, from sRGB 0..1 to linear light."""
    size, border = encoded.abs(), 0.04045
    return torch.where(size <= border, size / 12.92, ((size + 0.055) / 1.055).pow(2.4)).copysign(encoded)


def _encoded(linear: Tensor) -> Tensor:
    """The inverse of `_linear`."""
    size, border = linear.abs(), 0.0031308
    return torch.where(size <= border, size * 12.92, size.pow(1 / 2.4) * 1.055 - 0.055).copysign(linear)


def _linear_channels(lab: Tensor) -> Tensor:
    return _mixed(_FROM_CONES, _mixed(_FROM_LAB, lab).pow(3))


def _gray(lightness: Tensor) -> Tensor:
    """(1, 1, H, W) of OkLab to (1, 3, H, W): a gray's linear channels are all L^3."""
    return 255 * _encoded(lightness.pow(3)).repeat(1, 3, 1, 1)


def _weight(like: Tensor, opacity: Tensor | None) -> Tensor:
    """The share of each pixel, float64, summing to 1; where nothing is visible, all alike."""
    weight = torch.ones_like(like, dtype=torch.float64) if opacity is None or not opacity.any() else opacity.double()
    return weight / weight.sum()


def _relit(painted: Tensor, colors: Tensor) -> Tensor:
    lab = to_oklab(colors.double())
    own = lab[:, :1].clone()
    lab[:, :1] = _lightness(painted.double())
    beyond = ~_in_gamut(lab)[0]
    lab[0, 0, beyond] = _nearest_lightness(lab[0, :, beyond], own[0, 0, beyond])
    return from_oklab(lab).to(painted.dtype)


def _in_gamut(lab: Tensor) -> Tensor:
    """Whether sRGB has the colors: (1, H, W)."""
    channels = _linear_channels(lab)
    return ((channels >= -GAMUT_TOLERANCE) & (channels <= 1 + GAMUT_TOLERANCE)).all(dim=1)


def _nearest_lightness(lab: Tensor, own: Tensor) -> Tensor:
    """The lightness nearest to that of colors (3, N) with which sRGB has their a and b; `own` (N,) is one such: (N,).

    With a and b fixed, each linear channel is a cubic in L, sum_i w_i (g_i L + k_i)^3 (all g_i are 1, but for the
    matrices' rounding). The gamut ends where one of them is 0 or 1. It may be left and entered again as L grows, among
    the blues: a search between `own` and the wanted lightness would not find the nearest.
    """
    wanted, gray, cones = lab[0], _FROM_LAB[:, 0], _FROM_LAB[:, 1:] @ lab[1:]
    best = own
    for weights in _FROM_CONES:
        cube = weights @ gray.pow(3)
        p, q, r = ((weights * gray.pow(3 - power)) @ cones.pow(power) / cube for power in (1, 2, 3))
        for bound in (0.0, 1.0):
            for root in _cubic_roots(p, q, r - bound / cube):
                there = _in_gamut(torch.stack([root, *lab[1:]]).reshape(1, 3, -1, 1)).flatten()
                best = torch.where(there & ((root - wanted).abs() < (best - wanted).abs()), root, best)
    return best


def _cubic_roots(p: Tensor, q: Tensor, r: Tensor) -> Tensor:
    """Real roots of x^3 + 3 p x^2 + 3 q x + r, (3, ...); a single one is given three times."""
    # With x = t - p: t^3 + 3 P t + 2 Q (Cardano; three roots by Viete's cosines).
    P, Q = q - p.square(), (r - 3 * p * q + 2 * p.pow(3)) / 2
    discriminant = Q.square() + P.pow(3)
    size = Q.abs() + discriminant.clamp(min=0).sqrt()
    largest = -size.pow(1 / 3).copysign(Q)
    single = largest - torch.where(size > 0, P / largest, 0)
    radius = (-P).clamp(min=0).sqrt()
    angle = (-Q / radius.pow(3)).nan_to_num(0).clamp(-1, 1).acos()
    turns = torch.arange(3, dtype=Q.dtype).reshape(3, 1) * (2 * math.pi)
    return torch.where(discriminant < 0, 2 * radius * ((angle + turns) / 3).cos(), single) - p


def _transported(colors: Tensor, wanted: Tensor) -> Tensor:
    """Colors moved until they are distributed as those that are wanted, both (3, N)."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(ROUNDS):
        turn = torch.linalg.qr(torch.randn(3, 3, generator=generator)).Q.to(colors.dtype)
        order = (turn @ colors).argsort(dim=1, stable=True)
        # In one dimension, optimal transport is from each rank to the same rank.
        colors = turn.T @ torch.empty_like(colors).scatter_(1, order, (turn @ wanted).sort(dim=1).values)
    return colors


def _lattice(colors: Tensor, moves: Tensor) -> Tensor:
    """The mean move of the colors (3, N) near each node, by a Gaussian of their distance: (1, 3, *NODES)."""
    cell = _cells(colors).round().long()
    index = (cell[0] * NODES[1] + cell[1]) * NODES[2] + cell[2]
    counted = torch.cat([moves, torch.ones_like(moves[:1])])
    sums = counted.new_zeros(4, math.prod(NODES)).index_add_(1, index, counted).reshape(4, *NODES)
    lattice = moves.mean(dim=1).reshape(3, 1, 1, 1)
    for bandwidth in BANDWIDTHS:
        near = torch.einsum("cxyz,lx,ay,bz->clab", sums, *(_blur(nodes, bandwidth / CELL) for nodes in NODES))
        lattice = (near[:3] + FEW * lattice) / (near[3:] + FEW)
    return lattice.unsqueeze(0)


def _moved(painting: Tensor, lattice: Tensor) -> Tensor:
    lab = to_oklab(painting)
    cells = _cells(lab.flatten(2)[0]) / (torch.tensor(NODES) - 1).unsqueeze(1)
    # grid_sample wants -1..1, the last axis first.
    at = (cells * 2 - 1).flip(0).T.reshape(1, 1, *lab.shape[2:], 3)
    moves = F.grid_sample(lattice, at, mode="bilinear", padding_mode="border", align_corners=True)
    return from_oklab(lab + moves.squeeze(2))


def _cells(colors: Tensor) -> Tensor:
    """Colors (3, N) in cells of the lattice from its corner."""
    return (colors - torch.tensor(CORNER).unsqueeze(1)) / CELL


def _blur(nodes: int, width: float) -> Tensor:
    """The Gaussian, `width` nodes wide, between any two nodes of an axis: (nodes, nodes)."""
    along = torch.arange(nodes) / width
    return (along.unsqueeze(1) - along).square().div(-2).exp()
