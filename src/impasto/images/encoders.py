"""The bytes of each format that Impasto writes; `formats` says which picture comes to which writer."""

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo, putchunk
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from impasto.images import exif
from impasto.images.picture import bands

Samples = NDArray[np.uint8] | NDArray[np.uint16]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Beside:
    """What a file holds beside the pixels, as far as its format can."""

    texts: Mapping[str, str] = field(default_factory=dict)
    profile: bytes | None = None
    """An ICC profile; the file is sRGB without."""
    exif: bytes | None = None
    """A block that `exif.keep` made."""


@dataclass(frozen=True)
class PixelRows:
    """The samples of a picture as a file holds them, made as they are asked for."""

    height: int
    width: int
    channels: int
    """3, or 4 with opacity."""
    depth: Literal[8, 16]
    make: Callable[[slice], Samples]
    """Gives rows, (H, W, channels), uint8 or uint16."""

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return self.width * self.channels * self.depth // 8

    def bands(self, step: int = 0) -> Iterator[Samples]:
        """Give all rows from the top, so many at a time; 0 for as many as are good to work on."""
        return (self.make(rows) for rows in bands(self.height, self.width, step))


Writer = Callable[[BinaryIO, PixelRows, Beside], None]
"""Writes samples, and what stands beside them, to a file that can be read and is empty."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_COLOR_TYPES = {3: 2, 4: 6}  # by channels
_PNG_FILTERS = np.array([0, 1, 2, 4], np.uint8)
"""None, Sub, Up and Paeth."""
_PNG_CHUNK = 2**16
MOST_TIFF_BYTES = 2**32 - 2**25
"""Of samples: an offset of a TIFF has 32 bits, and what compression may add, and all else, needs room as well."""
_TIFF_STRIP = 2**18
"""Bytes, about."""
_TIFF_ICC_PROFILE = 34675


def png(out: BinaryIO, pixels: PixelRows, beside: Beside) -> None:
    """Write a PNG of 8 or 16 bits a channel, its text in any script.

    Pillow has no 16-bit RGB, and wants the whole picture; the format itself is a handful of chunks.
    """
    png_begin(out, pixels)
    if beside.profile is None:
        putchunk(out, b"sRGB", b"\x01")  # relative colorimetric
    else:
        putchunk(out, b"iCCP", b"ICC Profile\0\0", zlib.compress(beside.profile))
    png_texts(out, beside.texts)
    if dots := exif.resolution(beside.exif):
        per_meter = (round(value / exif.METERS_PER_INCH) for value in dots)
        putchunk(out, b"pHYs", struct.pack(">IIB", *per_meter, 1))  # 1 is the meter
    if beside.exif:
        putchunk(out, b"eXIf", beside.exif.removeprefix(exif.HEAD))
    for data in png_data(pixels):
        putchunk(out, b"IDAT", data)
    putchunk(out, b"IEND")


def png_texts(out: BinaryIO, texts: Mapping[str, str]) -> None:
    """Write the texts of a PNG."""
    info = PngInfo()
    for key, text in texts.items():
        info.add_itxt(key, text)
    for kind, data, *_ in info.chunks:
        putchunk(out, kind, data)


def png_begin(out: BinaryIO, pixels: PixelRows) -> None:
    """Write what a PNG begins with."""
    header = struct.pack(
        ">IIBBBBB", pixels.width, pixels.height, pixels.depth, _PNG_COLOR_TYPES[pixels.channels], *bytes(3)
    )
    out.write(_PNG_SIGNATURE)
    putchunk(out, b"IHDR", header)


def png_data(pixels: PixelRows) -> Iterator[bytes]:
    """Give the data of a PNG's picture, to be divided into chunks as it comes."""
    yield from _deflate(_filtered_rows(pixels))


