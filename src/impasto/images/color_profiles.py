"""ICC profiles: from a file's own colors to sRGB for the work, and back for the output where asked."""

import functools
import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from impasto.images.picture import Rgb

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
# Little CMS reports what it cannot use in each of these ways.
_BROKEN = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    """Convert an 8-bit image to sRGB, relative colorimetric with black point compensation.

    Args:
        image: of mode L, RGB, CMYK or LAB.
        profile: the ICC profile that its file carries; LAB needs none.

    Returns:
        An RGB image, or None where the profile changes nothing: absent, broken, made for another kind of picture,
        or sRGB itself.
    """
    try:
        if image.mode == "LAB":
            return _apply(image, _transform(_lab(), _srgb(), "LAB"))
        if profile is None or (mode := _mode(profile)) is None:
            return None
        if mode == "RGB" and image.mode == "L":
            image = image.convert("RGB")
        if mode != image.mode:
            return None
        transform = _transform(profile, _srgb(), mode)
        return None if mode != "CMYK" and _is_identity(transform, mode) else _apply(image, transform)
    except _BROKEN:
        return None


def from_srgb(rgb: Rgb, profile: bytes) -> Rgb | None:
    """Colors as an RGB profile writes them, both (H, W, 3) float32 0..255; None for other or broken profiles."""
    try:
        if _mode(profile) != "RGB":
            return None
        return _convert_finely(rgb, _transform(_srgb(), profile, "RGB"))
    except _BROKEN:
        return None


def floats_to_srgb(rgb: Rgb, profile: bytes | None) -> Rgb | None:
    """`to_srgb` for colors of more than 8 bits, (H, W, 3) float32 0..255; gray ones have three equal channels."""
    if profile is None:
        return None
    try:
        mode = _mode(profile)
        if mode not in ("RGB", "L"):
            return None
        transform = _transform(profile, _srgb(), mode)
        return None if _is_identity(transform, mode) else _convert_finely(rgb, transform, mode)
    except _BROKEN:
        return None


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
