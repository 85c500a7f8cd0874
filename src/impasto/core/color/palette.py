"""Palettes and tones of pictures, measured and matched."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.color.oklab import from_oklab, gray, lightness, map_bands, to_oklab

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


class Tone(NamedTuple):
    """Mean and standard deviation of OkLab's lightness, over what is visible."""

    mean: float
    spread: float


def tone(image: Tensor, opacity: Tensor | None = None) -> Tone:
    """Measure how light a picture is, and how much that varies, each pixel weighted by its opacity."""
    return _measure_tone(map_bands(lightness, image), opacity)


def match_tone(painting: Tensor, wanted: Tone, opacity: Tensor | None = None) -> Tensor:
    """Give a painting's gray another tone: L' = (L - mean) spread' / spread + mean', (1, 3, H, W).

    Gatys et al. 2017, "Controlling perceptual factors in neural style transfer", luminance-only transfer.
    """
    levels = map_bands(lightness, painting)
    own = _measure_tone(levels, opacity)
    gain = wanted.spread / max(own.spread, FLAT)
    return map_bands(lambda band: gray(((band - own.mean) * gain + wanted.mean).clamp(0, 1)), levels)


def palette(image: Tensor, opacity: Tensor | None = None) -> Tensor:
    """Sample colors that stand for a picture's: OkLab of pixels drawn by their opacity, (3, COLORS)."""
    pixels = image.flatten(2)  # (1, 3, H, W) -> (1, 3, H W)
    # One at random from each of as many equal parts of the picture: nearer to all of it than as many from anywhere.
    random = torch.rand(COLORS, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    share = (torch.arange(COLORS) + random) / COLORS
    if opacity is None:
        drawn = (share * pixels.shape[2]).long()
    else:
        drawn = torch.searchsorted(_pixel_shares(pixels[:, :1], opacity.flatten(2)).flatten().cumsum(0), share)
    return to_oklab(pixels[:, :, drawn.clamp(max=pixels.shape[2] - 1)].unsqueeze(3))[0, :, :, 0]


def match_palette(
    painting: Tensor, wanted: Tensor, opacity: Tensor | None = None, *, like: Tensor | None = None
) -> Tensor:
    """Recolor a painting to a palette (3, COLORS), its strokes kept: (1, 3, H, W), 0..255.

    `like` is an image whose colors stand for the painting's own, (1, 3, H', W'): of the frames of a film all are moved
    as those of one are.

    Sliced optimal transport moves the painting's palette onto the other (Pitie et al. 2005, "N-dimensional probability
    density function transfer"; Rabin et al. 2011). A pixel then moves as the palette's colors near its own do on
    average: the transport alone tears apart colors that were neighbors, and smooth paper comes out as grain.
    """
    own = palette(painting, opacity) if like is None else palette(like)
    lattice = _average_moves(own, _transport(own, wanted) - own)
    return map_bands(lambda band: _move_colors(band, lattice), painting).clamp_(0, 255)


def _measure_tone(lightness: Tensor, opacity: Tensor | None) -> Tone:
    weight = _pixel_shares(lightness, opacity)
    mean = (weight * lightness).sum()
    return Tone(mean.item(), (weight * (lightness - mean).square()).sum().sqrt().item())


def _pixel_shares(like: Tensor, opacity: Tensor | None) -> Tensor:
    """Compute the share of each pixel, float64, summing to 1; where nothing is visible, all alike."""
    weight = torch.ones_like(like, dtype=torch.float64) if opacity is None or not opacity.any() else opacity.double()
    return weight / weight.sum()


def _transport(colors: Tensor, wanted: Tensor) -> Tensor:
    """Move colors until they are distributed as those that are wanted, both (3, N)."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(ROUNDS):
        turn = torch.linalg.qr(torch.randn(3, 3, generator=generator)).Q.to(colors.dtype)
        order = (turn @ colors).argsort(dim=1, stable=True)  # (3, 3) x (3, N) -> (3, N)
        # In one dimension, optimal transport is from each rank to the same rank.
        colors = turn.T @ torch.empty_like(colors).scatter_(1, order, (turn @ wanted).sort(dim=1).values)
    return colors


def _average_moves(colors: Tensor, moves: Tensor) -> Tensor:
    """Average the moves of the colors (3, N) near each node, by a Gaussian of their distance: (1, 3, *NODES)."""
    cell = _to_cells(colors).round().long()
    index = (cell[0] * NODES[1] + cell[1]) * NODES[2] + cell[2]
    counted = torch.cat([moves, torch.ones_like(moves[:1])])  # (4, N)
    sums = counted.new_zeros(4, math.prod(NODES)).index_add_(1, index, counted).reshape(4, *NODES)
    lattice = moves.mean(dim=1).reshape(3, 1, 1, 1)
    for bandwidth in BANDWIDTHS:
        kernels = (_gaussian(nodes, bandwidth / CELL) for nodes in NODES)
        near = torch.einsum("cxyz,lx,ay,bz->clab", sums, *kernels)  # (4, *NODES)
        lattice = (near[:3] + FEW * lattice) / (near[3:] + FEW)
    return lattice.unsqueeze(0)


def _move_colors(painting: Tensor, lattice: Tensor) -> Tensor:
    """Move each pixel's color by the lattice (1, 3, *NODES) at that color."""
    lab = to_oklab(painting)
    cells = _to_cells(lab.flatten(2)[0]) / (torch.tensor(NODES) - 1).unsqueeze(1)  # (3, H W), 0..1
    # grid_sample wants -1..1, the last axis first.
    at = (cells * 2 - 1).flip(0).T.reshape(1, 1, *lab.shape[2:], 3)
    moves = F.grid_sample(lattice, at, mode="bilinear", padding_mode="border", align_corners=True)  # (1, 3, 1, H, W)
    return from_oklab(lab + moves.squeeze(2))


def _to_cells(colors: Tensor) -> Tensor:
    """Express colors (3, N) in cells of the lattice from its corner."""
    return (colors - torch.tensor(CORNER).unsqueeze(1)) / CELL


def _gaussian(nodes: int, width: float) -> Tensor:
    """Compute the Gaussian, `width` nodes wide, between any two nodes of an axis: (nodes, nodes)."""
    along = torch.arange(nodes) / width
    return (along.unsqueeze(1) - along).square().div(-2).exp()
