"""PNG: the pixels by Pillow; what stands beside them is read here, so that nothing of it can spoil a sound picture."""

import bisect
import io
import itertools
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from PIL import Image

from impasto.images import color_spaces, exif
from impasto.images.color_spaces import ColorSpace
from impasto.images.decoded import Decoded
from impasto.images.readers import pillow

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"))
_TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
_LONGEST = 2**24
"""Bytes of a profile or a text, after expanding; longer ones are passed over."""
_BUFFER_BYTES = 2**18
_METER = 1

Chunk = tuple[bytes, int, int]
"""Its kind, where it begins in the file, and how many bytes of data it says to have."""


def read(stream: BinaryIO, name: str, most_pixels: int) -> Decoded:
    """Decode a PNG file.

    Raises:
        ImageError: it has too many pixels, or is made for light beyond white.
    """
    chunks = list(_chunks(stream))
    parts = [(0, len(_SIGNATURE)), *((start, 12 + length) for kind, start, length in chunks if kind in _PIXELS)]
    found = pillow.read(io.BufferedReader(_Joined(stream, parts), _BUFFER_BYTES), name, most_pixels, "PNG")
    beside = {chunk[0]: _data(stream, chunk) for chunk in reversed(chunks) if chunk[0] not in _PIXELS | _TEXTS}
    tags = exif.of_bytes(beside.get(b"eXIf", b""), _dots_per_inch(beside.get(b"pHYs", b"")))
    return Decoded(found.image, found.array, found.depth, _profile(beside), _color_space(beside, tags, name), tags)


def measure(stream: BinaryIO, _name: str) -> tuple[int, int]:
    """Read the size of an upright picture from its header."""
    found = {chunk[0]: _data(stream, chunk) for chunk in _chunks(stream) if chunk[0] in (b"IHDR", b"eXIf")}
    return exif.upright(struct.unpack(">II", found[b"IHDR"][:8]), exif.of_bytes(found.get(b"eXIf", b"")))


def texts(stream: BinaryIO) -> dict[str, str]:
    """Read the text in a PNG file, by its keys; what is damaged or too long is passed over."""
    pairs = (_text(chunk[0], _data(stream, chunk)) for chunk in _chunks(stream) if chunk[0] in _TEXTS)
    return dict(pair for pair in pairs if pair is not None)


def _chunks(stream: BinaryIO) -> Iterator[Chunk]:
    size, start = stream.seek(0, io.SEEK_END), len(_SIGNATURE)
    while start + 8 <= size:
        stream.seek(start)
        length, kind = struct.unpack(">I4s", stream.read(8))
        yield kind, start, length
        start += 12 + length


def _data(stream: BinaryIO, chunk: Chunk) -> bytes:
    _, start, length = chunk
    stream.seek(start + 8)
    return stream.read(length)


class _Joined(io.RawIOBase):
    """Parts of a file, (where it begins, bytes) each, as a file of their own that takes no memory."""

    def __init__(self, stream: BinaryIO, parts: Sequence[tuple[int, int]]) -> None:
        self._stream, self._parts = stream, parts
        self._ends = list(itertools.accumulate(length for _, length in parts))
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._ends[-1]}[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:
        number = bisect.bisect_right(self._ends, self._place)
        if number == len(self._parts):
            return 0
        start, length = self._parts[number]
        left = self._ends[number] - self._place
        self._stream.seek(start + length - left)
        data = self._stream.read(min(left, len(buffer)))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def _profile(beside: dict[bytes, bytes]) -> bytes | None:
    if b"iCCP" not in beside or b"cICP" in beside:
        return None
    _, _, packed = beside[b"iCCP"].partition(b"\0")
    return _expand(packed[1:])


def _expand(packed: bytes) -> bytes | None:
    try:
        expander = zlib.decompressobj()
        data = expander.decompress(packed, _LONGEST)
    except zlib.error:
        return None
    return data if expander.eof else None


def _color_space(beside: dict[bytes, bytes], tags: Image.Exif, name: str) -> ColorSpace | None:
    """In the order of the PNG specification, third edition, section 4.3; EXIF speaks where all else is silent."""
    if len(code_points := beside.get(b"cICP", b"")) == 4:  # noqa: PLR2004 -- bytes
        return color_spaces.of_code_points(code_points[0], code_points[1], name)
    if b"iCCP" in beside or b"sRGB" in beside:
        return None
    if len(beside.get(b"gAMA", b"")) == 4:  # noqa: PLR2004 -- bytes
        (gamma,) = struct.unpack(">I", beside[b"gAMA"])
        return color_spaces.of_gamma(100_000 / gamma, _points(beside.get(b"cHRM", b""))) if gamma else None
    return exif.color_space(tags)


def _points(data: bytes) -> tuple[color_spaces.Point, ...] | None:
    """Read red, green, blue and white; None where there are none, or no colors can have them."""
    if len(data) != 32:  # noqa: PLR2004 -- bytes
        return None
    white_x, white_y, *rest = (value / 100_000 for value in struct.unpack(">8I", data))
    red, green, blue = zip(rest[0::2], rest[1::2], strict=True)
    return red, green, blue, (white_x, white_y)


def _dots_per_inch(data: bytes) -> tuple[float, float] | None:
    if len(data) != 9 or data[8] != _METER:  # noqa: PLR2004 -- bytes
        return None
    across, down = struct.unpack(">II", data[:8])
    return across * exif.METERS_PER_INCH, down * exif.METERS_PER_INCH


def _text(kind: bytes, data: bytes) -> tuple[str, str] | None:
    key, _, rest = data.partition(b"\0")
    encoding, value = "latin-1", rest
    if kind == b"iTXt":
        encoding = "utf-8"
        *_, value = rest[2:].split(b"\0", 2)
    packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\1")
    expanded = _expand(value[1:] if kind == b"zTXt" else value) if packed else value
    return None if expanded is None else (key.decode("latin-1"), expanded.decode(encoding, "replace"))
