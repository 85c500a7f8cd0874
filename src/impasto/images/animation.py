"""How a picture came about, as a looping animation."""

import os
from collections.abc import Sequence
from pathlib import Path

from impasto.errors import ImageError, OutputError
from impasto.images import formats
from impasto.images.formats import ANIMATION_SUFFIXES
from impasto.images.picture import Picture, on_white
from impasto.images.resize import resize
from impasto.images.write import check_output
from impasto.storage.atomic import replace_file


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
    animate = formats.of_suffix(path.suffix.lower()).animate
    assert animate is not None
    try:
        data = animate(images, durations)
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(
            f"{path} cannot hold {last.width} x {last.height} pixels ({error})", "Make it smaller."
        ) from None
    replace_file(path, data)
