"""What paint looks like up close: figures of a picture's finest marks, each to be held against the painting's own.

Pictures are (1, 3, H, W) float32 tensors, sRGB 0..255, and photograph, painting and picture have one scale: what is
measured in pixels is measured as it would be seen at 1:1. All measures are deterministic.
"""

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.color import to_oklab
from scorecard.filters import blurred, gradient, luminance

WINDOW = 64
"""Side, pixels, of the windows whose spectra are averaged."""
HALF_OCTAVES = tuple(2 ** (-4 + half / 2) for half in range(7))
"""Cycles per pixel, from a sixteenth to half: coarser is a shape and not a mark."""
PEAK = 3.0
"""How far above its half octave's median energy is a peak: paintings have hardly any, NNST's grid is at 20 times."""
LAGS = 24
"""Pixels over which the two ends of a stroke are compared."""
WIDTHS = (1.0, 2.0, 4.0)
"""Standard deviations, pixels, of the strokes whose lengths are measured."""
FLATTEST = 0.2
"""Share of a picture that counts as empty: where its edges have the least energy."""


def periodic(picture: Tensor) -> float:
    """Share of the fine marks' energy in peaks of the spectrum, 0..1, mean of six half octaves: weaves, grids, ripples.

    A peak is what rises above `PEAK` times the median of its half octave. The spectra of windows are averaged, each
    with the same weight, so that a pattern spread evenly over everything shows and a single fence does not.
    """
    window = torch.hann_window(WINDOW, periodic=False)
    pieces = luminance(picture)[0, 0].unfold(0, WINDOW, WINDOW // 2).unfold(1, WINDOW, WINDOW // 2).flatten(0, 1)
    pieces = (pieces - pieces.mean(dim=(1, 2), keepdim=True)) * window * window.unsqueeze(1)
    spectra = torch.fft.rfft2(pieces).abs().square()
    spectrum = (spectra / spectra.sum(dim=(1, 2), keepdim=True).clamp(min=1e-6)).mean(dim=0)
    frequency = torch.hypot(torch.fft.fftfreq(WINDOW).unsqueeze(1), torch.fft.rfftfreq(WINDOW))
    shares = []
    for lowest, highest in itertools.pairwise(HALF_OCTAVES):
        energy = spectrum[(frequency >= lowest) & (frequency < highest)]
        shares.append((energy - PEAK * energy.median()).clamp(min=0).sum() / energy.sum())
    return float(sum(shares)) / len(shares)


def chroma_noise(picture: Tensor) -> float:
    """Mean square of what half the resolution does not hold of OkLab's a and b, times 10^4."""
    a, b = (plane - blurred(plane, 1.0) for plane in to_oklab(picture)[:, 1:, None].unbind(1))
    return 1e4 * float(a.square().mean() + b.square().mean())


def stroke_lengths(picture: Tensor) -> list[float]:
    """How far marks of each width hold together along themselves, pixels, 1..LAGS.

    The luminance in the octave of a width is compared with itself, further and further along the local orientation
    of the structure tensor; the length is the sum of the correlations, until there is none.
    """
    luma = luminance(picture)
    height, width = luma.shape[2:]
    places = torch.stack(torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy")).float()
    lengths = []
    for deviation in WIDTHS:
        band = blurred(luma, deviation) - blurred(luma, 2 * deviation)
        dx, dy = gradient(blurred(luma, deviation))
        xx, yy, xy = (blurred(product, 2 * deviation) for product in (dx * dx, dy * dy, dx * dy))
        across = torch.atan2(2 * xy, xx - yy)[0, 0] / 2
        along = torch.stack([-across.sin(), across.cos()])
        energy = band.square().mean().clamp(min=1e-6)
        length = 1.0
        for lag in range(1, LAGS):
            at = (places + lag * along) / places.new_tensor([width - 1, height - 1]).reshape(2, 1, 1) * 2 - 1
            inside = (at.abs() <= 1).all(dim=0)
            moved = F.grid_sample(band, at.permute(1, 2, 0).unsqueeze(0), align_corners=True)
            correlation = float((band * moved)[0, 0][inside].mean() / energy)
            if correlation <= 0:
                break
            length += correlation
        lengths.append(length)
    return lengths


def empty(picture: Tensor, photo: Tensor, painting: Tensor) -> float:
    """Energy of edges in the photograph's empty places, as a multiple of that in the painting's own; 1 is as empty.

    A fiftieth of the painting's mean energy is added to its own, which may be nearly nothing.
    """
    scale = max(photo.shape[2:]) / 512
    energy = _edge_energy(painting, scale)
    own = energy[_flattest(energy, scale)].mean() + energy.mean() / 50
    places = _flattest(_edge_energy(photo, scale), scale)
    return float(_edge_energy(picture, scale)[places].mean() / own)


def _edge_energy(picture: Tensor, scale: float) -> Tensor:
    """Give the squared gradient of luminance: (1, 1, H, W)."""
    dx, dy = gradient(blurred(luminance(picture), scale))
    return dx.square() + dy.square()


def _flattest(energy: Tensor, scale: float) -> Tensor:
    """Give the places, but for the border, where the least energy is around."""
    around, border = blurred(energy, 12 * scale), math.ceil(16 * scale)
    inner = around[:, :, border:-border, border:-border]
    places = torch.zeros_like(around, dtype=torch.bool)
    places[:, :, border:-border, border:-border] = inner <= inner.flatten().quantile(FLATTEST)
    return places