def _deflate(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Compress as one stream, with what zlib recommends for filtered rows: 64 kB or more at a time."""
    compressor = zlib.compressobj(memLevel=9, strategy=zlib.Z_FILTERED)
    held = b""
    for part in parts:
        held += compressor.compress(part)
        if len(held) >= _PNG_CHUNK:
            yield held
            held = b""
    yield held + compressor.flush()


def _filtered_rows(pixels: PixelRows) -> Iterator[bytes]:
    """Lay out PNG's rows, big-endian, each less what one of PNG's filters predicts of it."""
    above = np.zeros((1, pixels.row_bytes), np.uint8)
    for band in pixels.bands():
        rows = band.astype(band.dtype.newbyteorder(">")).view(np.uint8).reshape(len(band), -1)
        yield _filter_rows(rows, np.concatenate([above, rows[:-1]]), pixels.row_bytes // pixels.width)
        above = rows[-1:]


def _filter_rows(rows: Bytes, above: Bytes, step: int) -> bytes:
    """Filter rows, each by what leaves the smallest sum of absolute differences: libpng's rule.

    Args:
        rows: (H, N).
        above: the rows before each.
        step: bytes of a pixel.
    """
    left, corner = (np.zeros_like(rows) for _ in range(2))
    left[:, step:], corner[:, step:] = rows[:, :-step], above[:, :-step]
    filtered = np.stack([rows, rows - left, rows - above, rows - _paeth(left, above, corner)])  # (filters, H, N)
    sizes = np.minimum(filtered, -filtered).sum(axis=2, dtype=np.int64)  # of bytes as -128..127
    best = sizes.argmin(axis=0)
    return np.column_stack([_PNG_FILTERS[best], filtered[best, np.arange(len(rows))]]).tobytes()


def _paeth(left: Bytes, above: Bytes, corner: Bytes) -> Bytes:
    """Predict each byte by the neighbor that is nearest to left + above - corner (PNG specification, section 9.4)."""
    across, down = (values.astype(np.int16) - corner for values in (above, left))  # by which left, above are off
    both = np.abs(across + down)
    across, down = np.abs(across), np.abs(down)
    return np.where((across <= down) & (across <= both), left, np.where(down <= both, above, corner))


def tiff(out: BinaryIO, pixels: PixelRows, beside: Beside) -> None:
    """Write a TIFF of 8 or 16 bits a channel, losslessly compressed; a BigTIFF where a TIFF might not hold it."""
    block, profile = beside.exif or b"", beside.profile
    big = pixels.height * pixels.row_bytes > MOST_TIFF_BYTES
    tags: list[tuple[int, str | int, int, Any, bool]] = [
        (tag, "s", 0, text.encode(), True) for tag, text in exif.texts(block).items()
    ]
    # Filled in by `_append_directory`.
    tags += [(tag - 1, "Q" if big else "I", 1, 0, True) for tag, _ in exif.directories(block)]
    if profile is not None:
        tags.append((_TIFF_ICC_PROFILE, 7, len(profile), profile, True))  # 7 is raw bytes
    dots = exif.resolution(beside.exif)
    step = max(1, _TIFF_STRIP // pixels.row_bytes)
    tifffile.imwrite(
        out,
        (zlib.compress(_differences(strip)) for strip in pixels.bands(step)),
        bigtiff=big,
        shape=(pixels.height, pixels.width, pixels.channels),
        dtype=np.uint8 if pixels.depth == 8 else np.uint16,  # noqa: PLR2004 -- bits
        rowsperstrip=step,
        byteorder="<",
        photometric="rgb",
        extrasamples=["unassalpha"] if pixels.channels == 4 else None,  # noqa: PLR2004 -- RGBA
        compression="zlib",
        predictor=True,
        resolution=dots,
        resolutionunit="inch" if dots else None,
        extratags=tags,
        software=False,
        metadata=None,
    )
    for tag, values in exif.directories(block):
        _append_directory(out, tag, values, big=big)


def _differences(samples: Samples) -> bytes:
    """Lay out TIFF's rows, little-endian, each sample less that of the pixel before."""
    differences = samples.copy()
    differences[:, 1:] = samples[:, 1:] - samples[:, :-1]
    return differences.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()


def _append_directory(out: BinaryIO, tag: int, values: dict[int, Any], *, big: bool) -> None:
    """Append a directory to a TIFF, and have its tag lead there.

    tifffile writes none but those of pages, and no tag that leads to one: hence an unused one of the number before.
    """
    out.seek(0)
    with tifffile.TiffFile(out) as file:
        entry = file.pages.first.tags[tag - 1]
    place = out.seek(0, io.SEEK_END)
    directory = ImageFileDirectory_v2(b"II+\0\x08\0\0\0" + bytes(8) if big else b"II*\0\x08\0\0\0", group=tag)
    directory.update(values)
    out.write(directory.tobytes(place))
    leads_there = struct.pack("<Q" if big else "<I", place)
    for where, value in ((entry.offset, struct.pack("<H", tag)), (entry.valueoffset, leads_there)):
        out.seek(where)
        out.write(value)


def jpeg(out: BinaryIO, pixels: PixelRows, beside: Beside) -> None:
    """Write a JPEG of full color resolution."""
    dots = {"dpi": dots} if (dots := exif.resolution(beside.exif)) else {}
    held = {"icc_profile": beside.profile, "exif": beside.exif or b"", **dots}
    options = {"quality": 95, "subsampling": "4:4:4", **held}
    try:
        _pillow(out, pixels, "JPEG", optimize=True, **options)
    except OSError as error:
        if error.errno is not None:
            raise
        _pillow(out, pixels, "JPEG", **options)  # to optimize, Pillow has two bytes a pixel: noise takes more


def webp(out: BinaryIO, pixels: PixelRows, beside: Beside) -> None:
    """Write a lossy WebP."""
    held = {"icc_profile": beside.profile or b"", "exif": beside.exif or b""}
    _pillow(out, pixels, "WEBP", quality=95, method=4, **held)


def avif(out: BinaryIO, pixels: PixelRows, beside: Beside) -> None:
    """Write an AVIF of full color resolution."""
    held = {"icc_profile": beside.profile or b"", "exif": beside.exif or b""}
    _pillow(out, pixels, "AVIF", quality=90, subsampling="4:4:4", **held)


def bmp(out: BinaryIO, pixels: PixelRows, beside: Beside) -> None:
    """Write a BMP."""
    dots = exif.resolution(beside.exif)
    _pillow(out, pixels, "BMP", **({"dpi": dots} if dots else {}))


def _pillow(out: BinaryIO, pixels: PixelRows, kind: str, **options: Any) -> None:
    """Have Pillow write a file; it says little of a disk that is full: hence to memory first."""
    image, top = Image.new("RGBA" if pixels.channels == 4 else "RGB", (pixels.width, pixels.height)), 0  # noqa: PLR2004
    for band in pixels.bands():
        image.paste(Image.fromarray(band), (0, top))
        top += len(band)
    held = io.BytesIO()
    image.save(held, kind, **options)
    out.write(held.getbuffer())
