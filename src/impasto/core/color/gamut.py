"""The lightness of one picture under the colors of another, kept within the colors that sRGB has."""

import math

import torch
from torch import Tensor

from impasto.core.color.oklab import FROM_CONES, FROM_LAB, from_oklab, lightness, map_bands, to_linear_rgb, to_oklab

TOLERANCE = 1e-12
"""Of linear channels 0..1 in float64, by which a color may be beyond sRGB. Near black, OkLab magnifies it by 1e8."""


def replace_lightness(painted: Tensor, colors: Tensor) -> Tensor:
    """Combine the lightness of `painted` with a and b, so hue and chroma, of `colors`: (1, 3, H, W), 0..255.

    Where sRGB has no such color, the lightness is the nearest one with which it has: clipped channels would change
    the hue. `colors` is within 0..255.

    Gatys et al. 2017, "Controlling perceptual factors in neural style transfer", luminance-only transfer.
    """
    return map_bands(_replace_lightness, painted, colors).clamp_(0, 255)


def _replace_lightness(painted: Tensor, colors: Tensor) -> Tensor:
    lab = to_oklab(colors.double())
    own = lab[:, :1].clone()  # (1, 1, H, W)
    lab[:, :1] = lightness(painted.double())
    beyond = ~_in_gamut(lab)[0]  # (H, W)
    lab[0, 0, beyond] = _nearest_lightness(lab[0, :, beyond], own[0, 0, beyond])  # (3, N), (N,) -> (N,)
    return from_oklab(lab).to(painted.dtype)


def _in_gamut(lab: Tensor) -> Tensor:
    """Tell whether sRGB has the colors: (1, 3, H, W) to (1, H, W)."""
    channels = to_linear_rgb(lab)
    return ((channels >= -TOLERANCE) & (channels <= 1 + TOLERANCE)).all(dim=1)


def _nearest_lightness(lab: Tensor, own: Tensor) -> Tensor:
    """Find the lightness nearest to that of colors (3, N) with which sRGB has their a and b; `own` (N,) is one: (N,).

    With a and b fixed, each linear channel is a cubic in L, sum_i w_i (g_i L + k_i)^3 (all g_i are 1, but for the
    matrices' rounding). The gamut ends where one of them is 0 or 1. It may be left and entered again as L grows, among
    the blues: a search between `own` and the wanted lightness would not find the nearest.
    """
    wanted, gray, cones = lab[0], FROM_LAB[:, 0], FROM_LAB[:, 1:] @ lab[1:]  # (N,), (3,), (3, 2) x (2, N) -> (3, N)
    best = own
    for weights in FROM_CONES:  # (3,) of each channel
        cube = weights @ gray.pow(3)
        p, q, r = ((weights * gray.pow(3 - power)) @ cones.pow(power) / cube for power in (1, 2, 3))  # (N,) each
        for bound in (0.0, 1.0):
            for root in _cubic_roots(p, q, r - bound / cube):  # (N,)
                shown = _in_gamut(torch.stack([root, *lab[1:]]).reshape(1, 3, -1, 1)).flatten()
                best = torch.where(shown & ((root - wanted).abs() < (best - wanted).abs()), root, best)
    return best


def _cubic_roots(p: Tensor, q: Tensor, r: Tensor) -> Tensor:
    """Solve x^3 + 3 p x^2 + 3 q x + r = 0 in real numbers: (3, ...); a single root is given three times."""
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
