"""A painted frame as a file: a PNG that holds its samples to the bit, and what the painter remembers after it."""

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from impasto.errors import ImageError
from impasto.images import Picture
from impasto.images.picture import to_integers
from impasto.video.opencv import load_opencv

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
"""Ends a PNG."""
_STATE = b"impasto:state\0"
"""Begins the chunk that holds the painter's state."""
_LEVEL = 1
"""Of compression, 0..9: a frame is read once or twice, and then removed."""


def encode_painted(picture: Picture, state: dict[str, Any]) -> bytes:
    """Make the file of a painted frame.

    Args:
        picture: integers of its depth, and opacity if it has any.
        state: of the painter after it, as JSON holds it.
    """
    cv2 = load_opencv()
    samples = to_integers(picture, picture.depth)
    blue_first = np.ascontiguousarray(samples[..., [2, 1, 0, *range(3, samples.shape[2])]])
    _, encoded = cv2.imencode(".png", blue_first, [cv2.IMWRITE_PNG_COMPRESSION, _LEVEL])
    text = zlib.compress(json.dumps(state, allow_nan=False).encode(), _LEVEL)
    return bytes(encoded)[: -len(END)] + _chunk(b"zTXt", _STATE + b"\0" + text) + END


def decode_painted(data: bytes, name: str) -> tuple[Picture, dict[str, Any]]:
    """Give the picture and the state that `encode_painted` was given, to the bit.

    Raises:
        ImageError: the data are no such file, or damaged.
    """
    cv2 = load_opencv()
    damaged = ImageError(f"{name} is damaged", "Remove it, and run the same command again.")
    if not (data.startswith(_SIGNATURE) and data.endswith(END)):
        raise damaged
    texts = [held for kind, held in _chunks(data) if kind == b"zTXt" and held.startswith(_STATE)]
    samples = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None or samples.ndim != 3 or not texts:  # noqa: PLR2004 - rows, columns and channels
        raise damaged
    try:
        state = json.loads(zlib.decompress(texts[-1][len(_STATE) + 1 :]))
    except (ValueError, zlib.error):
        raise damaged from None
    colors = np.ascontiguousarray(samples[..., 2::-1])
    full = np.iinfo(samples.dtype).max
    alpha = samples[..., 3].astype(np.float32) / np.float32(full) if samples.shape[2] > 3 else None  # noqa: PLR2004
    return Picture(colors, alpha=alpha, depth=8 if samples.dtype == np.uint8 else 16, name=name), state


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        place += 12 + length
