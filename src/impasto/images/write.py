"""Writing pictures: whole or not at all."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from impasto.errors import OutputError
from impasto.images import color_profiles, encoders, formats
from impasto.images.formats import SUFFIXES
from impasto.images.picture import Picture, on_white, to_integers
from impasto.storage.atomic import check_folder, replace_file


def save(
    picture: Picture,
    path: str | os.PathLike[str],
    *,
    metadata: Mapping[str, str] | None = None,
    overwrite: bool = False,
    profile: bytes | None = None,
) -> None:
    """Write a picture in the format of the path's suffix; at any moment there is the whole file or none.

    A picture of depth 16 keeps it where the format holds 16 bits (PNG, TIFF), else it becomes 8; where the format holds
    no alpha (JPEG, BMP), the picture is put onto white: see `formats.FORMATS`. The picture's EXIF is written where the
    format holds it (not in BMP, which has the dots per inch alone).

    Args:
        picture: what to write.
        path: where; its suffix is one of `SUFFIXES`.
        metadata: text to keep with the picture. PNG holds it, keys up to 79 Latin-1 characters; the others drop it.
        overwrite: whether to replace a file that exists.
        profile: an RGB ICC profile to convert to and embed; unset, or of another kind, the file is sRGB.

    Raises:
        OutputError: the suffix or the place is wrong, or the file exists; or the format cannot hold the picture.
        StorageError: the disk is full or failed.
    """
    path = Path(path).expanduser()
    check_output(path, overwrite=overwrite)
    replace_file(path, encode(picture, path.suffix, metadata=metadata, profile=profile))


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
    suffix = "." + format.lower().lstrip(".")
    if suffix not in SUFFIXES:
        raise OutputError(f"'{format}' is not a format that Impasto writes", f"Choose {formats.choices(SUFFIXES)}.")
    row = formats.of_suffix(suffix)
    rgb, alpha = (picture.rgb, picture.alpha) if row.alpha else (on_white(picture), None)
    converted = color_profiles.from_srgb(rgb, profile) if profile is not None and row.profile else None
    samples = to_integers(
        rgb if converted is None else converted, alpha, picture.depth if picture.depth in row.depths else 8
    )
    assert row.write is not None
    try:
        beside = encoders.Beside(metadata or {}, None if converted is None else profile, picture.exif)
        return row.write(samples, beside)
    except (OSError, ValueError, RuntimeError) as error:
        roomy = [row.suffixes[0] for row in formats.FORMATS if len(row.depths) > 1]  # formats of scans, of any size
        raise OutputError(
            f"a {suffix} file cannot hold this picture of {picture.width} x {picture.height} pixels ({error})",
            f"Choose {formats.choices(roomy)}.",
        ) from None


def check_output(path: str | os.PathLike[str], *, overwrite: bool, suffixes: Sequence[str] = SUFFIXES) -> None:
    """Check that a file can be written there, before any work is done for it.

    Args:
        path: where a file is to be written.
        overwrite: whether it may replace one.
        suffixes: the formats that it may have.

    Raises:
        OutputError: the suffix is none of these, the folder is missing or may not be written,
            or there is a folder or (unless `overwrite`) a file of that name.
    """
    path = Path(path).expanduser()
    try:
        _check_place(path, overwrite=overwrite)
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be written ({error})", "Choose another place.") from None
    if path.suffix.lower() not in suffixes:
        problem = f"{path} ends in '{path.suffix}'" if path.suffix else f"{path} has no suffix"
        raise OutputError(f"{problem}, which names no format to write", f"Choose {formats.choices(suffixes)}.")


def _check_place(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder", "Name a file in it.")
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"the folder {folder} does not exist", "Create it first, or choose another.")
    check_folder(folder)
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists", "Add --force (overwrite=True) to replace it, or choose another name.")
