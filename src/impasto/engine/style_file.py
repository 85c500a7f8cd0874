"""Style files: what was measured of paintings, to paint with later, without them. Loads no torch.

A file is safetensors: for each of some long sides a palette, and for each layer the means of the features and the upper
triangle of their second moments; each painting small, for its brushwork, where strokes are copied; a thumbnail; and as
metadata, under `STYLE_KEY`, a `StyleInfo` in JSON. Nothing of a file is executed, and its header is checked against its
size before anything is allocated.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from safetensors import SafetensorError

from impasto import images
from impasto.errors import ImageError
from impasto.images import Picture, Source
from impasto.images.picture import on_white
from impasto.layers import Layer
from impasto.settings.per_painting import MeasuredWith
from impasto.sizing import Size
from impasto.storage.atomic import replace_file
from impasto.weights.registry import ENTRIES

SUFFIX = ".style"
STYLE_KEY = "impasto:style"
VERSION = 1
PICTURE = "picture"
"""What the small pictures of the paintings are called, each with its number."""
COLORS = 2**14
"""Of a palette; those of `core.color.palette`."""
MOST_PAINTINGS = 64
"""In one style: a palette for each size is held of each until the last."""
EXACT_SIDES = frozenset((64, 128, 256, 512))
"""Long sides, pixels, at which statistics are float32; those at others are float16."""
MOST_BYTES = 128 * 2**20
"""Of a file: five times as many as one with every layer of VGG-19 has."""
THUMBNAIL_SIDE = 256
"""Longest side of a thumbnail, pixels."""
_MOST_SHOWN = 16
_GAP = 4
"""Between the pictures of a thumbnail, pixels."""
_MOST_HEADER_BYTES = 2**20
_MOST_THUMBNAIL_BYTES = 2**20
_MOST_THUMBNAIL_PIXELS = 2**20
_LARGEST_COLOR = 2.0
"""Of OkLab, where white has 1."""
_LARGEST_VALUE = 1e12
"""Of means and second moments: a hundred thousand times those of VGG, and their squares are still float32."""
_LARGEST = {
    "palette": _LARGEST_COLOR,
    "means": _LARGEST_VALUE,
    "triangle": _LARGEST_VALUE,
    "scale": _LARGEST_VALUE / float(np.finfo(np.float16).max),
}
"""By the last part of a tensor's name."""
_JPEG = b"\xff\xd8\xff"
"""How a thumbnail begins: no other reader is to see what a stranger made."""
_DTYPES = {"F32": np.float32, "F16": np.float16, "U8": np.uint8}
_INTACT = "Get an intact copy of the file."

Array = NDArray[Any]
Tensors = Mapping[str, Array]


def _check_layers(layers: dict[str, int]) -> dict[str, int]:
    for name in layers:
        if str(Layer.find(name)) != name:
            raise ValueError(f"{name} is not a layer")
    return layers


def _ascending(sides: list[int]) -> list[int]:
    if sides != sorted(set(sides)):
        raise ValueError("the sides do not ascend")
    return sides


def _check_small(shape: list[int]) -> list[int]:
    if shape and (len(shape) != 3 or shape[0] not in (3, 4)):  # noqa: PLR2004 -- as `core.styles.small_picture` has it
        raise ValueError("a small picture has 3 or 4 channels")
    return shape


LONGEST_TEXT = 1000
"""Characters of a name or a credit."""


def to_plain(text: str) -> str:
    """Give text as a file has it: a line without control characters, which a terminal would obey, and bounded."""
    return "".join(it if it.isprintable() else _UNPRINTABLE for it in " ".join(text.split()))[:LONGEST_TEXT]


def _check_plain(text: str) -> str:
    if to_plain(text) != text:
        raise ValueError("a text has control characters")
    return text


