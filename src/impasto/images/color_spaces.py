"""Color spaces that files state by other means than an ICC profile, and the way from them to sRGB."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.images.picture import Rgb

Point = tuple[float, float]
"""A chromaticity: CIE x and y."""
Curve = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_D65: Point = (0.3127, 0.3290)
_REC_709: tuple[Point, Point, Point] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_CLOSE = 0.05
"""A gamma within this share of sRGB's mean is meant as sRGB, as libpng has it."""
_CLOSE_POINT = 0.005
_SRGB_GAMMA = 2.2
_LINEAR = 0.0031308
"""The light up to which sRGB's curve is straight."""
# Bradford's cone responses (ICC.1:2022, annex E).
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@dataclass(frozen=True)
class ColorSpace:
    """Three primaries, a white, and the curve from samples 0..1 to linear light 0..1."""

    red: Point
    green: Point
    blue: Point
    white: Point
    linearize: Curve


def power(gamma: float) -> Curve:
    """Give the curve x^gamma."""
    return lambda samples: np.power(samples, np.float32(gamma))


def _srgb_curve(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """IEC 61966-2-1."""
    return np.where(samples <= _LINEAR * 12.92, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _srgb_inverse(light: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(light <= _LINEAR, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055).astype(np.float32)


ADOBE_RGB = ColorSpace((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65, power(563 / 256))
"""Adobe RGB (1998), section 4.3."""

# ITU-T H.273, tables 2 and 3. The curves of television are taken for sRGB's, as browsers do.
_PRIMARIES: dict[int, tuple[Point, Point, Point]] = {
    1: _REC_709,
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_CURVES: dict[int, Curve] = {
    4: power(2.2),
    5: power(2.8),
    8: power(1.0),
    **dict.fromkeys((1, 6, 13, 14, 15), _srgb_curve),
}
_HDR = {16: "PQ", 18: "HLG"}


def of_code_points(primaries: int, transfer: int, name: str) -> ColorSpace | None:
    """Find the color space of coding-independent code points (ITU-T H.273); None for sRGB and what is not known.

    Raises:
        ImageError: the curve is one for light far beyond the white of a print.
    """
    if transfer in _HDR:
        raise ImageError(f"{name} is an HDR picture ({_HDR[transfer]})", "Save it as SDR first.")
    points = _PRIMARIES.get(primaries, _REC_709)
    curve = _CURVES.get(transfer, _srgb_curve)
    return None if points == _REC_709 and curve is _srgb_curve else ColorSpace(*points, _D65, curve)


def of_gamma(gamma: float, points: tuple[Point, ...] | None) -> ColorSpace | None:
    """Find the color space of a PNG's gAMA and cHRM chunks; None where they mean sRGB.

    Args:
        gamma: of the samples, such as 2.2.
        points: red, green, blue and white; None for sRGB's.
    """
    *primaries, white = points or (*_REC_709, _D65)
    distance = np.abs(np.array([*primaries, white]) - np.array([*_REC_709, _D65])).max()
    if abs(gamma / _SRGB_GAMMA - 1) <= _CLOSE and distance <= _CLOSE_POINT:
        return None
    red, green, blue = primaries
    return ColorSpace(red, green, blue, white, power(gamma))


def to_srgb(rgb: Rgb, space: ColorSpace) -> Rgb:
    """Convert colors, both (H, W, 3) float32 0..255; what sRGB cannot hold is clipped."""
    light = space.linearize(np.clip(rgb, 0, 255) / np.float32(255))
    matrix = np.linalg.inv(_to_xyz(_REC_709, _D65)) @ _adapt(space.white) @ _to_xyz(_points(space), space.white)
    converted: Rgb = _srgb_inverse(np.clip(light @ matrix.T.astype(np.float32), 0, 1)) * np.float32(255)
    return converted


def _points(space: ColorSpace) -> tuple[Point, Point, Point]:
    return space.red, space.green, space.blue


def _xyz(point: Point) -> NDArray[np.float64]:
    """The color of luminance 1 at a chromaticity."""
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_xyz(points: tuple[Point, Point, Point], white: Point) -> NDArray[np.float64]:
    """The matrix from linear RGB to XYZ: each primary as bright as makes all three white."""
    primaries = np.stack([_xyz(point) for point in points], axis=1)
    return np.asarray(primaries * np.linalg.solve(primaries, _xyz(white)))


def _adapt(white: Point) -> NDArray[np.float64]:
    """Make a white the white of D65, by Bradford's method."""
    scale = (_BRADFORD @ _xyz(_D65)) / (_BRADFORD @ _xyz(white))
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD)
