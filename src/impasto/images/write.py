"""Writing pictures: whole or not at all."""

import io
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from impasto.errors import STORAGE_FAILURES, OutputError, StorageError
from impasto.images import color_profiles, encoders, formats
from impasto.images.formats import SUFFIXES
from impasto.images.picture import Picture, on_white, to_integers
from impasto.storage.atomic import check_folder, stream_file
from impasto.wording import OVERWRITE

Target = str | os.PathLike[str] | BinaryIO
"""Where a picture is written: a path, or a file object that is open for writing in binary."""


def save(
    picture: Picture,
    target: Target,
    *,
    format: str | None = None,  # noqa: A002 -- what Pillow, too, calls it
    metadata: Mapping[str, str] | None = None,
    overwrite: bool = False,
    profile: bytes | None = None,
) -> None:
    """Write a picture; at a path there is the whole file or none at any moment.

    A picture of depth 16 keeps it where the format holds 16 bits (PNG, TIFF), else it becomes 8; where the format holds
    no alpha (JPEG, BMP), the picture is put onto white: see `formats.FORMATS`. The picture's EXIF is written where the
    format holds it (not in BMP, which has the dots per inch alone).

    Args:
        picture: what to write.
        target: a path, or a file object that is open for writing in binary.
        format: `png`, `jpeg` and so on, or a suffix; unset, the suffix of the path or of the file object's name.
        metadata: text to keep with the picture. PNG holds it, keys up to 79 Latin-1 characters; the others drop it.
        overwrite: whether to replace a file that exists at the path.
        profile: an RGB ICC profile to convert to and embed; unset, or of another kind, the file is sRGB.

    Raises:
        OutputError: the format or the place is wrong, or the file exists; or the format cannot hold the picture.
        StorageError: the disk is full or failed.
    """
    if isinstance(target, str | os.PathLike):
        path = Path(target).expanduser()
        check_output(path, overwrite=overwrite, suffixes=SUFFIXES if format is None else None)
        write = _writer(picture, format or path.suffix, metadata, profile)
        stream_file(path, write)
    elif hasattr(target, "write"):
        data = encode(picture, format or _suffix_of_stream(target), metadata=metadata, profile=profile)
        _write_to_stream(target, data)
    else:
        raise OutputError(f"a {type(target).__name__} is not a path or a file object", "Name a file.")


def encode(
    picture: Picture,
    format: str,  # noqa: A002 -- what Pillow, too, calls it
    *,
    metadata: Mapping[str, str] | None = None,
    profile: bytes | None = None,
) -> bytes:
    """Make the bytes of a file, as `save` would write it; `format` is `png`, `jpeg` and so on, or a suffix.

    Raises:
        OutputError: there is no such format, or it cannot hold the picture.
    """
    out = io.BytesIO()
    _writer(picture, format, metadata, profile)(out)
    return out.getvalue()


def _writer(
    picture: Picture, kind: str, metadata: Mapping[str, str] | None, profile: bytes | None
) -> Callable[[BinaryIO], None]:
    """Find what writes the picture to a file.

    Raises:
        OutputError: there is no such format. What writes raises it where the format cannot hold the picture.
    """
    suffix = "." + kind.lower().lstrip(".")
    if suffix not in SUFFIXES:
        raise OutputError(f"'{kind}' is not a format that Impasto writes", f"Choose {formats.choices(SUFFIXES)}.")
    row = formats.of_suffix(suffix)
    convert = color_profiles.converter_from_srgb(profile) if row.profile else None
    beside = encoders.Beside(metadata or {}, None if convert is None else profile, picture.exif)

    def write(out: BinaryIO) -> None:
        assert row.write is not None
        try:
            row.write(out, _pixel_rows(picture, row, convert), beside)
        except (OSError, ValueError, RuntimeError, OverflowError, struct.error) as error:
            if isinstance(error, OSError) and error.errno is not None:  # of the disk; those of Pillow have no number
                raise
            roomy = [row.suffixes[0] for row in formats.FORMATS if len(row.depths) > 1]  # formats of scans, of any size
            raise OutputError(
                f"a {suffix} file cannot hold this picture of {picture.width} x {picture.height} pixels ({error})",
                f"Choose {formats.choices(roomy)}.",
            ) from None

    return write


def _pixel_rows(
    picture: Picture, row: formats.ImageFormat, convert: color_profiles.Convert | None
) -> encoders.PixelRows:
    """Give the samples as the format holds them: on white where it has no opacity, in the profile's colors."""
    depth = picture.depth if picture.depth in row.depths else 8

    def make(rows: slice) -> encoders.Samples:
        band = picture.cut(rows)
        if not row.alpha:
            band = replace(band, colors=on_white(band), alpha=None)
        return to_integers(band if convert is None else replace(band, colors=convert(band.rgb)), depth)

    channels = 4 if row.alpha and picture.alpha is not None else 3
    return encoders.PixelRows(picture.height, picture.width, channels, depth, make)


def check_output(path: str | os.PathLike[str], *, overwrite: bool, suffixes: Sequence[str] | None = SUFFIXES) -> None:
    """Check that a file can be written there, before any work is done for it.

    Args:
        path: where a file is to be written.
        overwrite: whether it may replace one.
        suffixes: the formats that it may have; None for any, or none.

    Raises:
        OutputError: the suffix is none of these, the folder is missing or may not be written,
            or there is a folder or (unless `overwrite`) a file of that name.
    """
    path = Path(path).expanduser()
    try:
        _check_place(path)
        if suffixes is not None and path.suffix.lower() not in suffixes:
            problem = f"{path} ends in '{path.suffix}'" if path.suffix else f"{path} has no suffix"
            raise OutputError(f"{problem}, which names no format to write", f"Choose {formats.choices(suffixes)}.")
        if path.exists() and not overwrite:
            raise OutputError(f"{path} exists", f"Use {OVERWRITE} to replace it, or choose another name.")
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be written ({error})", "Choose another place.") from None


def _suffix_of_stream(stream: BinaryIO) -> str:
    suffix = Path(name).suffix if isinstance(name := getattr(stream, "name", None), str) else ""
    if not suffix:
        raise OutputError("a file object without a name tells no format", 'Give one: format="png".')
    return suffix


def _write_to_stream(stream: BinaryIO, data: bytes) -> None:
    if isinstance(stream, io.TextIOBase):
        raise OutputError("the file object was opened as text", "Open it in binary mode, 'wb'.")
    try:
        stream.write(data)
    except (OSError, ValueError) as error:  # ValueError: it is closed
        kind = StorageError if isinstance(error, OSError) and error.errno in STORAGE_FAILURES else OutputError
        raise kind(f"the file object cannot be written ({error})", "Give one that is open and has room.") from None


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder", "Name a file in it.")
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"the folder {folder} does not exist", "Create it first, or choose another.")
    check_folder(folder)