_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
_Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(_check_plain)]
_Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Channels = Annotated[int, Field(ge=1, le=512)]
_Side = Annotated[int, Field(ge=1, le=100_000)]
_SmallSide = Annotated[int, Field(ge=1, le=512)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class NetworkInfo(_Strict):
    """The network that measured a style."""

    name: _Text
    """As the settings named it, without folders."""
    sha256: _Digest
    """Of its weights; see `VGGWeights.fingerprint`."""
    normalize: bool
    pooling: Literal["max", "average", "average-scaled"]
    padding: Literal["zeros", "replicate"]


class PaintingInfo(_Strict):
    """A painting of a style."""

    name: _Text
    """Of its file, without folders."""
    sha256: _Text
    width: _Side
    """Of the part that was measured, pixels."""
    height: _Side
    small: Annotated[list[_SmallSide], AfterValidator(_check_small)] = []
    """Shape of its small picture: channels (3, or 4 with opacity), height and width; empty where there is none."""


class StyleInfo(_Strict):
    """What a style file says of itself."""

    version: Annotated[int, Field(ge=VERSION, le=VERSION)]
    made_by: _Text
    """Name and version of the program."""
    paintings: Annotated[list[PaintingInfo], Field(min_length=1, max_length=MOST_PAINTINGS)]
    credit: _Text
    network: NetworkInfo
    statistic: Literal["gram", "moments"]
    precision: Literal["float32", "bfloat16", "float64"]
    """In which the network ran."""
    device: _Text
    threads: Annotated[int, Field(ge=1)]
    layers: Annotated[dict[str, _Channels], Field(min_length=1, max_length=40), AfterValidator(_check_layers)]
    """The channels of each."""
    sides: Annotated[list[_Side], Field(min_length=1, max_length=8), AfterValidator(_ascending)]
    """The long sides at which the paintings were measured, pixels."""
    gray: bool
    """Whether no painting has color."""


@dataclass(frozen=True, eq=False, repr=False)
class StyleFile:
    """A style that was measured; given wherever a painting is."""

    info: StyleInfo
    tensors: Tensors
    """By the names of `tensor_shapes`, and `thumbnail`."""
    data: bytes
    """The file."""
    name: str
    """As the user named it."""
    thumbnail: Picture
    """What the paintings look like; with the name and the digest of the file, for whatever shows inputs."""

    def __repr__(self) -> str:
        return f"StyleFile({self.name!r})"

    @property
    def sha256(self) -> str:
        """Of the file."""
        return self.thumbnail.sha256

    @property
    def size(self) -> Size:
        """Of the first painting, pixels."""
        return self.info.paintings[0].width, self.info.paintings[0].height

    @property
    def measured_with(self) -> MeasuredWith:
        """What settings must agree with."""
        network = self.info.network
        choices = {"normalize": network.normalize, "pooling": network.pooling, "padding": network.padding}
        others = ENTRIES.keys() - {network.name} if network.name in ENTRIES else ()
        return MeasuredWith(self.name, network.name, frozenset(others), choices, frozenset(self.info.layers))

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the file, whole or not at all.

        Raises:
            OutputError: the path exists and `overwrite` is false, cannot be written, or does not end in `.style`.
            StorageError: the disk is full or failed.
        """
        check_output(path, overwrite=overwrite)
        replace_file(Path(path).expanduser(), self.data)


LoadedStyle = Picture | StyleFile
"""What gives a style: a painting, or what was measured of some."""

StyleInput = Source | LoadedStyle
"""A painting or a style file, or where to read one: a path, or the bytes of a file."""


def shown_as(style: LoadedStyle) -> Picture:
    """Give what a style looks like: the painting, or the thumbnail of a style file."""
    return style.thumbnail if isinstance(style, StyleFile) else style


def check_output(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Check that a style file can be written there; see `images.check_output`."""
    images.check_output(path, overwrite=overwrite, suffixes=(SUFFIX,))


def read_style_input(source: StyleInput, *, name: str | None = None) -> LoadedStyle:
    """Read a style file or a picture, whichever it is; see `images.read`.

    Raises:
        ImageError: it is neither, or cannot be used.
    """
    if isinstance(source, Picture | StyleFile):
        return source
    return read_style(source, name=name) if is_style(source) else images.read(source, name=name)


def style_input_size(source: StyleInput) -> Size | None:
    """Read the size of a painting, (width, height), from its header; None for a style file, of which none is seen.

    Raises:
        ImageError: as for `images.measure`.
    """
    if isinstance(source, Picture):
        return source.width, source.height
    return None if isinstance(source, StyleFile) or is_style(source) else images.measure(source)


def is_style(source: Any) -> bool:
    """Whether a path or bytes are meant for a style file: by the path's suffix, or by how the file begins."""
    if isinstance(source, bytes | bytearray | memoryview):
        return _begins_as_safetensors(bytes(source[:9]))
    if not isinstance(source, str | os.PathLike):
        return False
    path = Path(source).expanduser()
    if path.suffix.lower() == SUFFIX:
        return not path.is_dir()
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return _begins_as_safetensors(file.read(9))
    except (OSError, ValueError):  # whoever reads it says what is wrong
        return False


def read_style(source: Any, *, name: str | None = None) -> StyleFile:
    """Read a style file.

    Args:
        source: a path, or the bytes of a file.
        name: what messages call it; unset, the path.

    Raises:
        ImageError: there is no such file, it is no style, is truncated or damaged, or of a later version.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _parse(bytes(source), name or "bytes")
    return _parse(_read_bytes(Path(source).expanduser(), name or os.fspath(source)), name or os.fspath(source))


def write_style(info: StyleInfo, tensors: Tensors, name: str) -> StyleFile:
    """Make a style file of what was measured; nothing is written to the disk."""
    ordered = {key: np.ascontiguousarray(tensors[key]) for key in sorted(tensors)}
    data = safetensors.numpy.save(ordered, {STYLE_KEY: info.model_dump_json()})
    return _parse(data, name)


def tensor_shapes(info: StyleInfo) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Give type and shape of each tensor that a file has beside the thumbnail."""
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {}
    for number, painting in enumerate(info.paintings):
        if painting.small:
            shapes[f"{PICTURE} {number}"] = "U8", tuple(painting.small)
    for side in info.sides:
        half = side not in EXACT_SIDES
        shapes[f"{side}/palette"] = "F16" if half else "F32", (3, COLORS)
        for layer, channels in info.layers.items():
            shapes[f"{side}/{layer}/means"] = "F32", (len(info.paintings), channels)
            shapes[f"{side}/{layer}/triangle"] = "F16" if half else "F32", (channels * (channels + 1) // 2,)
            if half:
                shapes[f"{side}/{layer}/scale"] = "F32", (1,)
    return shapes


def make_thumbnail(pictures: Sequence[Picture]) -> bytes:
    """Make a small JPEG of paintings, in a grid where they are several; of many, the first are shown."""
    columns = math.isqrt(min(len(pictures), _MOST_SHOWN) - 1) + 1
    side = THUMBNAIL_SIDE // columns
    gap = 0 if columns == 1 else _GAP
    small = [images.shrink(picture, side - gap) for picture in pictures[: columns**2]]
    if len(small) == 1:
        return images.encode(small[0], "jpeg")
    rows = -(-len(small) // columns)
    rgb = np.full((rows * side, columns * side, 3), 255, np.float32)
    for number, picture in enumerate(small):
        top = number // columns * side + (side - picture.height) // 2
        left = number % columns * side + (side - picture.width) // 2
        rgb[top : top + picture.height, left : left + picture.width] = on_white(picture)
    return images.encode(Picture(rgb), "jpeg")


def to_half(values: Array) -> tuple[Array, Array]:
    """Give values as float16, and the power of two, (1,) float32, to multiply them by: the largest is near 2^15."""
    largest = float(np.abs(values).max(initial=0.0))
    scale = np.float32(2.0 ** (np.frexp(largest)[1] - 15)) if largest > 0 else np.float32(1)
    return (values / scale).astype(np.float16), np.array([scale], np.float32)


@dataclass(frozen=True)
class _Header:
    """The header of a safetensors file."""

    texts: Mapping[str, Any] = field(default_factory=dict)
    entries: Mapping[str, Any] = field(default_factory=dict)


def _begins_as_safetensors(head: bytes) -> bool:
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= _MOST_HEADER_BYTES


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise _too_large(name)
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise ImageError(f"{name} does not exist", "Check the path.") from None
    except IsADirectoryError:
        raise ImageError(f"{name} is a folder", "Give one style file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{name} may not be read ({reason})", "Check its path and its permissions.") from None
    return data


def _parse(data: bytes, name: str) -> StyleFile:
    if len(data) > MOST_BYTES:
        raise _too_large(name)
    header = _parse_header(data, name)
    info = _parse_info(header.texts, name)
    _check_entries(header.entries, info, name)
    try:
        tensors = safetensors.numpy.load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(name) from None
    _check_values(tensors, name)
    return StyleFile(info, tensors, data, name, _read_thumbnail(tensors["thumbnail"], data, name))


def _parse_header(data: bytes, name: str) -> _Header:
    if not _begins_as_safetensors(data[:9]):
        if not data or (len(data) < 9 and Path(name).suffix.lower() == SUFFIX):  # noqa: PLR2004 -- as of any header
            raise _damaged(name)
        raise ImageError(f"{name} is not a style file", "Give a file that `impasto style save` wrote.")
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 + length:
        raise _damaged(name)
    try:
        found = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError):
        raise _damaged(name) from None
    texts = found.pop("__metadata__", {}) if isinstance(found, dict) else {}
    return _Header(texts if isinstance(texts, dict) else {}, found if isinstance(found, dict) else {})


def _parse_info(texts: Mapping[str, Any], name: str) -> StyleInfo:
    text = texts.get(STYLE_KEY)
    if not isinstance(text, str):
        problem = f"{name} is a safetensors file, and no style"
        raise ImageError(problem, "Give a file that `impasto style save` wrote.")
    try:
        found = json.loads(text)
        version = found["version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _damaged(name) from None
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise ImageError(f"{name} is a style of a later version of Impasto", "Update Impasto.")
    try:
        return StyleInfo.model_validate(found)
    except (ValidationError, RecursionError):
        raise _damaged(name) from None


def _check_entries(entries: Mapping[str, Any], info: StyleInfo, name: str) -> None:
    """Refuse a file whose tensors are not those that it says it has, before any is made."""
    expected, stated = tensor_shapes(info), {}
    for key, entry in entries.items():
        if not (isinstance(entry, dict) and isinstance(entry.get("shape"), list)):
            raise _damaged(name)
        stated[key] = entry.get("dtype"), tuple(entry["shape"])
    kind, shape = stated.pop("thumbnail", (None, ()))
    if stated != expected or kind != "U8" or len(shape) != 1:
        raise _damaged(name)
    if not (isinstance(shape[0], int) and 0 < shape[0] <= _MOST_THUMBNAIL_BYTES):
        raise _damaged(name)


def _check_values(tensors: Tensors, name: str) -> None:
    for key, values in tensors.items():
        if values.dtype == np.uint8:  # a picture: any values will do
            continue
        kind = key.rpartition("/")[2]
        bad_scale = kind == "scale" and not values[0] > 0
        if bad_scale or not float(np.abs(values).max()) <= _LARGEST[kind]:  # NaN is no more than anything
            raise _damaged(name)


def _read_thumbnail(values: Array, data: bytes, name: str) -> Picture:
    if values[: len(_JPEG)].tobytes() != _JPEG:
        raise _damaged(name)
    try:
        found = images.read(values.tobytes(), name=name, most_pixels=_MOST_THUMBNAIL_PIXELS)
    except ImageError:
        raise _damaged(name) from None
    return Picture(found.rgb, name=name, sha256=hashlib.sha256(data).hexdigest())


def _damaged(name: str) -> ImageError:
    return ImageError(f"{name} is truncated or damaged", _INTACT)


def _too_large(name: str) -> ImageError:
    return ImageError(f"{name} has more than {MOST_BYTES // 2**20} MiB, which no style file has", "Check the file.")
