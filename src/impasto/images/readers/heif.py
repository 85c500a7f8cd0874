"""HEIC and other HEIF pictures, through an optional package."""

from typing import TYPE_CHECKING, BinaryIO

from impasto.errors import ImageError, install_command
from impasto.images.decoded import Decoded, check_pixels
from impasto.images.readers import pillow

if TYPE_CHECKING:
    from PIL import Image


def read(stream: BinaryIO, name: str, most_pixels: int) -> Decoded:
    """Decode a HEIF file.

    Raises:
        ImageError: it has too many pixels, or the package that reads these is not installed.
    """
    image = _open(stream, name)
    check_pixels(image.width, image.height, name, most_pixels)
    image.load()
    return pillow.of_image(image, name)


def measure(stream: BinaryIO, name: str) -> tuple[int, int]:
    """Read the size of an upright picture from its header.

    Raises:
        ImageError: the package that reads these is not installed.
    """
    return pillow.upright_size(_open(stream, name))


def _open(stream: BinaryIO, name: str) -> "Image.Image":
    try:
        from pillow_heif import HeifImageFile  # noqa: PLC0415 -- an extra, and slow to load
    except ImportError:
        raise ImageError(
            f"{name} is a HEIC picture, and the reader for those is not installed",
            f"Run: {install_command('heic')}; or save the picture as JPEG.",
        ) from None
    image: Image.Image = HeifImageFile(stream)  # type: ignore[no-untyped-call]
    return image
