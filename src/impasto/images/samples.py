"""From decoded samples of any kind to sRGB floats, upright."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import ImageError
from impasto.images import color_profiles, color_spaces, exif
from impasto.images.decoded import Decoded, check_finite
from impasto.images.picture import Alpha, Rgb, fill_transparent

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


@dataclass(frozen=True)
class Samples:
    """Colors and opacity as `Picture` holds them."""

    rgb: Rgb
    alpha: Alpha | None
    depth: Literal[8, 16]
    profile: bytes | None = None
    exif: bytes | None = None


def from_decoded(decoded: Decoded) -> Samples:
    """Samples of a file or of a Pillow image: sRGB, upright, opaque ones without alpha."""
    if decoded.unit is not None:
        samples = _from_unit(decoded.unit, decoded.depth, decoded.profile)
    else:
        assert decoded.image is not None
        samples = _from_bytes(decoded.image, decoded.profile)
    if decoded.profile is None and decoded.color_space is not None:
        samples = replace(samples, rgb=color_spaces.to_srgb(samples.rgb, decoded.color_space))
    return replace(_tidy(samples, exif.orientation(decoded.exif)), exif=exif.keep(decoded.exif))


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
    unit = _to_unit(array, name)
    depth: Literal[8, 16] = 8 if array.dtype.itemsize == 1 else 16
    return _tidy(_from_unit(unit, depth), 1)


def _to_unit(array: Array, name: str) -> NDArray[np.float32]:
    """Values as float32 0..1."""
    if array.dtype == np.bool_:
        return array.astype(np.float32)
    if array.dtype in (np.uint8, np.uint16):
        return array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
    if not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"{name} holds {array.dtype}", "Give uint8 0..255, uint16 0..65535 or floats 0..1.")
    check_finite(array, name)
    if array.min() < -_FLOAT_OVERSHOOT or array.max() > 1 + _FLOAT_OVERSHOOT:
        raise ImageError(
            f"{name} holds floats from {array.min():g} to {array.max():g}", "Scale them to 0..1, or give uint8 0..255."
        )
    return np.clip(array, 0, 1).astype(np.float32)


def _from_unit(unit: NDArray[np.float32], depth: Literal[8, 16], profile: bytes | None = None) -> Samples:
    """From (H, W, 1 to 4) floats 0..1; converts to sRGB by the profile."""
    channels = unit.shape[2]
    color = unit[..., :3] if channels > 2 else np.repeat(unit[..., :1], 3, axis=2)  # noqa: PLR2004 -- gray, with alpha
    rgb = color * np.float32(255)
    alpha = np.ascontiguousarray(unit[..., -1]) if channels in (2, 4) else None
    moved = color_profiles.floats_to_srgb(rgb, profile)
    return Samples(rgb if moved is None else moved, alpha, depth, None if moved is None else profile)


def _from_bytes(image: Image.Image, profile: bytes | None) -> Samples:
    """From any 8-bit mode."""
    alpha = None
    if image.has_transparency_data:
        image, alpha = _split_alpha(image)
    elif image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    moved = color_profiles.to_srgb(image, profile)
    rgb = np.asarray(image.convert("RGB") if moved is None else moved, np.float32)
    return Samples(rgb, alpha, 8, None if moved is None else profile)


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


def _upright(values: NDArray[np.float32], orientation: Any) -> NDArray[np.float32]:
    turn = _UPRIGHT.get(orientation)
    return np.ascontiguousarray(turn(values) if turn else values)


def _tidy(samples: Samples, orientation: Any) -> Samples:
    """Upright, contiguous, without an alpha that says nothing or a color that nobody sees."""
    rgb = _upright(samples.rgb, orientation)
    if samples.alpha is None or (samples.alpha >= 1).all():
        return Samples(rgb, None, samples.depth, samples.profile)
    alpha = _upright(samples.alpha, orientation)
    return Samples(fill_transparent(rgb, alpha), alpha, samples.depth, samples.profile)
