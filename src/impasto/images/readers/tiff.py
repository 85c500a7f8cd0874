"""TIFF: the page that is the picture, and its samples in every usual layout; other layouts are refused by name."""

import contextlib
import ctypes
import functools
import importlib
import math
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, PLANARCONFIG, PREDICTOR, SAMPLEFORMAT, TiffFile, TiffPage

from impasto.errors import ImageError
from impasto.images import exif
from impasto.images.decoded import Array, Decoded, Integers, Unit, check_pixels, to_unit, unit_from_wide
from impasto.images.readers import pillow

_REDUCED, _MASK = 1, 4
"""Bits of the tag NewSubfileType."""
_DNG_VERSION, _ORIENTATION, _PROFILE, _INK_SET, _CMYK_INKS = 50706, 274, 34675, 332, 1
_RAW = frozenset((PHOTOMETRIC.CFA, PHOTOMETRIC.LINEAR_RAW))
_MOST_PAGES = 64
_CHANNELS = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.SEPARATED: 4,
}
"""The kinds of color whose samples are read here, and how many channels each has; Pillow reads a few more."""
_DEFLATE = frozenset((COMPRESSION.ADOBE_DEFLATE, COMPRESSION.DEFLATE))
_PLAIN = _DEFLATE | {COMPRESSION.NONE}
"""The compressions that are read here; Pillow reads others."""
_WORDS = frozenset(("RGB;16N", "RGBA;16N", "I;16N"))
"""The layouts of 16 bits, compressed otherwise, that Pillow reads with all their bits."""
_ALPHA = frozenset((EXTRASAMPLE.ASSOCALPHA, EXTRASAMPLE.UNASSALPHA))
_PREDICTORS = frozenset((PREDICTOR.NONE, PREDICTOR.HORIZONTAL))
_BITS = frozenset((1, 8, 16, 32, 64))
_BUFFER_BYTES = 2**24
"""Of strips and tiles, compressed, that are held beside the picture."""
_BYTE: Literal[8] = 8
_WORD: Literal[16] = 16


def read(stream: BinaryIO, name: str, most_pixels: int) -> Decoded:
    """Decode the picture in a TIFF file.

    Raises:
        ImageError: it has too many pixels, is a camera raw, or has a layout that cannot be read.
        EOFError: the end is missing.
    """
    _silence_libtiff()
    with TiffFile(stream) as file:
        page, number = _picture(file, name)
        check_pixels(page.imagewidth, page.imagelength, name, most_pixels)
        _check_ends(page, file.filehandle.size)
        if number is not None and (found := _read_pillow(page, stream, number, name)):
            return found
        tags = _tags(page, stream)
        return _read_samples(page, tags, name)


def measure(stream: BinaryIO, name: str) -> tuple[int, int]:
    """Read the size of an upright picture from its header.

    Raises:
        ImageError: it is a camera raw.
    """
    with TiffFile(stream) as file:
        page, _ = _picture(file, name)
        tags = _tags(page, stream)
        return exif.upright((page.imagewidth, page.imagelength), tags)


def _tags(page: TiffPage, stream: BinaryIO) -> Image.Exif:
    file = page.parent
    return exif.of_tiff(stream, file.byteorder, page.offset, _tag(page, _ORIENTATION, 1), big=file.is_bigtiff)


@functools.cache
def _silence_libtiff() -> None:
    """Keep libtiff from writing to stderr what Pillow raises as well; where Pillow has its symbols hidden, it does."""
    with contextlib.suppress(OSError, AttributeError):
        libtiff = ctypes.CDLL(importlib.import_module("PIL._imaging").__file__)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            setter = getattr(libtiff, name)
            setter.restype, setter.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            setter(None)


def _picture(file: TiffFile, name: str) -> tuple[TiffPage, int | None]:
    """Find the first page that is neither a small copy of another nor a mask, and its number in the chain of pages."""
    pages = list(_pages(file))
    if any(_DNG_VERSION in page.tags or page.photometric in _RAW for page, _ in pages):
        raise ImageError(f"{name} is a camera raw", "Develop it first, and save it as TIFF or JPEG.")
    whole = [(page, number) for page, number in pages if not page.subfiletype & (_REDUCED | _MASK)]
    return (whole or pages)[0]


