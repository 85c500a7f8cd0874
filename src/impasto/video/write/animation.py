"""Animated pictures: GIF, WebP and PNG. Frames wait in a file, so that memory holds a few of them at a time."""

import contextlib
import math
import struct
import tempfile
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image
from PIL.PngImagePlugin import putchunk

from impasto.images import Picture, encoders
from impasto.images.picture import flatten, to_integers
from impasto.video.write.film_spec import FilmSpec

_HUNDREDTHS, _THOUSANDTHS = 100, 1000
_SHORTEST_GIF = 2
"""Hundredths of a second: browsers show shorter delays for a tenth of one."""
_TRANSPARENT_INDEX = 255
"""The index of the transparent color of a GIF, after those of its palette."""
_OPAQUE = 0.5
_SAMPLES = 24
_SAMPLE_SIDE = 160
_DITHER = 12
"""Levels between the lowest and the highest threshold: more is seen as a grid, less leaves bands in a sky."""
_LONGEST_TERM = 65_535
_LOSSLESS = 100


def _thresholds(doublings: int) -> NDArray[np.float32]:
    """Give thresholds from -0.5 to 0.5 in a square whose side is doubled so often (Bayer 1973)."""
    order = np.zeros((1, 1))
    for _ in range(doublings):
        order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
    return ((order + 0.5) / order.size - 0.5).astype(np.float32)


_THRESHOLDS = _thresholds(3)


class FrameSpool:
    """Frames in a temporary file, compressed."""

    def __init__(self, folder: Path) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 -- closed by `close`
        self._offsets: list[tuple[int, int]] = []
        self._shapes: list[tuple[int, ...]] = []

    def __len__(self) -> int:
        return len(self._offsets)

    def append(self, samples: NDArray[Any]) -> None:
        """Keep (H, W, C) samples."""
        data = zlib.compress(samples.tobytes(), 1)
        self._offsets.append((self._file.seek(0, 2), len(data)))
        self._shapes.append(samples.shape)
        self._file.write(data)

    def __getitem__(self, number: int) -> NDArray[np.uint8]:
        offset, length = self._offsets[number]
        self._file.seek(offset)
        return np.frombuffer(zlib.decompress(self._file.read(length)), np.uint8).reshape(self._shapes[number])

    def close(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):  # what was wrong was said before
            self._file.close()


class _Spooled:
    """A film whose frames wait until all are known."""

    def __init__(self, partial: Path, spec: FilmSpec) -> None:
        self._partial, self._spec = partial, spec
        self._spool = FrameSpool(partial.parent)

    def write(self, picture: Picture) -> None:
        """Append a frame to the spool."""
        self._spool.append(to_integers(picture if self._spec.has_alpha else flatten(picture), 8))

    def close(self) -> None:
        """Delete the spool."""
        self._spool.close()

    def _delays(self, ticks: int) -> list[int]:
        """Give how long each frame stays, in ticks, so many a second, so that rounding does not add up."""
        count = len(self._spool)
        ends = [round(self._spec.shown_until(number + 1) * ticks) for number in range(count)]
        return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


