"""The picture formats that Impasto knows, one row each; every list of formats elsewhere is made from these rows.

To add a format, add a row here, a writer in `encoders` if it is to be written, and a reader if Pillow has none.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import BinaryIO, Literal

from PIL import Image

from impasto.images import encoders
from impasto.images.decoded import Measurer, Reader, SmallReader
from impasto.images.readers import heif, netpbm, pillow, png, tiff

HEAD = 12
"""Bytes at the beginning of a file by which its format is recognized."""


@dataclass(frozen=True)
class ImageFormat:
    """How files of one format are recognized, read and written, and what the written ones hold."""

    title: str
    """As messages call it."""
    suffixes: tuple[str, ...]
    """Those that it is written and read under."""
    magic: Callable[[bytes], bool]
    """Whether the first `HEAD` bytes of a file are this format's."""
    read: Reader
    measure: Measurer
    read_small: SmallReader | None = None
    """Reads a picture at a smaller size, faster; None where the format has no such way."""
    read_texts: Callable[[BinaryIO], dict[str, str]] | None = None
    """Reads the text in a file, which a written one has as well; None where text is passed over."""
    package: str | None = None
    """The package that `read` needs, where that is an extra."""
    other_suffixes: tuple[str, ...] = ()
    """Further ones that it is read under."""
    write: encoders.Writer | None = None
    """Makes a file of a picture's samples; None where Impasto does not write the format."""
    depths: tuple[Literal[8, 16], ...] = (8,)
    """Bits a channel that a written file may have."""
    alpha: bool = False
    """Whether a written file holds opacity; the others get the picture on white."""
    profile: bool = False
    """Whether a written file holds an ICC profile; the others are sRGB."""


def _begins(*prefixes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(prefixes)


def _has_brand(*brands: bytes) -> Callable[[bytes], bool]:
    """The brands of ISO base media files, which AVIF and HEIC are."""
    return lambda head: head[4:8] == b"ftyp" and head[8:12] in brands


def _by_pillow(kind: str) -> tuple[Reader, Measurer]:
    return partial(pillow.read, kind=kind), partial(pillow.measure, kind=kind)


# Only what photographs and scans come in: Pillow's EPS, for one, would start Ghostscript on the file.
FORMATS = (
    ImageFormat(
        "PNG",
        (".png",),
        _begins(b"\x89PNG\r\n\x1a\n"),
        png.read,
        png.measure,
        read_texts=png.texts,
        other_suffixes=(".apng",),
        write=encoders.png,
        depths=(8, 16),
        alpha=True,
        profile=True,
    ),
    ImageFormat(
        "JPEG",
        (".jpg", ".jpeg"),
        _begins(b"\xff\xd8\xff"),
        *_by_pillow("JPEG"),
        read_small=pillow.read_draft,
        other_suffixes=(".jpe", ".jfif"),
        write=encoders.jpeg,
        profile=True,
    ),
    ImageFormat("GIF", (".gif",), _begins(b"GIF87a", b"GIF89a"), *_by_pillow("GIF")),
    ImageFormat(
        "WebP",
        (".webp",),
        lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP",
        *_by_pillow("WEBP"),
        write=encoders.webp,
        alpha=True,
        profile=True,
    ),
    ImageFormat(
        "AVIF",
        (".avif",),
        _has_brand(b"avif", b"avis"),
        heif.read_avif,
        partial(pillow.measure, kind="AVIF"),
        other_suffixes=(".avifs",),
        write=encoders.avif,
        alpha=True,
        profile=True,
    ),
    ImageFormat(
        "TIFF",
        (".tif", ".tiff"),
        _begins(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        tiff.read,
        tiff.measure,
        write=encoders.tiff,
        depths=(8, 16),
        alpha=True,
        profile=True,
    ),
    ImageFormat(
        "HEIC",
        (".heic", ".heif"),
        _has_brand(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
        heif.read,
        heif.measure,
        package="pillow_heif",
    ),
    ImageFormat(
        "BMP",
        (".bmp",),
        lambda head: head.startswith(b"BM") and head[6:10] == bytes(4),  # two letters alone may begin a text
        *_by_pillow("BMP"),
        other_suffixes=(".dib",),
        write=encoders.bmp,
    ),
    ImageFormat("ICO", (".ico",), _begins(b"\0\0\1\0"), *_by_pillow("ICO")),
    ImageFormat(
        "JPEG 2000",
        (".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c"),
        _begins(b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"),
        *_by_pillow("JPEG2000"),
    ),
    ImageFormat(
        "PPM",
        (".pbm", ".pgm", ".ppm", ".pnm", ".pfm"),
        lambda head: re.match(rb"P[1-6fF]\s", head) is not None,
        netpbm.read,
        netpbm.measure,
    ),
    ImageFormat("QOI", (".qoi",), _begins(b"qoif"), *_by_pillow("QOI")),
)

SUFFIXES = tuple(suffix for row in FORMATS if row.write for suffix in row.suffixes)
"""What `save` writes."""


def readable_suffixes() -> list[str]:
    """List those of the files that can be read here, with their dots; of HEIC where the extra is installed."""
    Image.init()
    registered = Image.registered_extensions()
    known = [(row, suffix) for row in FORMATS for suffix in (*row.suffixes, *row.other_suffixes)]
    return sorted(suffix for row, suffix in known if (find_spec(row.package) if row.package else suffix in registered))


def of_suffix(suffix: str) -> ImageFormat:
    """Find the format that is written under a suffix, with its dot, in lower case."""
    return next(row for row in FORMATS if suffix in row.suffixes)


def recognize(head: bytes) -> ImageFormat | None:
    """Find the format of a file by its first `HEAD` bytes."""
    return next((row for row in FORMATS if row.magic(head)), None)


_RAW_MAGIC = {
    b"II*\0\x10\0\0\0CR": "Canon CR2",
    b"IIU\0": "Panasonic RW2",
    b"IIRO": "Olympus ORF",
    b"IIRS": "Olympus ORF",
    b"MMOR": "Olympus ORF",
    b"FUJIFILMCCD-": "Fujifilm RAF",
    b"\0MRM": "Minolta MRW",
    b"FOVb": "Sigma X3F",
}


def recognize_raw(head: bytes) -> str | None:
    """Find the kind of a camera raw by its first `HEAD` bytes; `readers.tiff` finds those that are TIFFs."""
    if head[4:12] == b"ftypcrx ":
        return "Canon CR3"
    return next((title for magic, title in _RAW_MAGIC.items() if head.startswith(magic)), None)


def choices(names: Sequence[str]) -> str:
    """Join names to a choice: "PNG, JPEG or TIFF"."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
