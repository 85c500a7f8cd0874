"""From decoded samples of any kind to sRGB, upright; by bands, so that nothing else is of the size of the picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import ImageError
from impasto.images import color_profiles, color_spaces, exif
from impasto.images.decoded import Decoded, check_finite, to_unit
from impasto.images.picture import Alpha, Colors, Rgb, bands, fill_transparent, to_floats

Array = NDArray[Any]

_KINDS = {1: "gray", 2: "gray and alpha", 3: "RGB", 4: "RGBA"}
_FLOAT_OVERSHOOT = 1.0  # resampling rings a little beyond 0..1; a picture of 0..255 lies far outside

# EXIF orientation: what makes the stored rows and columns upright.
_UPRIGHT: dict[Any, Callable[[Array], Array]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}
_BACK = {6: 8, 8: 6}
"""The orientation that undoes one; the others undo themselves."""


@dataclass(frozen=True)
class Samples:
    """Colors and opacity as `Picture` holds them."""

    colors: Colors
    alpha: Alpha | None
    depth: Literal[8, 16]
    profile: bytes | None = None
    exif: bytes | None = None


def from_decoded(decoded: Decoded) -> Samples:
    """Samples of a file or of a Pillow image: sRGB, upright, opaque ones without alpha."""
    turned = exif.orientation(decoded.exif)
    if decoded.array is not None:
        samples = _from_array(decoded.array, decoded.depth, decoded.profile, turned)
    else:
        assert decoded.image is not None
        samples = _from_image(decoded.image, decoded.profile, turned)
    if decoded.profile is None and (space := decoded.color_space) is not None:
        samples = replace(samples, colors=_convert(samples.colors, lambda rgb: color_spaces.to_srgb(rgb, space)))
    return replace(_tidy(samples), exif=exif.keep(decoded.exif))


def from_array(array: Array, name: str) -> Samples:
    """Samples of a caller's array, taken as sRGB.

    Raises:
        ImageError: a shape, a type or values that are not a picture's.
    """
    if array.ndim == 2:  # noqa: PLR2004 -- rows and columns
        array = array[..., np.newaxis]
    if array.ndim != 3 or array.shape[2] not in _KINDS or not array.size:  # noqa: PLR2004 -- and channels
        raise ImageError(
            f"{name} has the shape {array.shape}, which is not a picture's", "Give (H, W) or (H, W, 1, 2, 3 or 4)."
        )
    depth: Literal[8, 16] = 8 if array.dtype.itemsize == 1 else 16
    return _tidy(_from_array(_check_values(array, name), depth))


def _check_values(array: Array, name: str) -> Array:
    """Give a copy of an array as `Decoded` holds it: whose it is may change it later."""
    if array.dtype == np.bool_:
        return array.astype(np.float32)
    if array.dtype in (np.uint8, np.uint16):
        return array.copy()
    if not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"{name} holds {array.dtype}", "Give uint8 0..255, uint16 0..65535 or floats 0..1.")
    check_finite(array, name)
    if array.min() < -_FLOAT_OVERSHOOT or array.max() > 1 + _FLOAT_OVERSHOOT:
        raise ImageError(
            f"{name} holds floats from {array.min():g} to {array.max():g}", "Scale them to 0..1, or give uint8 0..255."
        )
    return np.clip(array, 0, 1).astype(np.float32)


def _from_array(array: Array, depth: Literal[8, 16], profile: bytes | None = None, turned: Any = 1) -> Samples:
    """From samples as `Decoded` holds them; converts to sRGB by the profile."""
    channels = array.shape[2]
    count = 3 if channels > 2 else 1  # noqa: PLR2004 -- gray, with alpha
    alpha = to_unit(_upright(array[..., -1], turned)) if channels in (2, 4) else None
    colors = _upright(array[..., :count], turned)
    if colors.dtype.kind == "f":
        colors = np.multiply(colors, np.float32(255), out=colors)
    if count == 1:
        colors = np.broadcast_to(colors, (*colors.shape[:2], 3))  # takes no more memory
    convert = color_profiles.floats_converter(profile)
    if convert is None:
        return Samples(colors, alpha, depth)
    return Samples(_convert(colors, convert), alpha, depth, profile)


def _convert(colors: Colors, convert: Callable[[Rgb], Rgb]) -> Rgb:
    """Convert colors to other ones, all 0..255, band by band."""
    converted = np.empty(colors.shape, np.float32)
    for rows in bands(*colors.shape[:2]):
        converted[rows] = convert(to_floats(colors[rows]))
    return converted


def _from_image(image: Image.Image, profile: bytes | None, turned: Any) -> Samples:
    """From any 8-bit mode."""
    clear, corner = image.has_transparency_data, image.crop((0, 0, 1, 1))
    convert = color_profiles.converter((_split_alpha(corner)[0] if clear else _plain(corner)).mode, profile)
    upright = _turn(np.empty((image.height, image.width), np.uint8), turned).shape
    colors = np.empty((*upright, 3), np.uint8)
    alpha = np.empty(upright, np.float32) if clear else None
    back = _BACK.get(turned, turned)
    for rows in bands(image.height, image.width):
        part = image.crop((0, rows.start, image.width, rows.stop))
        if alpha is not None:
            part, opacity = _split_alpha(part)
            _turn(alpha, back)[rows] = opacity
        part = _plain(part)
        _turn(colors, back)[rows] = np.asarray(convert(part) if convert else part.convert("RGB"))
    return Samples(colors, alpha, 8, profile if convert else None)


def _plain(image: Image.Image) -> Image.Image:
    """The image in a mode that profiles are for."""
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Alpha]:
    """The colors as L or RGB, and the opacity."""
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode == "LA":
        colors, opacity = image.split()
    else:
        rgba = image.convert("RGBA")
        colors, opacity = rgba.convert("RGB"), rgba.getchannel("A")
    return colors, np.asarray(opacity, np.float32) / np.float32(255)


def _turn(values: Array, orientation: Any) -> Array:
    """Make stored rows and columns upright: a view."""
    turn = _UPRIGHT.get(orientation)
    return turn(values) if turn else values


def _upright(values: Array, orientation: Any) -> Array:
    return np.ascontiguousarray(_turn(values, orientation))


def _tidy(samples: Samples) -> Samples:
    """Drop an alpha that says nothing, and colors that nobody sees."""
    if samples.alpha is None or (samples.alpha >= 1).all():
        return replace(samples, alpha=None)
    return replace(samples, colors=fill_transparent(samples.colors, samples.alpha))