class GifFilm(_Spooled):
    """Writes a GIF: one palette for all frames, and ordered dithering, so that nothing flickers."""

    def finish(self) -> None:
        """Choose the palette, and write all frames; those that are too short for a GIF are left out."""
        palette = choose_palette(self._spool)
        with self._partial.open("wb") as out:
            out.write(self._header(palette))
            for part in self._frames(palette):
                out.write(part)
            out.write(b";")

    def _header(self, palette: Image.Image) -> bytes:
        colors = bytes(palette.getpalette() or ())[: 3 * _TRANSPARENT_INDEX].ljust(3 * 256, b"\0")
        size = struct.pack("<HHBBB", *self._spec.size, 0xF7, 0, 0)  # a table of 256 colors of 8 bits
        loops = self._spec.loops or 0
        # Browsers play once more than the number says; without the block, once.
        block = b"" if loops == 1 else b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", max(0, loops - 1), 0)
        return b"GIF89a" + size + colors + block

    def _frames(self, palette: Image.Image) -> Iterator[bytes]:
        before: NDArray[np.uint8] | None = None
        for number, delay in _merge_short(self._delays(_HUNDREDTHS)):
            samples = self._spool[number]
            indices = quantize(samples, palette)
            if self._spec.has_alpha:  # each frame is drawn on a clear ground
                yield from _gif_frame(indices, (0, 0), delay, disposal=2)
                continue
            box = _changed(before, indices)
            part = indices[box]
            if before is not None:
                part = np.where(part == before[box], np.uint8(_TRANSPARENT_INDEX), part)
            yield from _gif_frame(part, (box[1].start, box[0].start), delay, disposal=1)
            before = indices


