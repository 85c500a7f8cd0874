"""HEIC and other HEIF pictures, through an optional package; and the colors that AVIF, the same container, states."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from impasto.errors import ImageError, install_command
from impasto.images import color_spaces, exif
from impasto.images.color_spaces import ColorSpace
from impasto.images.decoded import Decoded, check_pixels
from impasto.images.readers import pillow

if TYPE_CHECKING:
    from PIL import Image

_BYTE = 8
_LONGEST_HEADER = 2**20
_WAY_TO_COLORS = (b"meta", b"iprp", b"ipco")


def read(stream: BinaryIO, name: str, most_pixels: int) -> Decoded:
    """Decode a HEIF file, with all its bits.

    Raises:
        ImageError: it has too many pixels, is made for light beyond white, or the package that reads these is not
            installed.
    """
    image = _open(stream, name)
    check_pixels(image.width, image.height, name, most_pixels)
    if (bits := image.info.get("bit_depth", _BYTE)) > _BYTE:
        words, profile, tags = _words(stream, bits), image.info.get("icc_profile") or None, exif.of_image(image)
        return Decoded(None, words, 16, profile, _color_space(stream, name, tags) if profile is None else None, tags)
    image.load()
    return _with_colors(pillow.of_image(image, name), stream, name)


def read_avif(stream: BinaryIO, name: str, most_pixels: int) -> Decoded:
    """Decode an AVIF file, of which Pillow gives 8 bits.

    Raises:
        ImageError: it has too many pixels, or is made for light beyond white.
    """
    return _with_colors(pillow.read(stream, name, most_pixels, "AVIF"), stream, name)


def measure(stream: BinaryIO, name: str) -> tuple[int, int]:
    """Read the size of an upright picture from its header.

    Raises:
        ImageError: the package that reads these is not installed.
    """
    return pillow.upright_size(_open(stream, name))


def _open(stream: BinaryIO, name: str) -> "Image.Image":
    try:
        from pillow_heif import HeifImageFile  # noqa: PLC0415 -- an extra, and slow to load
    except ImportError:
        raise ImageError(
            f"{name} is a HEIC picture, and the reader for those is not installed",
            f"Run: {install_command('heic')}; or save the picture as JPEG.",
        ) from None
    image: Image.Image = HeifImageFile(stream)  # type: ignore[no-untyped-call]
    return image


def _words(stream: BinaryIO, bits: int) -> Any:
    """Decode (H, W, 3 or 4) samples of so many bits as uint16, whose largest is white."""
    import pillow_heif  # noqa: PLC0415 -- an extra

    stream.seek(0)
    words = np.atleast_3d(np.asarray(pillow_heif.open_heif(stream, convert_hdr_to_8bit=False)))  # in the upper bits
    return words | (words >> bits)


def _with_colors(found: Decoded, stream: BinaryIO, name: str) -> Decoded:
    return found if found.profile else replace(found, color_space=_color_space(stream, name, found.exif))


def _color_space(stream: BinaryIO, name: str, tags: "Image.Exif") -> ColorSpace | None:
    """Find the color space that a file without a profile states (ISO/IEC 23008-12, 6.5.5), else that of its EXIF."""
    stream.seek(0)
    points = next(_code_points(stream.read(_LONGEST_HEADER), _WAY_TO_COLORS), None)
    return exif.color_space(tags) if points is None else color_spaces.of_code_points(*points, name)


def _code_points(data: bytes, way: tuple[bytes, ...]) -> Iterator[tuple[int, int]]:
    """Give the primaries and the curves (ITU-T H.273) that boxes state, below those that lead there."""
    for kind, content in _boxes(data):
        if way and kind == way[0]:
            yield from _code_points(content[4:] if kind == b"meta" else content, way[1:])  # after version and flags
        elif not way and kind == b"colr" and content[:4] == b"nclx" and len(content) >= 8:  # noqa: PLR2004 -- bytes
            yield struct.unpack(">HH", content[4:8])


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Divide data into ISO base media boxes of 32-bit lengths, as all are that stand before the samples."""
    start = 0
    while start + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, start)
        yield kind, data[start + 8 : start + length]
        start += max(8, length)
