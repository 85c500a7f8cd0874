"""EXIF: how a picture is turned, its color space, and what of it a result keeps."""

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

from PIL import ExifTags, Image

from impasto.images.color_spaces import ADOBE_RGB, ColorSpace

_BROKEN = (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error, AttributeError, OverflowError)
"""What Pillow raises on broken EXIF; that is no reason to refuse a whole picture."""
HEAD = b"Exif\0\0"
"""What a block of EXIF begins with, as JPEG and WebP hold it; PNG holds the rest."""
_ON_ITS_SIDE = (5, 6, 7, 8)
METERS_PER_INCH = 0.0254
_UNCALIBRATED, _ADOBE = 65535, 2
_PER_INCH = {2: 1.0, 3: 2.54}
"""Units of resolution: the inch and the centimeter."""
_INCH = 2
_MOST_DOTS = 30_000
_TAG, _IFD = ExifTags.Base, ExifTags.IFD

KEPT = frozenset(
    {
        *(_TAG.ImageDescription, _TAG.Make, _TAG.Model, _TAG.DateTime, _TAG.Artist, _TAG.Copyright),
        *(_TAG.XResolution, _TAG.YResolution, _TAG.ResolutionUnit),
    }
)
"""What of the main directory a result keeps; the others tell of the file's own layout, or of its program."""
KEPT_OF_SHOT = frozenset(
    {
        *(_TAG.DateTimeOriginal, _TAG.OffsetTimeOriginal, _TAG.SubsecTimeOriginal),
        *(_TAG.DateTimeDigitized, _TAG.OffsetTimeDigitized, _TAG.SubsecTimeDigitized, _TAG.OffsetTime, _TAG.SubsecTime),
        *(_TAG.ExposureTime, _TAG.FNumber, _TAG.ISOSpeedRatings, _TAG.FocalLength, _TAG.LensMake, _TAG.LensModel),
    }
)
"""And of the directory of the shot: no serial numbers, nor the maker's own notes, which tell more than one knows."""
_LONGEST = 16_384
"""Bytes of a kept block: a JPEG holds at most 64 kB."""


def of_image(image: Image.Image) -> Image.Exif:
    """Read the EXIF of an open image; an empty one where there is none, or it is broken."""
    try:
        tags = image.getexif()
        dict(tags)
    except _BROKEN:
        tags = Image.Exif()
    return _with_resolution(tags, image.info.get("dpi"))


def of_bytes(block: bytes, dpi: tuple[float, float] | None = None) -> Image.Exif:
    """Read a block of EXIF; an empty one where it is broken.

    Args:
        block: as files hold it.
        dpi: dots per inch across and down, where the file states them elsewhere.
    """
    tags = Image.Exif()
    try:
        tags.load(block)
        dict(tags)
    except _BROKEN:
        tags = Image.Exif()
    return _with_resolution(tags, dpi)


def of_tiff(stream: BinaryIO, byte_order: str, offset: int, turned: Any, *, big: bool) -> Image.Exif:
    """Read the tags of one page of a TIFF; none but the orientation where they are broken, or of a big-endian BigTIFF.

    Args:
        stream: the file.
        byte_order: `<` or `>`.
        offset: of the page's directory.
        turned: the page's orientation.
        big: whether the file is a BigTIFF.
    """
    tags = Image.Exif()
    tags.endian, tags.bigtiff = byte_order, big
    try:
        tags.load_from_fp(stream, offset)
        dict(tags)
    except _BROKEN:
        tags = Image.Exif()
    tags[_TAG.Orientation] = turned
    return tags


def orientation(tags: Image.Exif) -> Any:
    """Tell how the picture is turned: 1 to 8, or anything else that a file may say."""
    return tags.get(_TAG.Orientation, 1)


def upright(size: tuple[int, int], tags: Image.Exif) -> tuple[int, int]:
    """Give the size that a picture of a stored size has when it is upright."""
    return (size[1], size[0]) if orientation(tags) in _ON_ITS_SIDE else size


def color_space(tags: Image.Exif) -> ColorSpace | None:
    """Find the color space that EXIF states: Adobe RGB, by the rules of DCF 2.0 or as some programs say it."""
    shot, interoperability = _directory(tags, _IFD.Exif), _directory(tags, _IFD.Interop)
    stated = shot.get(_TAG.ColorSpace)
    adobe = stated == _ADOBE or (stated == _UNCALIBRATED and str(interoperability.get(1, "")).startswith("R03"))
    return ADOBE_RGB if adobe else None


def keep(tags: Image.Exif) -> bytes | None:
    """Choose what a result keeps, upright and without a thumbnail: date, author, rights, place, camera, dots per inch.

    Returns:
        A block of EXIF; None where nothing is left.
    """
    kept = Image.Exif()
    try:
        kept.update({tag: value for tag, value in tags.items() if tag in KEPT})
        for tag in (_TAG.XResolution, _TAG.YResolution, _TAG.ResolutionUnit):
            kept.pop(tag, None)
        if dots := _dots_per_inch(tags):
            kept[_TAG.XResolution], kept[_TAG.YResolution] = dots
            kept[_TAG.ResolutionUnit] = _INCH
        shot = {tag: value for tag, value in _directory(tags, _IFD.Exif).items() if tag in KEPT_OF_SHOT}
        for directory, values in ((_IFD.Exif, shot), (_IFD.GPSInfo, _directory(tags, _IFD.GPSInfo))):
            if values:
                kept[directory] = values
        block = kept.tobytes() if dict(kept) else b""
    except _BROKEN:
        return None
    return block if 0 < len(block) <= _LONGEST else None


def resolution(block: bytes | None) -> tuple[float, float] | None:
    """Read the dots per inch, across and down, of a kept block."""
    return _dots_per_inch(of_bytes(block or b""))


def _dots_per_inch(tags: Image.Exif) -> tuple[float, float] | None:
    """Give the resolution, across and down; None where there is none, a mere ratio of sides, or one of no print."""
    per_inch = _PER_INCH.get(tags.get(_TAG.ResolutionUnit, _INCH))
    try:
        across, down = (float(tags[tag]) * (per_inch or 0) for tag in (_TAG.XResolution, _TAG.YResolution))
    except (*_BROKEN, ZeroDivisionError):
        return None
    return (across, down) if all(1 <= dots <= _MOST_DOTS for dots in (across, down)) else None


def directories(block: bytes) -> Iterator[tuple[int, dict[int, Any]]]:
    """Give the directories below the main one of a kept block, by the tags that lead to them."""
    tags = of_bytes(block)
    for directory in (_IFD.Exif, _IFD.GPSInfo):
        if values := _directory(tags, directory):
            yield directory, values


def texts(block: bytes) -> dict[int, str]:
    """Give the tags of a kept block's main directory that are text."""
    return {tag: value for tag, value in of_bytes(block).items() if isinstance(value, str)}


def _with_resolution(tags: Image.Exif, dpi: Any) -> Image.Exif:
    """Add the dots per inch that a file states outside EXIF, where that has none."""
    if _TAG.XResolution not in tags and isinstance(dpi, tuple) and len(dpi) == 2 and min(dpi) > 0:  # noqa: PLR2004
        tags[_TAG.XResolution], tags[_TAG.YResolution] = (round(float(value), 3) for value in dpi)
        tags[_TAG.ResolutionUnit] = 2
    return tags


def _directory(tags: Image.Exif, which: int) -> dict[int, Any]:
    try:
        return dict(tags.get_ifd(which))
    except _BROKEN:
        return {}
