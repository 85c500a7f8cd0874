"""The bytes of each format that Impasto writes; `formats` says which picture comes to which writer."""

import io
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo, putchunk

Samples = NDArray[np.uint8] | NDArray[np.uint16]
Writer = Callable[[Samples, Mapping[str, str], bytes | None], bytes]
"""Samples (H, W, 3 or 4), metadata and an ICC profile to the bytes of a file."""
AnimationWriter = Callable[[list[Image.Image], list[int]], bytes]
"""RGB frames of one size, and for how many milliseconds each stays, to the bytes of a file."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_SUB = 1
_PNG_COLOR_TYPES = {3: 2, 4: 6}  # by channels
_TIFF_ICC_PROFILE = 34675
_PALETTE_SAMPLES = 16
_PALETTE_SIDE = 160


def png(samples: Samples, metadata: Mapping[str, str], profile: bytes | None) -> bytes:
    """Write a PNG of 8 or 16 bits a channel, its text in any script."""
    extra = PngInfo()
    if profile is None:
        extra.add(b"sRGB", b"\x01")  # relative colorimetric
    for key, text in metadata.items():
        extra.add_itxt(key, text)
    if samples.dtype == np.uint16:
        return _png_16(samples, extra, profile)
    return _pillow(samples, "PNG", pnginfo=extra, icc_profile=profile)


def _png_16(samples: Samples, extra: PngInfo, profile: bytes | None) -> bytes:
    """Pillow has no 16-bit RGB; the format itself is four chunks."""
    height, width, channels = samples.shape
    header = b"".join(value.to_bytes(4, "big") for value in (width, height))
    out = io.BytesIO(_PNG_SIGNATURE)
    out.seek(0, io.SEEK_END)
    putchunk(out, b"IHDR", header, bytes([16, _PNG_COLOR_TYPES[channels], 0, 0, 0]))
    if profile is not None:
        putchunk(out, b"iCCP", b"ICC Profile\0\0", zlib.compress(profile))
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


def tiff(samples: Samples, _metadata: Mapping[str, str], profile: bytes | None) -> bytes:
    """Write a TIFF of 8 or 16 bits a channel, losslessly compressed."""
    out = io.BytesIO()
    tifffile.imwrite(
        out,
        samples,
        photometric="rgb",
        extrasamples=["unassalpha"] if samples.shape[2] == 4 else None,  # noqa: PLR2004 -- RGBA
        compression="zlib",
        predictor=True,
        extratags=[] if profile is None else [(_TIFF_ICC_PROFILE, 7, len(profile), profile, True)],  # 7 is raw bytes
        metadata=None,
    )
    return out.getvalue()


def jpeg(samples: Samples, _metadata: Mapping[str, str], profile: bytes | None) -> bytes:
    """Write a JPEG of full color resolution."""
    return _pillow(samples, "JPEG", quality=95, subsampling="4:4:4", optimize=True, icc_profile=profile)


def webp(samples: Samples, _metadata: Mapping[str, str], profile: bytes | None) -> bytes:
    """Write a lossy WebP."""
    return _pillow(samples, "WEBP", quality=95, method=4, icc_profile=profile or b"")


def avif(samples: Samples, _metadata: Mapping[str, str], profile: bytes | None) -> bytes:
    """Write an AVIF of full color resolution."""
    return _pillow(samples, "AVIF", quality=90, subsampling="4:4:4", icc_profile=profile or b"")


def bmp(samples: Samples, _metadata: Mapping[str, str], _profile: bytes | None) -> bytes:
    """Write a BMP."""
    return _pillow(samples, "BMP")


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
