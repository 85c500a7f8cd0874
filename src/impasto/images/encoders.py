"""The bytes of each format that Impasto writes; `formats` says which picture comes to which writer."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo, putchunk
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from impasto.images import exif

Samples = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Beside:
    """What a file holds beside the pixels, as far as its format can."""

    texts: Mapping[str, str] = field(default_factory=dict)
    profile: bytes | None = None
    """An ICC profile; the file is sRGB without."""
    exif: bytes | None = None
    """A block that `exif.keep` made."""


Writer = Callable[[Samples, Beside], bytes]
"""Samples (H, W, 3 or 4) and what stands beside them to the bytes of a file."""
AnimationWriter = Callable[[list[Image.Image], list[int]], bytes]
"""RGB frames of one size, and for how many milliseconds each stays, to the bytes of a file."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_SUB = 1
_PNG_COLOR_TYPES = {3: 2, 4: 6}  # by channels
_TIFF_ICC_PROFILE = 34675
_PALETTE_SAMPLES = 16
_PALETTE_SIDE = 160


def png(samples: Samples, beside: Beside) -> bytes:
    """Write a PNG of 8 or 16 bits a channel, its text in any script."""
    extra = PngInfo()
    if beside.profile is None:
        extra.add(b"sRGB", b"\x01")  # relative colorimetric
    for key, text in beside.texts.items():
        extra.add_itxt(key, text)
    if samples.dtype == np.uint16:
        return _png_16(samples, extra, beside)
    held = {"icc_profile": beside.profile, "exif": beside.exif, "dpi": exif.resolution(beside.exif)}
    return _pillow(samples, "PNG", pnginfo=extra, **{key: value for key, value in held.items() if value})


def _png_16(samples: Samples, extra: PngInfo, beside: Beside) -> bytes:
    """Pillow has no 16-bit RGB; the format itself is a handful of chunks."""
    height, width, channels = samples.shape
    header = b"".join(value.to_bytes(4, "big") for value in (width, height))
    out = io.BytesIO(_PNG_SIGNATURE)
    out.seek(0, io.SEEK_END)
    putchunk(out, b"IHDR", header, bytes([16, _PNG_COLOR_TYPES[channels], 0, 0, 0]))
    if beside.profile is not None:
        putchunk(out, b"iCCP", b"ICC Profile\0\0", zlib.compress(beside.profile))
    if beside.exif:
        putchunk(out, b"eXIf", beside.exif.removeprefix(exif.HEAD))
    if dots := exif.resolution(beside.exif):
        per_meter = (round(value / exif.METERS_PER_INCH) for value in dots)
        putchunk(out, b"pHYs", struct.pack(">IIB", *per_meter, 1))  # 1 is the meter
    for kind, data, *_ in extra.chunks:
        putchunk(out, kind, data)
    putchunk(out, b"IDAT", zlib.compress(_sub_filter(samples)))
    putchunk(out, b"IEND")
    return out.getvalue()


def _sub_filter(samples: Samples) -> bytes:
    """Lay out PNG's rows, big-endian, each byte less the same byte of the pixel before, which compresses better."""
    height, width, channels = samples.shape
    step = channels * samples.dtype.itemsize
    rows = samples.astype(">u2").view(np.uint8).reshape(height, width * step)
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _PNG_SUB
    filtered[:, 1 : 1 + step] = rows[:, :step]
    np.subtract(rows[:, step:], rows[:, :-step], out=filtered[:, 1 + step :])
    return filtered.tobytes()


