"""Clips that are animated pictures: GIF, WebP, PNG and AVIF, as browsers play them."""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from impasto import images
from impasto.errors import ImageError, count_noun
from impasto.images import Picture, decode
from impasto.images.readers import pillow
from impasto.video.clip import ClipInfo
from impasto.video.colors import SRGB

KINDS = {"PNG": "PNG", "GIF": "GIF", "WebP": "WEBP", "AVIF": "AVIF"}
"""What may be animated: our titles, and Pillow's names."""
_SHORTEST_MS = 10
_SHORT_MS = 100
"""Browsers show frames for this long whose delay is at most the shortest: many files state none."""
_RIFF_HEAD = 12
"""Bytes: RIFF, the length of what follows, WEBP."""
_FINEST = 100_000
"""Parts of a second that PNG's fractions may have."""


class AnimatedClip:
    """An animated picture, or one that stands still: a clip of one frame.

    Args:
        path: of its file.
        name: as the user gave it.
        digest: of the file.
        kind: one of `KINDS`.
        rate: frames a second of a picture that stands still.
    """

    def __init__(self, path: Path, name: str, digest: str, kind: str, rate: Fraction) -> None:
        self._path, self._name, self._kind = path, name, KINDS[kind]
        self._alpha, self._size, self._play_count, self._problem = False, (1, 1), 0, ""
        delays = self._scan()
        self._count = len(delays)
        self._is_still = self._count == 1 and not self._problem
        if self._is_still:
            delays = [1 / rate]
        first = next(self.frames())
        times = [Fraction(0)]
        for delay in delays:
            times.append(times[-1] + delay)
        self._info = ClipInfo(
            name=name,
            digest=digest,
            size=(first.width, first.height) if self._is_still else self._size,
            times=tuple(times[:-1]),
            end=times[-1],
            depth=first.depth,
            has_alpha=first.alpha is not None if self._is_still else self._alpha,
            loops=None if self._is_still else self._play_count,
            color=SRGB,
            problem=self._problem,
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
        if self._is_still:
            if start == 0 and stop != 0:
                yield images.read(self._path, name=self._name)
            return
        with _open(self._path, self._name) as file:
            with decode.translate_errors(self._name, decode.MAX_PIXELS):
                image = pillow.open_image(file, self._name, decode.MAX_PIXELS, self._kind)
                numbers = _numbers(image)[: self._count][start:stop]
            for number in numbers:
                with decode.translate_errors(self._name, decode.MAX_PIXELS):
                    picture = _frame(image, number, alpha=self._alpha)
                yield images.read(picture, name=self._name)

    def _scan(self) -> list[Fraction]:
        """Read how long each frame stays, up to the first that is damaged, and what else is known of all of them.

        Raises:
            ImageError: there is no intact frame.
        """
        delays: list[Fraction] = []
        try:
            with _open(self._path, self._name) as file, decode.translate_errors(self._name, decode.MAX_PIXELS):
                image = pillow.open_image(file, self._name, decode.MAX_PIXELS, self._kind)
                self._size, self._play_count = image.size, _play_count(image)
                for number in _numbers(image):
                    image.seek(number)
                    image.load()
                    self._alpha = self._alpha or (image.has_transparency_data and _is_clear(image))
                    delays.append(_delay(image))
        except ImageError as error:
            if not delays:
                raise
            self._problem = error.texts[0]
        if not self._problem and _is_cut_short(self._path):
            self._problem = f"{self._name} is cut short"
        if self._problem:
            self._problem += f": {count_noun(len(delays), 'frame')} can be read"
        return delays


def _open(path: Path, name: str) -> BinaryIO:
    try:
        if not _is_cut_short(path):
            return path.open("rb")
        return io.BytesIO(_whole_chunks(path.read_bytes()))
    except OSError as error:
        raise ImageError(f"{name} cannot be read ({error.strerror})", "Check the path.") from None


def _is_cut_short(path: Path) -> bool:
    """Whether a file is a WebP that is shorter than its header states (RIFF)."""
    with path.open("rb") as file:
        head = file.read(_RIFF_HEAD)
        return head[:4] == b"RIFF" and int.from_bytes(head[4:8], "little") + 8 > file.seek(0, io.SEEK_END)


def _whole_chunks(data: bytes) -> bytes:
    """Leave out the chunk in which a WebP was cut off: its decoder refuses all of it otherwise."""
    end = _RIFF_HEAD
    while (following := end + 8 + (int.from_bytes(data[end + 4 : end + 8], "little") + 1) // 2 * 2) <= len(data):
        end = following
    return data[:4] + (end - 8).to_bytes(4, "little") + data[8:end]


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


def _play_count(image: Image.Image) -> int:
    """Give how often an animation is played, 0 for without end."""
    loop = image.info.get("loop")
    if loop is None:
        return 1 if image.format == "GIF" else 0
    return int(loop) + 1 if image.format == "GIF" and loop else int(loop)
