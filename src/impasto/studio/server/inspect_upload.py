"""Inspects an uploaded file: `python -m impasto.studio.server.inspect_upload FILE NAME LIMITS`, run as a process.

Prints JSON, and writes two WebP pictures beside the file: `FILE.thumbnail` and `FILE.display`. Its memory and CPU time
are limited, and a decoder that crashes does not affect the server.
"""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from impasto import images
from impasto.errors import ImageError, ImpastoError
from impasto.settings import INPUTS_KEY, METADATA_KEY
from impasto.studio.controls import PAGE
from impasto.studio.limits import Limits
from impasto.studio.server.processes import limit_process
from impasto.studio.store.thumbnails import DISPLAY_SIDE, THUMBNAIL_SIDE, encode_webp

_MAX_ORIGIN_BYTES = 64_000
"""The metadata is sent with every request for the picture: more than this is not Impasto's."""


def main(arguments: list[str]) -> int:
    """Inspect the file and print the findings."""
    file, name, limits = Path(arguments[0]), arguments[1], Limits.from_argument(arguments[2])
    limit_process(limits)
    try:
        found = inspect(file, name, limits.pixels)
    except ImpastoError as error:
        problem, hint = error.words_for(PAGE)
        found = {"problem": problem, "hint": hint}
    except MemoryError:
        found = {"problem": f"{name} takes too much memory", "hint": "Upload a smaller picture."}
    sys.stdout.write(json.dumps(found))
    return 0


def inspect(file: Path, name: str, max_pixels: int) -> dict[str, Any]:
    """Decode a picture file and write its thumbnails; returns its size and origin.

    Raises:
        ImageError: it cannot be read, or has too many pixels.
    """
    data = file.read_bytes()
    picture = images.read(data, name=name, most_pixels=max_pixels)
    for suffix, side in ((".thumbnail", THUMBNAIL_SIDE), (".display", DISPLAY_SIDE)):
        file.with_suffix(suffix).write_bytes(encode_webp(picture, side))
    return {"width": picture.width, "height": picture.height, "origin": read_origin(data)}


def read_origin(data: bytes) -> dict[str, Any] | None:
    """Read the settings and inputs stored in a PNG made by Impasto; None where there are none, or invalid ones."""
    with contextlib.suppress(ImageError, ValueError, KeyError, TypeError, RecursionError):
        texts = images.read_metadata(data)
        settings, inputs = json.loads(texts[METADATA_KEY]), json.loads(texts[INPUTS_KEY])
        sources = [{key: str(it[key]) for key in ("role", "name", "sha256")} for it in inputs]
        origin = {"settings": dict(settings), "inputs": sources}
        # Text that cannot be encoded as UTF-8 could not be sent to the page either.
        return origin if len(json.dumps(origin, ensure_ascii=False).encode()) <= _MAX_ORIGIN_BYTES else None
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
