"""Inspects an uploaded file: `python -m impasto.studio.server.inspect_upload FILE NAME LIMITS`, run as a process.

The file may be a picture, a film or an animation. Prints JSON, and writes two WebP pictures beside the file:
`FILE.thumbnail` and `FILE.display`. Its memory and CPU time are limited, and a decoder that crashes does not affect
the server.
"""

import contextlib
import importlib.util
import json
import mimetypes
import sys
import warnings
from pathlib import Path
from typing import Any

from PIL import Image

from impasto import images
from impasto.errors import ImageError, ImpastoError, install_command
from impasto.images import Picture, formats
from impasto.images.decoded import check_pixels
from impasto.settings import INPUTS_KEY, METADATA_KEY
from impasto.studio.controls import PAGE
from impasto.studio.limits import Limits
from impasto.studio.server.processes import limit_process
from impasto.studio.store.thumbnails import DISPLAY_SIDE, THUMBNAIL_SIDE, encode_webp, representative_frame
from impasto.video.clip import Clip
from impasto.video.read.sources import open_clip
from impasto.video.write.codecs import CONTAINERS

_MAX_ORIGIN_BYTES = 64_000
"""The metadata is sent with every request for the picture: more than this is not Impasto's."""


def main(arguments: list[str]) -> int:
    """Inspect the file and print the findings."""
    file, name, limits = Path(arguments[0]), arguments[1], Limits.from_argument(arguments[2])
    limit_process(limits)
    try:
        found = inspect(file, name, limits)
    except ImpastoError as error:
        problem, hint = error.words_for(PAGE)
        found = {"problem": problem, "hint": hint}
    except MemoryError:
        found = {"problem": f"{name} takes too much memory", "hint": "Upload a smaller picture."}
    sys.stdout.write(json.dumps(found))
    return 0


def inspect(file: Path, name: str, limits: Limits) -> dict[str, Any]:
    """Decode a picture, or a frame of a clip, and write its thumbnails; returns its size and what else is known of it.

    Raises:
        ImageError: it cannot be read, is too long, or has too many pixels.
    """
    with file.open("rb") as opened:
        head = opened.read(formats.HEAD)
    if (clip := find_clip(file, name, head)) is not None:
        picture, facts = examine(clip, file, name, limits), describe(clip, head)
        origin = None
    else:
        data, facts = file.read_bytes(), None
        picture, origin = images.read(data, name=name, most_pixels=limits.pixels), read_origin(data)
    for suffix, side in ((".thumbnail", THUMBNAIL_SIDE), (".display", DISPLAY_SIDE)):
        file.with_suffix(suffix).write_bytes(encode_webp(picture, side))
    return {"width": picture.width, "height": picture.height, "origin": origin, "clip": facts}


def find_clip(file: Path, name: str, head: bytes) -> Clip | None:
    """Open a file if it is a film or an animation; None for a picture, and for what is neither.

    Raises:
        ImageError: it is named like a film and is none, or its reader is not installed.
    """
    if formats.recognize(head) is not None:
        # Without the packages for films, an animation is the picture that it begins with.
        return open_clip(file) if is_animated(file) and can_paint_films() else None
    try:
        return open_clip(file)
    except ImageError as error:
        if not is_film_name(name):
            return None
        raise ImageError(*(text.replace(str(file), name) for text in error.texts)) from None


def examine(clip: Clip, file: Path, name: str, limits: Limits) -> Picture:
    """Give the frame that stands for a clip, unless the clip cannot be painted.

    Raises:
        ImageError: it is too long, has too many pixels, or cannot be decoded, or a package is missing.
    """
    info = clip.info
    if not can_paint_films():
        raise ImageError(
            f"{name} is a film, and what paints those is not installed", f"Run: {install_command('video')}."
        )
    if info.end > limits.clip_seconds:
        problem = f"{name} is {float(info.end) / 60:.0f} minutes long"
        raise ImageError(problem, f"Cut out at most {limits.clip_seconds / 60:.0f} minutes.")
    check_pixels(*info.size, name, limits.pixels)
    try:
        return representative_frame(clip)
    except ImageError as error:
        raise ImageError(*(text.replace(str(file), name) for text in error.texts)) from None


def describe(clip: Clip, head: bytes) -> dict[str, Any]:
    """Give what the page shows of a clip."""
    info = clip.info
    seconds = float(info.end)
    return {
        "frames": len(info.times),
        "seconds": seconds,
        "rate": len(info.times) / seconds if seconds else 0.0,
        "has_audio": info.has_audio,
        "media_type": media_type(head),
        "problem": info.problem.replace(info.name, "the file"),
    }


def media_type(head: bytes) -> str:
    """Find by which name a browser plays a file, by its first bytes; many play more than they have a name for."""
    row = formats.recognize(head)
    if row is not None:
        return {"GIF": "image/gif", "WebP": "image/webp", "AVIF": "image/avif"}.get(row.title, "image/png")
    if head[4:8] == b"ftyp":
        return "video/mp4"
    return "video/webm" if head.startswith(b"\x1aE\xdf\xa3") else "application/octet-stream"


def is_animated(file: Path) -> bool:
    """Whether a picture moves; the one that cannot be read does not."""
    with contextlib.suppress(OSError, ValueError, SyntaxError, Image.DecompressionBombError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(file, formats=["GIF", "PNG", "WEBP", "AVIF"]) as image:
            return getattr(image, "n_frames", 1) - bool(getattr(image, "default_image", False)) > 1
    return False


def is_film_name(name: str) -> bool:
    """Whether somebody who names a file so means a film."""
    kind = mimetypes.guess_type(name)[0] or ""
    return kind.startswith("video/") or Path(name).suffix.lower() in CONTAINERS


def can_paint_films() -> bool:
    """Whether the packages for films are installed."""
    return all(importlib.util.find_spec(package) for package in ("av", "cv2"))


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
