"""Turning the bytes of a file into samples, through Pillow, with every way to fail made an `ImageError`."""

import contextlib
import ctypes
import functools
import importlib
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from PIL import ExifTags, Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from impasto.errors import ImageError
from impasto.images import formats

MAX_PIXELS = 250_000_000
"""Pictures with more pixels are refused by their header, before anything is decoded."""

_TIFF_STRIPS = [(273, 279), (324, 325)]  # the tags of where strips lie and how long they are, and the same for tiles

# Pillow reads 16-bit RGB as its high bytes. Taking the same file for one of the other byte order gives the low bytes.
_LOW_BYTES = {
    "RGB;16B": "RGB;16L",
    "RGB;16L": "RGB;16B",
    "RGB;16N": "RGB;16B",  # what libtiff decodes is in the machine's order, little-endian wherever torch runs
    "RGBA;16B": "RGBA;16L",
    "RGBA;16L": "RGBA;16B",
    "RGBA;16N": "RGBA;16B",
}
_ON_ITS_SIDE = range(5, 9)
"""EXIF orientations by which rows become columns."""
_GRAY_ALPHA_16 = "LA;16B"

_LOCK = threading.RLock()


@dataclass(frozen=True)
class Decoded:
    """The first frame of a file, with all its bits."""

    image: Image.Image
    """Loaded; the high bytes where there are low ones."""
    low: Image.Image | None = None
    """The low bytes of 16-bit RGB and RGBA, of the same mode and size."""
    gray_alpha_16: bool = False
    """`image` is RGBA and holds the four bytes of big-endian 16-bit gray and alpha."""


def decode(stream: BinaryIO, name: str, most_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode the first frame.

    Raises:
        ImageError: not a picture, damaged, of too many pixels, or too large for the memory.
    """
    with _translate_errors(name):
        image = open_image(stream, name, most_pixels)
        _check_strips(image, stream)
        mode = _raw_mode(image)
        if mode == _GRAY_ALPHA_16:
            _read_as(image, {mode: "RGBA"})
            return Decoded(load(image), gray_alpha_16=True)
        load(image)
        if mode not in _LOW_BYTES:
            return Decoded(image)
        stream.seek(0)
        low = open_image(stream, name)
        _read_as(low, _LOW_BYTES)
        return Decoded(image, load(low))


def measure(stream: BinaryIO, name: str) -> tuple[int, int]:
    """Read the size of an upright picture from its header.

    Raises:
        ImageError: not a picture, or one whose header is damaged.
    """
    with _translate_errors(name):
        return upright_size(open_image(stream, name))


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Give (width, height) of an image turned as its EXIF orientation says."""
    exif = Image.Image.getexif(image)  # a PNG's own method decodes the pixels first
    turned = exif.get(ExifTags.Base.Orientation) in _ON_ITS_SIDE
    return (image.height, image.width) if turned else (image.width, image.height)


def decode_pillow(image: Image.Image, name: str) -> Decoded:
    """What a caller's own Pillow image holds; it may be open and not loaded yet.

    Raises:
        ImageError: its file is damaged.
    """
    with _translate_errors(name):
        return Decoded(load(image))


def text_chunks(stream: BinaryIO, name: str) -> dict[str, str]:
    """Read the text in a PNG file; nothing for formats without.

    Raises:
        ImageError: as for `decode`.
    """
    with _translate_errors(name):
        image = open_image(stream, name)
        if image.format not in formats.METADATA_FORMATS:
            return {}
        load(image)  # text may follow the pixels
        return {key: str(value) for key, value in getattr(image, "text", {}).items()}


def load(image: Image.Image) -> Image.Image:
    """Decode the pixels of an image; gives the image itself."""
    image.load()
    return image


def open_image(stream: BinaryIO, name: str, most_pixels: int = MAX_PIXELS) -> Image.Image:
    """Read the header and check the size."""
    try:
        image: Image.Image = Image.open(stream, formats=formats.PILLOW_FORMATS)
    except UnidentifiedImageError:
        image = _open_without_pillow(stream, name)
    if image.width * image.height > most_pixels:
        raise ImageError(
            f"{name} has {image.width} x {image.height} pixels, more than {most_pixels // 1_000_000} million",
            "Make it smaller first.",
        )
    return image


def _head(stream: BinaryIO) -> bytes:
    """Read the first bytes, where formats state their kind."""
    stream.seek(0)
    head = stream.read(formats.HEAD)
    stream.seek(0)
    return head


def _check_strips(image: Image.Image, stream: BinaryIO) -> None:
    """Find strips and tiles of a TIFF that are cut off before libtiff does, which would say so on the terminal."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile) or image.tile[0].codec_name != "libtiff":
        return
    tags, size = image.tag_v2, stream.seek(0, io.SEEK_END)
    for offsets, lengths in _TIFF_STRIPS:
        pairs = zip(tags.get(offsets, ()), tags.get(lengths, ()), strict=False)
        if any(offset + length > size for offset, length in pairs):
            raise EOFError("the end is missing")
    stream.seek(0)


def _open_without_pillow(stream: BinaryIO, name: str) -> Image.Image:
    """Open a file of a format that has its own reader; of any other, say what the file seems to be."""
    found = formats.recognize(_head(stream))
    if found is None:
        titles = [row.title for row in formats.FORMATS]
        raise ImageError(
            f"{name} is not a picture, or its beginning is damaged", f"Give a {formats.choices(titles)} file."
        )
    if found.opener is None:
        article = "an" if found.title[0] in "AEIO" else "a"
        raise ImageError(
            f"{name} is {article} {found.title} that is damaged or cut short, or of a kind that Impasto does not read",
            "Get an intact copy, or save it as RGB or gray with 8 or 16 bits a channel.",
        )
    return found.opener(stream, name)


def _raw_mode(image: Image.Image) -> str:
    """How the file's samples lie, in Pillow's words; the empty string where Pillow does not say."""
    if not isinstance(image, ImageFile.ImageFile) or not image.tile:
        return ""
    args = image.tile[0].args
    return str(args[0] if isinstance(args, tuple) and args else args)


def _read_as(image: Image.Image, modes: dict[str, str]) -> None:
    """Have an open, not yet loaded image take its samples for ones of another layout and the same length."""
    assert isinstance(image, ImageFile.ImageFile)
    mode = modes[_raw_mode(image)]
    image.tile = [
        tile._replace(args=(mode, *tile.args[1:]) if isinstance(tile.args, tuple) else mode) for tile in image.tile
    ]


@contextmanager
def _translate_errors(name: str) -> Iterator[None]:
    """Let Pillow work in silence, without its own limit on size, and turn what it raises into `ImageError`.

    Both the limit and Python's warning filters belong to the whole process: hence one picture at a time.
    """
    _silence_libtiff()
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        except ImageError:
            raise
        except MemoryError:
            raise ImageError(f"{name} does not fit into the memory", "Make it smaller first.") from None
        except Exception as error:  # noqa: BLE001 -- on damaged files decoders raise nearly everything there is
            raise ImageError(f"{name} is damaged or cut short ({error})", "Get an intact copy of the file.") from None
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@functools.cache
def _silence_libtiff() -> None:
    """Keep libtiff from writing to stderr what Pillow raises as well; where Pillow has its symbols hidden, it does."""
    with contextlib.suppress(OSError, AttributeError):
        libtiff = ctypes.CDLL(importlib.import_module("PIL._imaging").__file__)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            setter = getattr(libtiff, name)
            setter.restype, setter.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            setter(None)