def _pages(file: TiffFile) -> Iterator[tuple[TiffPage, int | None]]:
    """The pages of the chain, each followed by those below it, which have no number."""
    for number in range(_MOST_PAGES):
        try:
            page = file.pages[number]
        except IndexError:
            return
        assert isinstance(page, TiffPage)
        yield page, number
        for below in list(page.pages or ())[:_MOST_PAGES]:
            assert isinstance(below, TiffPage)
            yield below, None


def _check_ends(page: TiffPage, size: int) -> None:
    """Find strips and tiles that are cut off, which decoders would fill with black, or say on the terminal."""
    pairs = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if len(pairs) < math.prod(page.chunked) or any(not count or start + count > size for start, count in pairs):
        raise EOFError("the end is missing")


def _read_pillow(page: TiffPage, stream: BinaryIO, number: int, name: str) -> Decoded | None:
    """Read a page of the chain with Pillow; None where it would not read it, or not to the value."""
    words = page.bitspersample == _WORD
    if not _suits_pillow(page, words=words) or (image := _open(stream, number)) is None:
        return None
    if not words:
        image.load()
        return pillow.of_image(image, name)
    if pillow.raw_mode(image) not in _WORDS:
        return None
    if page.samplesperpixel > 1:
        return pillow.of_words(*pillow.read_words(lambda: _open(stream, number) or image))
    image.load()
    values = np.asarray(image)[..., np.newaxis]
    return pillow.of_words(65535 - values if page.photometric == PHOTOMETRIC.MINISWHITE else values, image)


def _suits_pillow(page: TiffPage, *, words: bool) -> bool:
    """Whether Pillow reads the page to the value, as far as the page tells: found with the matrix in the tests."""
    depth = page.compression not in _PLAIN if words else page.bitspersample <= _BYTE
    together = page.planarconfig == PLANARCONFIG.CONTIG or page.samplesperpixel == 1
    brightness = page.photometric == PHOTOMETRIC.YCBCR
    jpeg = page.compression == COMPRESSION.JPEG and page.samplesperpixel > 1
    return page.sampleformat == SAMPLEFORMAT.UINT and depth and together and brightness == jpeg


def _open(stream: BinaryIO, number: int) -> Image.Image | None:
    stream.seek(0)
    try:
        image = Image.open(stream, formats=["TIFF"])
        image.seek(number)
    except (UnidentifiedImageError, SyntaxError):
        return None
    return image


def _read_samples(page: TiffPage, tags: Image.Exif, name: str) -> Decoded:
    """Read the samples as they are stored, and find out what they mean."""
    base = _CHANNELS.get(PHOTOMETRIC(page.photometric), 0)
    cmyk = page.photometric == PHOTOMETRIC.SEPARATED
    if not base or page.samplesperpixel < base or (cmyk and _tag(page, _INK_SET, _CMYK_INKS) != _CMYK_INKS):
        raise _unreadable(page, name)
    if not _suits_tifffile(page):
        raise _unreadable(page, name)
    _check_lengths(page)
    samples = page.asarray(maxworkers=1, buffersize=_BUFFER_BYTES)
    samples = np.moveaxis(samples, 0, 2) if page.axes == "SYX" else np.atleast_3d(samples)  # (H, W, C)
    colors, depth = _scale(samples, page, name)
    array = _with_alpha(_colors(colors[..., :base], page), colors[..., base:], page)
    profile = _tag(page, _PROFILE, None)
    if cmyk:
        image = Image.fromarray(np.rint(to_unit(array[..., :base]) * 255).astype(np.uint8), "CMYK")
        return Decoded(image, profile=profile, exif=tags)
    return Decoded(None, array, depth, profile, exif.color_space(tags), tags)


def _suits_tifffile(page: TiffPage) -> bool:
    """Whether tifffile gives the samples, without further packages."""
    numbers = page.dtype is not None and page.dtype.kind in "buif" and page.bitspersample in _BITS
    stored = page.compression in _PLAIN and page.predictor in _PREDICTORS
    return numbers and stored and page.axes in ("YX", "YXS", "SYX")


