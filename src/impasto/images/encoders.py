"""The bytes of each format that Impasto writes."""

import io
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo, putchunk

from impasto.errors import OutputError
from impasto.images import color_profiles
from impasto.images.picture import Picture, on_white, to_integers

Samples = NDArray[np.uint8] | NDArray[np.uint16]
Writer = Callable[[Samples, Mapping[str, str], bytes | None], bytes]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_SUB = 1
_PNG_COLOR_TYPES = {3: 2, 4: 6}  # by channels
_TIFF_ICC_PROFILE = 34675
_OPAQUE = {".jpg", ".jpeg", ".bmp"}
_DEEP = {".png", ".tif", ".tiff"}
_WITHOUT_PROFILE = {".bmp"}


def encode(picture: Picture, suffix: str, metadata: Mapping[str, str], profile: bytes | None) -> bytes:
    """Write a picture into memory; `suffix` is a key of `SUFFIXES`.

    Raises:
        OutputError: the format cannot hold the picture, by its size.
    """
    rgb, alpha = (on_white(picture), None) if suffix in _OPAQUE else (picture.rgb, picture.alpha)
    moved = None if profile is None or suffix in _WITHOUT_PROFILE else color_profiles.from_srgb(rgb, profile)
    if moved is None:
        profile = None
    depth: Literal[8, 16] = 16 if picture.depth == 16 and suffix in _DEEP else 8  # noqa: PLR2004 -- bits
    samples = to_integers(rgb if moved is None else moved, alpha, depth)
    try:
        return SUFFIXES[suffix](samples, metadata, profile)
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(
            f"a {suffix} file cannot hold this picture of {picture.width} x {picture.height} pixels ({error})",
            "Choose .png or .tif.",
        ) from None


def _png(samples: Samples, metadata: Mapping[str, str], profile: bytes | None) -> bytes:
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
    putchunk(out, b"IDAT", zlib.compress(_sub_filtered(samples)))
    putchunk(out, b"IEND")
    return out.getvalue()


def _sub_filtered(samples: Samples) -> bytes:
    """PNG's rows, big-endian, each byte less the same byte of the pixel before, which compresses better."""
    height, width, channels = samples.shape
    step = channels * samples.dtype.itemsize
    rows = samples.astype(">u2").view(np.uint8).reshape(height, width * step)
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _PNG_SUB
    filtered[:, 1 : 1 + step] = rows[:, :step]
    np.subtract(rows[:, step:], rows[:, :-step], out=filtered[:, 1 + step :])
    return filtered.tobytes()


def _tiff(samples: Samples, _metadata: Mapping[str, str], profile: bytes | None) -> bytes:
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


def _jpeg(samples: Samples, _metadata: Mapping[str, str], profile: bytes | None) -> bytes:
    return _pillow(samples, "JPEG", quality=95, subsampling="4:4:4", optimize=True, icc_profile=profile)


def _webp(samples: Samples, _metadata: Mapping[str, str], profile: bytes | None) -> bytes:
    return _pillow(samples, "WEBP", quality=95, method=4, icc_profile=profile or b"")


def _avif(samples: Samples, _metadata: Mapping[str, str], profile: bytes | None) -> bytes:
    return _pillow(samples, "AVIF", quality=90, subsampling="4:4:4", icc_profile=profile or b"")


def _bmp(samples: Samples, _metadata: Mapping[str, str], _profile: bytes | None) -> bytes:
    return _pillow(samples, "BMP")


def _pillow(samples: Samples, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(samples).save(out, kind, **options)
    return out.getvalue()


SUFFIXES: dict[str, Writer] = {
    ".png": _png,
    ".jpg": _jpeg,
    ".jpeg": _jpeg,
    ".webp": _webp,
    ".avif": _avif,
    ".tif": _tiff,
    ".tiff": _tiff,
    ".bmp": _bmp,
}
"""What `save` writes, and how."""
