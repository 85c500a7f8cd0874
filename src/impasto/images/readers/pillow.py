"""What Pillow decodes, with all its bits: the reader of most formats."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

from impasto.images import exif
from impasto.images.decoded import ANY_NUMBER, Array, Decoded, check_pixels, unit_from_wide
from impasto.images.picture import bands

# Pillow reads 16-bit RGB as its high bytes. Taking the same file for one of the other byte order gives the low bytes.
_LOW_BYTES = {
    "RGB;16B": "RGB;16L",
    "RGB;16L": "RGB;16B",
    "RGB;16N": "RGB;16B",  # what libtiff decodes is in the machine's order, little-endian wherever torch runs
    "RGBA;16B": "RGBA;16L",
    "RGBA;16L": "RGBA;16B",
    "RGBA;16N": "RGBA;16B",
}
_DECODED_ON_OPENING = frozenset(("ICO",))
_GRAY_ALPHA_16 = "LA;16B"
_GRAY_BITS = {"L;2": 2, "L;4": 4}
_REDUCIBLE = frozenset(("L", "LA", "RGB", "RGBA", "CMYK"))
"""Modes whose samples may be averaged."""
_FULL_16 = 65535
_LOW = 0 if sys.byteorder == "little" else 1
"""Where the low byte of a word is."""


def read(stream: BinaryIO, name: str, most_pixels: int, kind: str) -> Decoded:
    """Decode the first frame of a file of one of Pillow's formats.

    Raises:
        ImageError: it has too many pixels, or values that are not numbers.
    """
    image = open_image(stream, name, most_pixels, kind)
    mode = raw_mode(image)
    if mode == _GRAY_ALPHA_16:
        _read_as(image, {mode: "RGBA"})
        image.load()
        return of_words(np.asarray(image).view(">u2"), image)
    if mode in _LOW_BYTES:
        return of_words(*read_words(lambda: _open_again(stream, name, most_pixels, kind)))
    image.load()
    if mode in _GRAY_BITS:
        _scale_clear(image, _GRAY_BITS[mode])
    return of_image(image, name)


def read_draft(stream: BinaryIO, name: str, most_pixels: int, side: int) -> Decoded:
    """Decode a JPEG at the smallest of the sizes that its compression offers whose sides have `side` pixels.

    Raises:
        ImageError: it has too many pixels.
    """
    image = open_image(stream, name, most_pixels, "JPEG")
    image.draft(None, (side, side))
    image.load()
    return of_image(image, name)


def reduce(decoded: Decoded, side: int) -> Decoded:
    """Average blocks of pixels of a picture of 8 bits, as large as leave its long side `side` pixels at least."""
    image = decoded.image
    factor = 0 if image is None else max(image.size) // side
    if image is None or factor < 2 or image.mode not in _REDUCIBLE or "transparency" in image.info:  # noqa: PLR2004
        return decoded
    return replace(decoded, image=image.reduce(factor))


def measure(stream: BinaryIO, name: str, kind: str) -> tuple[int, int]:
    """Read the size of an upright picture from its header."""
    return upright_size(open_image(stream, name, ANY_NUMBER, kind))


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Give the size that an open image has when it is upright."""
    return exif.upright(image.size, exif.of_image(image))


def open_image(stream: BinaryIO, name: str, most_pixels: int, kind: str) -> Image.Image:
    """Read the header and check the size."""
    limit = Image.MAX_IMAGE_PIXELS
    if kind not in _DECODED_ON_OPENING:
        Image.MAX_IMAGE_PIXELS = None  # ours, which follows, says more
    try:
        image = Image.open(stream, formats=[kind])
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    check_pixels(image.width, image.height, name, most_pixels)
    return image


def of_image(image: Image.Image, name: str) -> Decoded:
    """Give what a loaded image holds.

    Raises:
        ImageError: it has values that are not numbers.
    """
    if image.mode.startswith("I;16"):
        return of_words(np.asarray(image)[..., np.newaxis], image)
    if image.mode in ("I", "F"):
        unit, depth = unit_from_wide(np.asarray(image)[..., np.newaxis], name)
        return Decoded(array=unit, depth=depth, profile=_profile(image), exif=exif.of_image(image))
    tags = exif.of_image(image)
    return Decoded(image=image, profile=_profile(image), color_space=exif.color_space(tags), exif=tags)


def of_words(words: Array, image: Image.Image) -> Decoded:
    """Give (H, W, 1 to 4) uint16 of an open image; a color that it names transparent becomes alpha."""
    clear = image.info.get("transparency")
    if clear is not None and words.shape[2] in (1, 3):
        opaque = (words != np.asarray(clear)).any(axis=2, keepdims=True)
        words = np.concatenate([words, opaque * np.uint16(_FULL_16)], axis=2)
    tags = exif.of_image(image)
    words = words.astype(np.uint16, copy=False)  # in the machine's order
    return Decoded(array=words, depth=16, profile=_profile(image), color_space=exif.color_space(tags), exif=tags)


def read_words(reopen: Callable[[], Image.Image]) -> tuple[Array, Image.Image]:
    """Decode an image of 16-bit RGB or RGBA: (H, W, C) uint16, and the image, loaded with the high bytes.

    Args:
        reopen: opens it, not loaded: it is decoded twice, and the first is gone when the second comes.
    """
    image = reopen()
    _read_as(image, _LOW_BYTES)
    words = np.empty((image.height, image.width, len(image.getbands()), 2), np.uint8)
    _copy(image, words[..., _LOW])
    image = reopen()
    _copy(image, words[..., 1 - _LOW])
    return words.view(np.uint16)[..., 0], image


def _copy(image: Image.Image, samples: Array) -> None:
    """Copy the samples of an image, (H, W, C) uint8."""
    for rows in bands(image.height, image.width):
        samples[rows] = np.asarray(image.crop((0, rows.start, image.width, rows.stop)))


def _open_again(stream: BinaryIO, name: str, most_pixels: int, kind: str) -> Image.Image:
    stream.seek(0)
    return open_image(stream, name, most_pixels, kind)


def raw_mode(image: Image.Image) -> str:
    """How the file's samples lie, in Pillow's words; the empty string where Pillow does not say."""
    if not isinstance(image, ImageFile.ImageFile) or not image.tile:
        return ""
    args = image.tile[0].args
    return str(args[0] if isinstance(args, tuple) and args else args)


def _read_as(image: Image.Image, modes: dict[str, str]) -> None:
    """Have an open, not yet loaded image take its samples for ones of another layout and the same length."""
    assert isinstance(image, ImageFile.ImageFile)
    mode = modes[raw_mode(image)]
    image.tile = [
        tile._replace(args=(mode, *tile.args[1:]) if isinstance(tile.args, tuple) else mode) for tile in image.tile
    ]


def _scale_clear(image: Image.Image, bits: int) -> None:
    """Pillow scales gray of 2 or 4 bits to 8, but not the gray that the file names transparent."""
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        image.info["transparency"] = clear * 255 // (2**bits - 1)


def _profile(image: Image.Image) -> bytes | None:
    return image.info.get("icc_profile") or None