def _check_lengths(page: TiffPage) -> None:
    """Refuse compressed strips and tiles that hold more or less than the picture: bombs, and what was damaged."""
    if page.compression not in _DEFLATE:
        return
    stream, total = page.parent.filehandle, page.imagelength
    row_bytes = -(-math.prod(page.chunks[1:]) * page.bitspersample // 8)
    strips = -(-total // page.chunks[0])
    for number, (start, count) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=True)):
        whole = page.chunks[0] * row_bytes
        needed = whole if page.is_tiled else min(page.chunks[0], total - number % strips * page.chunks[0]) * row_bytes
        stream.seek(start)
        length = len(zlib.decompressobj().decompress(stream.read(count), whole + 1))
        if not needed <= length <= whole:
            raise EOFError("a part of it is damaged")


def _scale(samples: Array, page: TiffPage, name: str) -> tuple[Integers | Unit, Literal[8, 16]]:
    """Scale samples to 0..1 unless they are 8 or 16 bits of light as they stand, and tell their bits."""
    bits = page.bitspersample
    if page.photometric == PHOTOMETRIC.PALETTE:
        return samples.astype(np.float32), _BYTE  # numbers of colors
    if samples.dtype.kind == "u" and bits == samples.dtype.itemsize * 8 <= _WORD:
        return samples.astype(samples.dtype.newbyteorder("="), copy=False), _BYTE if bits == _BYTE else _WORD
    if samples.dtype.kind in "ub" and bits <= _WORD:
        return samples.astype(np.float32) / np.float32(2**bits - 1), _BYTE if bits <= _BYTE else _WORD
    if samples.dtype.kind == "i" and samples.min() < 0:
        raise _unreadable(page, name)
    return unit_from_wide(samples, name)


def _colors(values: Integers | Unit, page: TiffPage) -> Integers | Unit:
    """Make samples mean light: 1 is white."""
    if page.photometric == PHOTOMETRIC.PALETTE:
        assert page.colormap is not None
        colors = to_unit(np.moveaxis(page.colormap, 0, 1))  # (colors, 3)
        return np.asarray(colors[values[..., 0].astype(np.intp)])
    return 1 - to_unit(values) if page.photometric == PHOTOMETRIC.MINISWHITE else values


def _with_alpha(colors: Integers | Unit, others: Integers | Unit, page: TiffPage) -> Integers | Unit:
    """Add the first of the further samples that is opacity; the rest mean nothing that is seen.

    As in Pillow, one further sample of which the file says nothing is opacity.
    """
    kinds = page.extrasamples or ((EXTRASAMPLE.UNASSALPHA,) if others.shape[2] == 1 else ())
    place = next((place for place, kind in enumerate(kinds) if kind in _ALPHA and place < others.shape[2]), None)
    if place is None:
        return colors
    alpha = others[..., place : place + 1]
    if kinds[place] == EXTRASAMPLE.ASSOCALPHA or colors.dtype != alpha.dtype:
        colors, alpha = to_unit(colors), to_unit(alpha)
    if kinds[place] == EXTRASAMPLE.ASSOCALPHA:  # the colors are multiplied by it
        colors = np.clip(np.divide(colors, alpha, out=np.zeros_like(colors), where=alpha > 0), 0, 1)
    return np.concatenate([colors, alpha], axis=2)


def _tag(page: TiffPage, code: int, default: Any) -> Any:
    return page.tags[code].value if code in page.tags else default


def _unreadable(page: TiffPage, name: str) -> ImageError:
    kind = {int(SAMPLEFORMAT.INT): "signed ", int(SAMPLEFORMAT.IEEEFP): "float "}.get(page.sampleformat, "")
    words = [
        f"{page.samplesperpixel} x {page.bitspersample} {kind}bits",
        f"color of the kind {_title(page.photometric)}",
        f"compression {_title(page.compression)}",
    ]
    return ImageError(
        f"{name} is a TIFF of a layout that Impasto does not read ({', '.join(words)})",
        "Save it as RGB or gray with 8 or 16 bits a channel.",
    )


def _title(value: Any) -> str:
    return getattr(value, "name", str(value)).lower()
