"""PPM and its relatives with more bits than Pillow reads in color."""

import io
import re
from typing import BinaryIO

import numpy as np

from impasto.images.decoded import Decoded, check_pixels, unit_from_wide
from impasto.images.readers import pillow

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_COLOR = re.compile(rb"P([36F])" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})" + _GAP + rb"([-+.\deE]{1,20})\s")
_GRAY = {b"3": b"2", b"6": b"5", b"F": b"f"}
_LONGEST_HEADER = 4096
_BYTE = 255


def read(stream: BinaryIO, name: str, most_pixels: int) -> Decoded:
    """Decode a PBM, PGM, PPM or PFM file.

    Raises:
        ImageError: it has too many pixels, or values that are not numbers.
    """
    header = _COLOR.match(stream.read(_LONGEST_HEADER))
    stream.seek(0)
    if header is None or (header[1] != b"F" and int(header[4]) <= _BYTE):
        return pillow.read(stream, name, most_pixels, "PPM")
    return _read_wide_color(header, stream, name, most_pixels)


def measure(stream: BinaryIO, name: str) -> tuple[int, int]:
    """Read the size of a picture from its header."""
    header = _COLOR.match(stream.read(_LONGEST_HEADER))
    stream.seek(0)
    return (int(header[2]), int(header[3])) if header else pillow.measure(stream, name, "PPM")


def _read_wide_color(header: re.Match[bytes], stream: BinaryIO, name: str, most_pixels: int) -> Decoded:
    """Read the color file as what its samples are, too: a gray one three times as wide, of which Pillow keeps all."""
    width, height = int(header[2]), int(header[3])
    check_pixels(width, height, name, most_pixels)
    stream.seek(header.end())
    gray = b"P%b\n%d %d\n%b\n" % (_GRAY[header[1]], 3 * width, height, header[4])
    with pillow.open_image(io.BytesIO(gray + stream.read()), name, 3 * most_pixels, "PPM") as image:
        samples = np.asarray(image).reshape(height, width, 3)
    if header[1] == b"F":
        unit, depth = unit_from_wide(samples, name)
        return Decoded(array=unit, depth=depth)
    return Decoded(array=samples.astype(np.uint16), depth=16)
