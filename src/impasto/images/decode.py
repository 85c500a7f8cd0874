"""From the bytes of a file to its samples: the right reader, and every way to fail made an `ImageError`."""

import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import Image

from impasto.errors import ImageError
from impasto.images import formats
from impasto.images.decoded import ANY_NUMBER, Decoded, check_pixels
from impasto.images.readers import pillow

# What is wrong with a file becomes an error or is passed over: it is on the terminal only where a program asks for it.
for library in ("PIL", "tifffile"):
    logging.getLogger(library).addHandler(logging.NullHandler())

MAX_PIXELS = 250_000_000
"""Pictures with more pixels are refused by their header, before anything is decoded."""

_OBJECT = re.compile(r" ?<[^<>]+>")
"""An object as Python shows it, in a library's message: its address is another each time."""
_LOCK = threading.RLock()


@contextmanager
def translate_errors(name: str, most_pixels: int) -> Iterator[None]:
    """Let readers work in silence, under this limit on size, and turn what they raise into `ImageError`.

    Both the limit and Python's warning filters belong to the whole process: hence one picture at a time.
    """
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Pillow refuses what has twice as many: also pictures inside of files, whose headers it opens itself.
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max(1, most_pixels // 2)
        try:
            yield
        except ImageError:
            raise
        except Image.DecompressionBombError:
            problem = f"{name} has more than {most_pixels // 1_000_000} million pixels"
            raise ImageError(problem, "Make it smaller first.") from None
        except MemoryError:
            raise ImageError(f"{name} does not fit into the memory", "Make it smaller first.") from None
        except Exception as error:  # noqa: BLE001 -- on damaged files decoders raise nearly everything there is
            problem = _OBJECT.sub("", str(error))
            raise ImageError(f"{name} is damaged or cut short ({problem})", "Get an intact copy of the file.") from None
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def decode(stream: BinaryIO, name: str, most_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode the first frame, within `translate_errors`.

    Raises:
        ImageError: not a picture, damaged, of too many pixels, of a layout that is not read, or too large for the
            memory.
    """
    return _recognize(stream, name).read(stream, name, most_pixels)


def decode_small(stream: BinaryIO, name: str, side: int) -> Decoded:
    """Decode the first frame at a size that may be smaller, with at least twice `side` pixels a side where it had them.

    Raises:
        ImageError: as for `decode`.
    """
    row = _recognize(stream, name)
    if row.read_small is None:
        return pillow.reduce(row.read(stream, name, MAX_PIXELS), 2 * side)
    return pillow.reduce(row.read_small(stream, name, MAX_PIXELS, 2 * side), 2 * side)


def measure(stream: BinaryIO, name: str) -> tuple[int, int]:
    """Read the size of an upright picture, (width, height), from its header.

    Raises:
        ImageError: not a picture, or one whose header is damaged.
    """
    with translate_errors(name, MAX_PIXELS):
        size = _recognize(stream, name).measure(stream, name)
        check_pixels(*size, name, ANY_NUMBER)
        return size


def decode_pillow(image: Image.Image, name: str) -> Decoded:
    """What a caller's own Pillow image holds, within `translate_errors`; it may be open and not loaded yet.

    Raises:
        ImageError: its file is damaged, or it has values that are not numbers.
    """
    image.load()
    return pillow.of_image(image, name)


def texts(stream: BinaryIO, name: str) -> dict[str, str]:
    """Read the text in a file; nothing for formats whose text is passed over.

    Raises:
        ImageError: it is not a picture.
    """
    row = _recognize(stream, name)
    return row.read_texts(stream) if row.read_texts else {}


def _recognize(stream: BinaryIO, name: str) -> formats.ImageFormat:
    """Find the format of a file by its first bytes."""
    head = stream.read(formats.HEAD)
    stream.seek(0)
    if raw := formats.recognize_raw(head):
        raise ImageError(f"{name} is a camera raw ({raw})", "Develop it first, and save it as TIFF or JPEG.")
    row = formats.recognize(head)
    if row is None:
        titles = [row.title for row in formats.FORMATS]
        raise ImageError(
            f"{name} is not a picture, or its beginning is damaged", f"Give a {formats.choices(titles)} file."
        )
    return row
