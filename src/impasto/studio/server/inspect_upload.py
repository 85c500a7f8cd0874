"""Look at one file that somebody sent: `python -m impasto.studio.reading FILE NAME PIXELS`, in a process of its own.

Prints JSON, and writes two WebP pictures beside the file: `FILE.thumbnail` and `FILE.display`. The process may use so
much memory and time and no more, and a decoder that it crashes takes nobody with it.
"""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from impasto import images
from impasto.errors import ImageError, ImpastoError
from impasto.images import Picture
from impasto.settings import INPUTS_KEY, METADATA_KEY

THUMBNAIL, DISPLAY = 320, 2048
"""Long sides, pixels."""
_MEMORY = 6 * 2**30
_CPU_SECONDS = 60
_ORIGIN_BYTES = 64_000
"""What a picture says of its making is repeated wherever it is named: more than this is not Impasto's."""


def main(arguments: list[str]) -> int:
    """Look, write and print."""
    file, name, most_pixels = Path(arguments[0]), arguments[1], int(arguments[2])
    _limit_resources()
    try:
        found = look(file, name, most_pixels)
    except ImpastoError as error:
        found = {"problem": error.problem, "hint": error.hint}
    except MemoryError:
        found = {"problem": f"{name} takes too much memory", "hint": "Send a smaller picture."}
    sys.stdout.write(json.dumps(found))
    return 0


def look(file: Path, name: str, most_pixels: int) -> dict[str, Any]:
    """What there is to know of a picture file.

    Raises:
        ImageError: it cannot be read, or has too many pixels.
    """
    data = file.read_bytes()
    picture = images.read(data, name=name, most_pixels=most_pixels)
    for suffix, side in ((".thumbnail", THUMBNAIL), (".display", DISPLAY)):
        file.with_suffix(suffix).write_bytes(small(picture, side))
    return {"width": picture.width, "height": picture.height, "origin": origin(data)}


def small(picture: Picture, side: int) -> bytes:
    """A WebP of a picture, of at most so many pixels a side."""
    share = min(1.0, side / max(picture.width, picture.height))
    size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
    return images.encode(images.resize(picture, *size) if share < 1 else picture, "webp")


def origin(data: bytes) -> dict[str, Any] | None:
    """The settings and inputs that a PNG of Impasto's carries; None where there are none that make sense."""
    with contextlib.suppress(ImageError, ValueError, KeyError, TypeError):
        texts = images.read_metadata(data)
        settings, inputs = json.loads(texts[METADATA_KEY]), json.loads(texts[INPUTS_KEY])
        found = [{key: str(it[key]) for key in ("role", "name", "sha256")} for it in inputs]
        stated = {"settings": dict(settings), "inputs": found}
        # What cannot be written as UTF-8 could not be told to the page either.
        return stated if len(json.dumps(stated, ensure_ascii=False).encode()) <= _ORIGIN_BYTES else None
    return None


def _limit_resources() -> None:
    with contextlib.suppress(ImportError):  # Windows has no such limits; there the time limit of the server holds
        import resource  # noqa: PLC0415

        for what, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _CPU_SECONDS)):
            _, hard = resource.getrlimit(what)
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            with contextlib.suppress(ValueError, OSError):  # some systems know a limit and do not take it
                resource.setrlimit(what, (least, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