def tiff(samples: Samples, beside: Beside) -> bytes:
    """Write a TIFF of 8 or 16 bits a channel, losslessly compressed."""
    block, profile = beside.exif or b"", beside.profile
    tags: list[tuple[int, str | int, int, Any, bool]] = [
        (tag, "s", 0, text.encode(), True) for tag, text in exif.texts(block).items()
    ]
    tags += [(tag - 1, "I", 1, 0, True) for tag, _ in exif.directories(block)]  # filled in by `_append_directory`
    if profile is not None:
        tags.append((_TIFF_ICC_PROFILE, 7, len(profile), profile, True))  # 7 is raw bytes
    dots = exif.resolution(beside.exif)
    out = io.BytesIO()
    tifffile.imwrite(
        out,
        samples,
        byteorder="<",
        photometric="rgb",
        extrasamples=["unassalpha"] if samples.shape[2] == 4 else None,  # noqa: PLR2004 -- RGBA
        compression="zlib",
        predictor=True,
        resolution=dots,
        resolutionunit="inch" if dots else None,
        extratags=tags,
        software=False,
        metadata=None,
    )
    for tag, values in exif.directories(block):
        _append_directory(out, tag, values)
    return out.getvalue()


def _append_directory(out: io.BytesIO, tag: int, values: dict[int, Any]) -> None:
    """Append a directory to a TIFF, and have its tag lead there.

    tifffile writes none but those of pages, and no tag that leads to one: hence an unused one of the number before.
    """
    out.seek(0)
    with tifffile.TiffFile(out) as file:
        entry = file.pages.first.tags[tag - 1]
    place = out.seek(0, io.SEEK_END)
    directory = ImageFileDirectory_v2(b"II*\0\x08\0\0\0", group=tag)
    directory.update(values)
    out.write(directory.tobytes(place))
    for where, value in ((entry.offset, struct.pack("<H", tag)), (entry.valueoffset, struct.pack("<I", place))):
        out.seek(where)
        out.write(value)


def jpeg(samples: Samples, beside: Beside) -> bytes:
    """Write a JPEG of full color resolution."""
    dots = {"dpi": dots} if (dots := exif.resolution(beside.exif)) else {}
    options = {"quality": 95, "subsampling": "4:4:4", "optimize": True, **dots}
    return _pillow(samples, "JPEG", icc_profile=beside.profile, exif=beside.exif or b"", **options)


def webp(samples: Samples, beside: Beside) -> bytes:
    """Write a lossy WebP."""
    return _pillow(samples, "WEBP", quality=95, method=4, icc_profile=beside.profile or b"", exif=beside.exif or b"")


def avif(samples: Samples, beside: Beside) -> bytes:
    """Write an AVIF of full color resolution."""
    held = {"icc_profile": beside.profile or b"", "exif": beside.exif or b""}
    return _pillow(samples, "AVIF", quality=90, subsampling="4:4:4", **held)


def bmp(samples: Samples, beside: Beside) -> bytes:
    """Write a BMP."""
    dots = exif.resolution(beside.exif)
    return _pillow(samples, "BMP", **({"dpi": dots} if dots else {}))


def gif_animation(images: list[Image.Image], durations: list[int]) -> bytes:
    """Write a looping GIF whose frames share one palette."""
    palette = _palette(images)
    frames = [image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for image in images]
    return _animate(frames, "GIF", durations, optimize=False, disposal=1)


def webp_animation(images: list[Image.Image], durations: list[int]) -> bytes:
    """Write a looping WebP."""
    return _animate(images, "WEBP", durations, quality=90, method=4)


def _pillow(samples: Samples, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(samples).save(out, kind, **options)
    return out.getvalue()


def _animate(images: list[Image.Image], kind: str, durations: list[int], **options: Any) -> bytes:
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
    """Choose one palette for all frames, so that none flickers, from small copies of some; the last counts double."""
    chosen = np.linspace(0, len(images) - 1, min(len(images), _PALETTE_SAMPLES)).round().astype(int)
    samples = [images[index] for index in chosen] + [images[-1]]
    scale = min(1.0, _PALETTE_SIDE / max(samples[0].size))
    width, height = (max(1, round(side * scale)) for side in samples[0].size)
    strip = Image.new("RGB", (width, height * len(samples)))
    for row, image in enumerate(samples):
        # Nearest, since averaging would lose the rare, strong colors.
        strip.paste(image.resize((width, height), Image.Resampling.NEAREST), (0, row * height))
    return strip.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=1)
