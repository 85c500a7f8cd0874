"""How a picture came about, as a looping animation."""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from impasto.errors import ImageError, OutputError
from impasto.images.picture import Picture, on_white
from impasto.images.resize import resize
from impasto.images.write import check_output
from impasto.storage.atomic import replace_file

ANIMATION_SUFFIXES = (".gif", ".webp")
_PALETTE_SAMPLES = 16
_PALETTE_SIDE = 160


def save_animation(
    frames: Sequence[Picture],
    path: str | os.PathLike[str],
    *,
    duration_ms: int = 120,
    hold_ms: int = 2000,
    overwrite: bool = False,
) -> None:
    """Write frames as a GIF or a WebP that loops; all are brought to the size of the last, alpha onto white.

    Args:
        frames: in order; at least one.
        path: ends in one of `ANIMATION_SUFFIXES`.
        duration_ms: how long each frame stays.
        hold_ms: how long the last one stays.
        overwrite: whether to replace a file that exists.

    Raises:
        ImageError: there is no frame.
        OutputError: the suffix or the place is wrong, or the file exists; or the format cannot hold that size.
        StorageError: the disk is full or failed.
    """
    path = Path(path)
    check_output(path, overwrite=overwrite, suffixes=ANIMATION_SUFFIXES)
    if not frames:
        raise ImageError(f"there are no frames for {path}", "Give at least one.")
    last = frames[-1]
    images = [Picture(on_white(resize(frame, last.width, last.height))).to_pil() for frame in frames]
    durations = [duration_ms] * (len(images) - 1) + [hold_ms]
    write = _gif if path.suffix.lower() == ".gif" else _webp
    try:
        data = write(images, durations)
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(
            f"{path} cannot hold {last.width} x {last.height} pixels ({error})", "Make it smaller."
        ) from None
    replace_file(path, data)


def _gif(images: list[Image.Image], durations: list[int]) -> bytes:
    palette = _palette(images)
    frames = [image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for image in images]
    return _encoded(frames, "GIF", durations, optimize=False, disposal=1)


def _webp(images: list[Image.Image], durations: list[int]) -> bytes:
    return _encoded(images, "WEBP", durations, quality=90, method=4)


def _encoded(images: list[Image.Image], kind: str, durations: list[int], **options: Any) -> bytes:
    out = io.BytesIO()
    images[0].save(
        out,
        kind,
        save_all=len(images) > 1,
        append_images=images[1:],
        duration=durations if len(images) > 1 else durations[0],
        loop=0,
        **options,
    )
    return out.getvalue()


def _palette(images: list[Image.Image]) -> Image.Image:
    """One palette for all frames, so that nothing flickers, from small copies of some; the last counts double."""
    chosen = np.linspace(0, len(images) - 1, min(len(images), _PALETTE_SAMPLES)).round().astype(int)
    samples = [images[index] for index in chosen] + [images[-1]]
    scale = min(1.0, _PALETTE_SIDE / max(samples[0].size))
    width, height = (max(1, round(side * scale)) for side in samples[0].size)
    strip = Image.new("RGB", (width, height * len(samples)))
    for row, image in enumerate(samples):
        # Nearest, since averaging would lose the rare, strong colors.
        strip.paste(image.resize((width, height), Image.Resampling.NEAREST), (0, row * height))
    return strip.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=1)
