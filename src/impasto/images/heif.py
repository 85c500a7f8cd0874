"""HEIC and other HEIF pictures, through an optional package."""

from typing import BinaryIO

from PIL import Image

from impasto.errors import ImageError


def open_heif(stream: BinaryIO, name: str) -> Image.Image:
    """Read the header of a HEIF file.

    Raises:
        ImageError: the package that reads these is not installed.
    """
    try:
        from pillow_heif import HeifImageFile  # noqa: PLC0415 -- an extra, and slow to load
    except ImportError:
        raise ImageError(
            f"{name} is a HEIC picture, and the reader for those is not installed",
            'Run: pip install "impasto[heic]", or save the picture as JPEG.',
        ) from None
    heif: Image.Image = HeifImageFile(stream)  # type: ignore[no-untyped-call]
    return heif
