"""From decoded samples of any kind to sRGB floats, upright."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from impasto.errors import ImageError
from impasto.images import color_profiles
from impasto.images.decode import Decoded
from impasto.images.picture import Alpha, Rgb, fill_transparent

Array = NDArray[Any]

_FULL_16 = 65535
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0  # TIFF
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


def from_decoded(decoded: Decoded, name: str) -> Samples:
    """Samples of a file or of a Pillow image: sRGB, upright, opaque ones without alpha.

    Raises:
        ImageError: float samples that are not numbers.
    """
    image = decoded.image
    if decoded.gray_alpha_16:
        words = np.asarray(image).astype(np.uint16)
        samples = _from_words(words[..., 0::2] * 256 + words[..., 1::2], image)
    elif decoded.low is not None:
        samples = _from_words(np.asarray(image).astype(np.uint16) * 256 + np.asarray(decoded.low), image)
    elif image.mode.startswith("I;16"):
        samples = _from_words(_gray_16(image)[..., np.newaxis], image)
    elif image.mode in ("I", "F"):
        samples = _from_wide(np.asarray(image, np.float32), image, name)
    else:
        samples = _from_bytes(image)
    return _tidy(samples, _orientation(image))


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
    _check_finite(array, name)
    if array.min() < -_FLOAT_OVERSHOOT or array.max() > 1 + _FLOAT_OVERSHOOT:
        raise ImageError(
            f"{name} holds floats from {array.min():g} to {array.max():g}", "Scale them to 0..1, or give uint8 0..255."
        )
    return np.clip(array, 0, 1).astype(np.float32)


def _check_finite(array: Array, name: str) -> None:
    if not np.isfinite(array).all():
        raise ImageError(f"{name} holds values that are not finite numbers", "Replace NaN and infinity first.")


def _from_unit(unit: NDArray[np.float32], depth: Literal[8, 16], profile: bytes | None = None) -> Samples:
    """From (H, W, 1 to 4) floats 0..1; converts to sRGB by the profile."""
    channels = unit.shape[2]
    color = unit[..., :3] if channels > 2 else np.repeat(unit[..., :1], 3, axis=2)  # noqa: PLR2004 -- gray, with alpha
    rgb = color * np.float32(255)
    alpha = np.ascontiguousarray(unit[..., -1]) if channels in (2, 4) else None
    moved = color_profiles.floats_to_srgb(rgb, profile)
    return Samples(rgb if moved is None else moved, alpha, depth, None if moved is None else profile)


def _from_words(words: Array, image: Image.Image) -> Samples:
    """From (H, W, 1 to 4) uint16; a color named transparent in the file becomes alpha."""
    clear = image.info.get("transparency")
    if clear is not None and words.shape[2] in (1, 3):
        opaque = (words != np.asarray(clear)).any(axis=2, keepdims=True)
        words = np.concatenate([words, opaque * np.uint16(_FULL_16)], axis=2)
    return _from_unit(words.astype(np.float32) / np.float32(_FULL_16), 16, image.info.get("icc_profile"))


def _gray_16(image: Image.Image) -> Array:
    """The samples of 16-bit gray, which Pillow leaves inverted where a TIFF says that 0 is white."""
    values = np.asarray(image)
    inverted = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    return _FULL_16 - values if inverted else values


def _from_wide(values: NDArray[np.float32], image: Image.Image, name: str) -> Samples:
    """From 32-bit integers or floats, whose white the file does not state: the smallest usual one that holds all."""
    _check_finite(values, name)
    whites = (255, _FULL_16) if image.mode == "I" else (1, 255, _FULL_16)
    white = next((white for white in whites if values.max() <= white), float(values.max()))
    depth: Literal[8, 16] = 8 if image.mode == "I" and white == 255 else 16  # noqa: PLR2004 -- white of 8 bits
    unit = np.clip(values / np.float32(white), 0, 1)
    return _from_unit(unit[..., np.newaxis], depth, image.info.get("icc_profile"))


def _from_bytes(image: Image.Image) -> Samples:
    """From any 8-bit mode."""
    profile = image.info.get("icc_profile")
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


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return 1  # broken EXIF is no reason to refuse a whole picture


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