class WebpFilm(_Spooled):
    """Writes a WebP; without loss at the highest quality."""

    def __init__(self, partial: Path, spec: FilmSpec, quality: int) -> None:
        super().__init__(partial, spec)
        self._quality = quality

    def finish(self) -> None:
        """Encode all frames."""
        delays = self._delays(_THOUSANDTHS)
        frames = _Frames(self._spool)
        if len(delays) == 1:
            Image.fromarray(self._spool[0]).save(self._partial, "WEBP", **self._options)
            return
        frames.save(self._partial, "WEBP", save_all=True, duration=delays, loop=self._spec.loops or 0, **self._options)

    @property
    def _options(self) -> dict[str, Any]:
        # Below 50 WebP shows its blocks, which no film does at such a quality.
        return {"quality": (self._quality + _LOSSLESS) // 2, "lossless": self._quality == _LOSSLESS, "method": 4}


class _Frames(Image.Image):
    """The frames of a film as Pillow takes them: one after the other, each read when it is its turn."""

    def __init__(self, spool: FrameSpool) -> None:
        super().__init__()
        self._spool, self._number = spool, -1
        self.n_frames = len(spool)
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Become a frame."""
        if frame != self._number:
            image = Image.fromarray(self._spool[frame])
            self.im, self._mode, self._size, self._number = image.im, image.mode, image.size, frame

    def tell(self) -> int:
        """Give the number of the frame."""
        return self._number


class PngFilm:
    """Writes an animated PNG of 8 or 16 bits, frame by frame (W3C, PNG third edition, section 11.3)."""

    def __init__(self, partial: Path, spec: FilmSpec) -> None:
        self._spec, self._count, self._sequence = spec, 0, 0
        self._file = partial.open("r+b")

    def write(self, picture: Picture) -> None:
        """Write the next frame."""
        samples = to_integers(self._shaped(picture), self._spec.depth)
        pixels = encoders.PixelRows(
            picture.height, picture.width, samples.shape[2], self._spec.depth, lambda rows: samples[rows]
        )
        if not self._count:
            encoders.png_begin(self._file, pixels)
            encoders.png_texts(self._file, self._spec.metadata)
            self._control_offset = self._file.tell()
            self._write_control(len(self._spec.times))
        begin = self._spec.times[self._count]
        self._count += 1
        self._write_frame_control(self._spec.shown_until(self._count) - begin)
        for data in encoders.png_data(pixels):
            if self._count == 1:
                putchunk(self._file, b"IDAT", data)
            else:
                putchunk(self._file, b"fdAT", struct.pack(">I", self._next()), data)

    def finish(self) -> None:
        """Complete the file, which may have fewer frames than were expected."""
        putchunk(self._file, b"IEND")
        self._file.seek(self._control_offset)
        self._write_control(self._count)
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):  # what was wrong was said before
            self._file.close()

    def _shaped(self, picture: Picture) -> Picture:
        """Give all frames alpha, or none."""
        if not self._spec.has_alpha:
            return flatten(picture)
        if picture.alpha is not None:
            return picture
        opaque = np.ones((picture.height, picture.width), np.float32)
        return Picture(picture.colors, alpha=opaque, depth=picture.depth)

    def _write_control(self, frames: int) -> None:
        putchunk(self._file, b"acTL", struct.pack(">II", frames, self._spec.loops or 0))

    def _write_frame_control(self, shown: Fraction) -> None:
        delay = shown.limit_denominator(_LONGEST_TERM // max(1, math.ceil(shown)))
        terms = min(delay.numerator, _LONGEST_TERM), delay.denominator
        putchunk(self._file, b"fcTL", struct.pack(">IIIIIHHBB", self._next(), *self._spec.size, 0, 0, *terms, 0, 0))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1


def choose_palette(spool: FrameSpool) -> Image.Image:
    """Choose 255 colors for all frames from small copies of some."""
    chosen = np.unique(np.linspace(0, len(spool) - 1, min(len(spool), _SAMPLES)).round().astype(int))
    copies = []
    for number in chosen:
        samples = spool[number]
        step = max(1, math.ceil(max(samples.shape[:2]) / _SAMPLE_SIDE))
        copies.append(samples[::step, ::step].reshape(-1, samples.shape[2]))  # averages would lose rare, strong colors
    pixels = np.concatenate(copies)
    if pixels.shape[1] == 4:  # noqa: PLR2004 -- RGBA
        pixels = pixels[pixels[:, 3] >= _OPAQUE * 255]
        pixels = pixels if len(pixels) else np.zeros((1, 4), np.uint8)
    strip = Image.fromarray(np.ascontiguousarray(pixels[np.newaxis, :, :3]))
    return strip.quantize(_TRANSPARENT_INDEX, method=Image.Quantize.MEDIANCUT, kmeans=1)


def quantize(samples: NDArray[np.uint8], palette: Image.Image) -> NDArray[np.uint8]:
    """Give (H, W) indices of colors, by ordered dithering (Bayer 1973); transparent pixels get `_TRANSPARENT_INDEX`."""
    rows, columns = (np.arange(side) % len(_THRESHOLDS) for side in samples.shape[:2])
    moved = np.rint(samples[..., :3] + _DITHER * _THRESHOLDS[rows][:, columns, np.newaxis])
    moved = np.clip(moved, 0, 255).astype(np.uint8)
    image = Image.fromarray(moved).quantize(palette=palette, dither=Image.Dither.NONE)
    indices = np.asarray(image)
    if samples.shape[2] == 4:  # noqa: PLR2004 -- RGBA
        indices = np.where(samples[..., 3] >= _OPAQUE * 255, indices, np.uint8(_TRANSPARENT_INDEX))
    return indices


def _merge_short(delays: list[int]) -> Iterator[tuple[int, int]]:
    """Give the numbers of frames and their delays: each at least the shortest, so that the whole keeps its length."""
    shown, number = 0, 0
    for following, delay in enumerate(delays, 1):
        shown += delay
        if shown >= _SHORTEST_GIF:
            yield number, shown
            shown, number = 0, following
    if shown:
        yield number, _SHORTEST_GIF


def _changed(before: NDArray[np.uint8] | None, indices: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Find the rectangle outside of which two frames are equal; at least a pixel."""
    height, width = indices.shape
    if before is None:
        return slice(0, height), slice(0, width)
    rows, columns = (np.flatnonzero((before != indices).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _gif_frame(indices: NDArray[np.uint8], position: tuple[int, int], delay: int, *, disposal: int) -> list[bytes]:
    """Encode one frame (GIF89a, sections 20 to 23)."""
    options = {"transparency": _TRANSPARENT_INDEX, "duration": 10 * min(delay, _LONGEST_TERM), "disposal": disposal}
    return GifImagePlugin.getdata(Image.fromarray(indices), position, interlace=0, **options)
