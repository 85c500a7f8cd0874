"""Reading pictures from wherever they come."""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import ImageError
from impasto.images import decode, samples, tensors
from impasto.images.picture import Picture, Source
from impasto.images.readers import pillow
from impasto.images.resize import shrink

Stream = io.BufferedReader | io.BytesIO


def read(source: Source, *, name: str | None = None, most_pixels: int = decode.MAX_PIXELS) -> Picture:
    """Read a picture: upright by its EXIF orientation, in sRGB by its ICC profile; of an animation, the first frame.

    Args:
        source: a path, bytes, a binary file object, a Pillow image, an array or a tensor; see `Source`.
        name: what messages call it; unset, the path, the stream's name, or the kind of source.
        most_pixels: files with more are refused by their header, before anything is decoded.

    Raises:
        ImageError: there is no such file, it is not a picture, is damaged, or has too many pixels.
    """
    name = name or _name(source)
    if tensors.is_tensor(source):
        source = tensors.to_array(source, name)
    if isinstance(source, np.ndarray):
        return _picture(samples.from_array(source, name), name, _hash_array(source))
    if isinstance(source, Image.Image):
        with decode.translate_errors(name, most_pixels):
            found = samples.from_decoded(decode.decode_pillow(source, name))
            return _picture(found, name, hashlib.sha256(source.tobytes()).hexdigest())
    with _stream(source, name) as stream:
        with decode.translate_errors(name, most_pixels):
            found = samples.from_decoded(decode.decode(stream, name, most_pixels))
        stream.seek(0)
        return _picture(found, name, hashlib.file_digest(stream, "sha256").hexdigest())


def read_thumbnail(source: Source, side: int) -> Picture:
    """Read a small copy of a picture, of which no side has more than `side` pixels; much faster than all of it.

    Raises:
        ImageError: as for `read`.
    """
    name = _name(source)
    with _stream(source, name) as stream:
        with decode.translate_errors(name, decode.MAX_PIXELS):
            found = samples.from_decoded(decode.decode_small(stream, name, side))
        return shrink(_picture(found, name, ""), side)


def measure(source: Source) -> tuple[int, int] | None:
    """Read the size of an upright picture, (width, height), from its header; None where that can be read once only.

    Raises:
        ImageError: as for `read`, as far as the header tells.
    """
    if tensors.is_tensor(source):
        source = tensors.to_array(source, _name(source))
    if isinstance(source, np.ndarray):
        return (source.shape[1], source.shape[0]) if source.ndim > 1 and source.size else None
    if isinstance(source, Image.Image):
        return pillow.upright_size(source)
    if _is_read_once(source):
        return None
    name = _name(source)
    with _stream(source, name) as stream:
        return decode.measure(stream, name)


def _is_read_once(source: Source) -> bool:
    """Whether reading the header would take it from whoever reads the picture."""
    if isinstance(source, str | os.PathLike):
        path = Path(source).expanduser()
        return path.exists() and not path.is_file()
    return hasattr(source, "read")


def read_metadata(source: Source) -> dict[str, str]:
    """The text that `save` put into a PNG file, and any other text there; nothing for other formats and arrays.

    Raises:
        ImageError: as for `read`.
    """
    if isinstance(source, np.ndarray) or tensors.is_tensor(source):
        return {}
    if isinstance(source, Image.Image):
        return {key: str(value) for key, value in getattr(source, "text", {}).items()}
    name = _name(source)
    with _stream(source, name) as stream:
        return decode.texts(stream, name)


def _picture(found: samples.Samples, name: str, digest: str) -> Picture:
    return Picture(found.colors, found.alpha, found.depth, found.profile, name, digest, found.exif)


def _hash_array(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data.cast("B")).hexdigest()


def _name(source: Source) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return "bytes"
    if isinstance(source, np.ndarray):
        return "array"
    if tensors.is_tensor(source):
        return "tensor"
    # An open file's name may also be a number; Pillow keeps the path of what it opened.
    own = getattr(source, "filename" if isinstance(source, Image.Image) else "name", "")
    return str(own).strip("<>") if own and isinstance(own, str | os.PathLike) else "image"


@contextmanager
def _stream(source: Source, name: str) -> Iterator[Stream]:
    """A seekable binary stream at its beginning, which holds at least one byte."""
    if isinstance(source, str | os.PathLike):
        with _open(Path(source).expanduser(), name) as file:
            yield _require_bytes(file if file.seekable() else _buffer(file, name), name)
    elif isinstance(source, bytes | bytearray | memoryview):
        yield _require_bytes(io.BytesIO(source), name)
    elif hasattr(source, "read"):
        yield _require_bytes(_buffer(cast("BinaryIO", source), name), name)
    else:
        raise ImageError(
            f"a {type(source).__name__} is not a picture",
            "Give a path, bytes, a binary file, a Pillow image, an array or a tensor.",
        )


def _open(path: Path, name: str) -> Stream:
    if not name:
        raise ImageError("the name of a picture is empty", "Give the path of a picture file.")
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise ImageError(f"{name} does not exist", "Check the path.") from None
    except IsADirectoryError:
        raise ImageError(f"{name} is a folder", "Give one picture file.") from None
    except PermissionError as error:
        if os.path.isdir(path):  # noqa: PTH112 -- how Windows says it; Path.is_dir would raise the same error again
            raise ImageError(f"{name} is a folder", "Give one picture file.") from None
        raise ImageError(f"{name} may not be read ({error.strerror})", "Give yourself permission to read it.") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"{name} cannot be opened ({error})", "Check the path.") from None


def _buffer(stream: BinaryIO | io.BufferedReader, name: str) -> Stream:
    try:
        data = stream.read()
    except (OSError, ValueError) as error:
        raise ImageError(f"{name} cannot be read ({error})", "Check where it comes from.") from None
    if isinstance(data, str):
        raise ImageError(f"{name} was opened as text", "Open it in binary mode, 'rb'.")
    return io.BytesIO(data)


def _require_bytes(stream: Stream, name: str) -> Stream:
    try:
        empty = not stream.read(1)
        stream.seek(0)
    except OSError as error:
        raise ImageError(f"{name} cannot be read ({error})", "Check where it comes from.") from None
    if empty:
        raise ImageError(f"{name} is empty", "Give a picture file.")
    return stream
