"""Clips that are animated pictures: GIF, WebP, PNG and AVIF, as browsers play them."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from impasto import images
from impasto.errors import ImageError
from impasto.images import Picture, decode
from impasto.images.readers import pillow
from impasto.video.clip import ClipInfo
from impasto.video.colors import SRGB

KINDS = {"PNG": "PNG", "GIF": "GIF", "WebP": "WEBP", "AVIF": "AVIF"}
"""What may be animated: our titles, and Pillow's names."""
_SHORTEST_MS = 10
_SHORT_MS = 100
"""Browsers show frames for this long whose delay is at most the shortest: many files state none."""
_FINEST = 100_000
"""Parts of a second that PNG's fractions may have."""


class AnimatedClip:
    """An animated picture, or one that stands still: a clip of one frame."""

    def __init__(self, path: Path, name: str, digest: str, kind: str) -> None:
        self._path, self._name, self._kind = path, name, KINDS[kind]
        delays, size, alpha, plays = self._scan()
        self._still = len(delays) == 1
        first = next(self.frames())
        times = [Fraction(0)]
        for delay in delays:
            times.append(times[-1] + delay)
        self._info = ClipInfo(
            name=name,
            digest=digest,
            size=(first.width, first.height) if self._still else size,
            times=tuple(times[:-1]),
            end=times[-1],
            depth=first.depth,
            has_alpha=first.alpha is not None if self._still else alpha,
            loops=None if self._still else plays,
            color=SRGB,
        )

    @property
    def info(self) -> ClipInfo:
        """What is known of it."""
        return self._info

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        """Decode frames from a number on, in order.

        Raises:
            ImageError: the file changed, or cannot be read any more.
        """
        if self._still:
            if start == 0 and stop != 0:
                yield images.read(self._path, name=self._name)
            return
        with _open(self._path, self._name) as file:
            with decode.translate_errors(self._name, decode.MAX_PIXELS):
                image = pillow.open_image(file, self._name, decode.MAX_PIXELS, self._kind)
                numbers = _numbers(image)[start:stop]
            for number in numbers:
                with decode.translate_errors(self._name, decode.MAX_PIXELS):
                    picture = _frame(image, number, alpha=self._info_alpha)
                yield images.read(picture, name=self._name)

    def _scan(self) -> tuple[list[Fraction], tuple[int, int], bool, int]:
        """Read how long each frame stays, the size, whether anything is transparent, and how often all is played."""
        delays, alpha = [], False
        with _open(self._path, self._name) as file, decode.translate_errors(self._name, decode.MAX_PIXELS):
            image = pillow.open_image(file, self._name, decode.MAX_PIXELS, self._kind)
            for number in _numbers(image):
                image.seek(number)
                image.load()
                delays.append(_delay(image))
                alpha = alpha or (image.has_transparency_data and _is_clear(image))
            self._info_alpha = alpha
            return delays, image.size, alpha, _plays(image)


def _open(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise ImageError(f"{name} cannot be read ({error.strerror})", "Check the path.") from None


def _numbers(image: Image.Image) -> range:
    """Give the frames of the animation: a PNG may have another picture before them, for readers that know none."""
    return range(1 if getattr(image, "default_image", False) else 0, getattr(image, "n_frames", 1))


def _frame(image: Image.Image, number: int, *, alpha: bool) -> Image.Image:
    image.seek(number)
    picture = image.convert("RGBA" if alpha else "RGB")
    picture.info = {key: value for key, value in image.info.items() if key == "icc_profile"}
    return picture


def _is_clear(image: Image.Image) -> bool:
    """Whether anything of a frame is transparent: most files use such a color for what does not change."""
    return bool((np.asarray(image.convert("RGBA"))[..., 3] < 255).any())  # noqa: PLR2004 -- full opacity


def _delay(image: Image.Image) -> Fraction:
    """Give how long a frame stays, seconds."""
    stated = float(image.info.get("duration") or 0)
    return Fraction(stated if stated > _SHORTEST_MS else _SHORT_MS).limit_denominator(_FINEST) / 1000


def _plays(image: Image.Image) -> int:
    """Give how often an animation is played, 0 for without end."""
    loop = image.info.get("loop")
    if loop is None:
        return 1 if image.format == "GIF" else 0
    return int(loop) + 1 if image.format == "GIF" and loop else int(loop)
