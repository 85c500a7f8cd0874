"""ICC profiles: from a file's own colors to sRGB for the work, and back for the output where asked."""

import functools
import io
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from impasto.images.picture import Rgb

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
# Little CMS reports what it cannot use in each of these ways.
_BROKEN = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


Convert = Callable[[Rgb], Rgb]
"""From colors to colors, both (H, W, 3) float32 0..255."""


def converter(mode: str, profile: bytes | None) -> Callable[[Image.Image], Image.Image] | None:
    """Find how 8-bit images are converted to sRGB, relative colorimetric with black point compensation.

    Args:
        mode: of the images: L, RGB, CMYK or LAB.
        profile: the ICC profile that their file carries; LAB needs none.

    Returns:
        What makes an RGB image of one, or None where the profile changes nothing: absent, broken, made for another
        kind of picture, or sRGB itself.
    """
    try:
        if mode == "LAB":
            return _checked(_transform(_lab(), _srgb(), "LAB"), "LAB")
        if profile is None or (own := _mode(profile)) is None:
            return None
        if own != mode and (own, mode) != ("RGB", "L"):
            return None
        transform = _transform(profile, _srgb(), own)
        if own != "CMYK" and _is_identity(transform, own):
            return None
        return _checked(transform, own)
    except _BROKEN:
        return None


def floats_converter(profile: bytes | None) -> Convert | None:
    """Find what `converter` does for colors of more than 8 bits; gray ones have three equal channels."""
    if profile is None:
        return None
    try:
        mode = _mode(profile)
        if mode not in ("RGB", "L"):
            return None
        transform = _transform(profile, _srgb(), mode)
        return None if _is_identity(transform, mode) else partial(_convert_finely, transform=transform, mode=mode)
    except _BROKEN:
        return None


def converter_from_srgb(profile: bytes | None) -> Convert | None:
    """Find how colors are written by an RGB profile; None for none, and for other or broken ones."""
    try:
        if profile is None or _mode(profile) != "RGB":
            return None
        transform = _transform(_srgb(), profile, "RGB")
        _checked(transform, "RGB")
        return partial(_convert_finely, transform=transform)
    except _BROKEN:
        return None


def _checked(transform: ImageCms.ImageCmsTransform, mode: str) -> Callable[[Image.Image], Image.Image]:
    """Give what applies a transform, once it has been seen to work."""
    _apply(Image.new(mode, (1, 1)), transform)
    return lambda image: _apply(image if image.mode == mode else image.convert(mode), transform)


def _convert_finely(rgb: Rgb, transform: ImageCms.ImageCmsTransform, mode: str = "RGB") -> Rgb:
    """Transform what fits into 8 bits and add the remainder, since Little CMS is given 8 bits only.

    Right to 8 bits, and free of the steps that rounding leaves in fine gradation.
    """
    coarse = np.rint(np.clip(rgb, 0, 255))
    image = Image.fromarray(coarse.astype(np.uint8))
    moved = np.asarray(_apply(image.getchannel(0) if mode == "L" else image, transform), np.float32)
    fine: Rgb = np.clip(moved + (rgb - coarse), 0, 255).astype(np.float32)
    return fine


def _is_identity(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a grid of colors comes back the same, to rounding: the profile is sRGB by whatever name."""
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(16, -1, 3)
    if mode == "L":
        grid = np.repeat(levels[np.newaxis, :, np.newaxis], 3, axis=2)
    image = Image.fromarray(grid)
    moved = _apply(image.getchannel(0) if mode == "L" else image, transform)
    return bool(np.abs(np.asarray(moved, np.int16) - grid).max() <= 1)


def _apply(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    moved = ImageCms.applyTransform(image, transform)
    assert moved is not None
    return moved


def _mode(profile: bytes) -> str | None:
    """The Pillow mode that a profile is for; None for kinds that pictures do not come in."""
    return _MODES.get(_open(profile).profile.xcolor_space.strip())


def _transform(source: bytes, target: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        _open(source),
        _open(target),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _open(profile: bytes) -> Any:
    return ImageCms.ImageCmsProfile(io.BytesIO(profile))


@functools.cache
def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@functools.cache
def _lab() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
