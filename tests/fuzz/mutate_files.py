"""Reads mutated picture files: `python mutate_files.py SEED COUNT`; prints each file that is not right or refused.

Mutations keep the checksums of PNG right, which would otherwise hide every reader behind them. The process has
limits on its memory, so that a file which takes more is found.
"""

import io
import random
import resource
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageCms

from impasto import images
from impasto.errors import ImageError

MEMORY_BYTES = 2**30
SECONDS = 2.0
MOST_PIXELS = 1_000_000
"""As large as a mutated header may claim a picture to be; the limit itself is tested elsewhere."""
EDGES = (0, 1, 2, 3, 8, 16, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1)


def seeds() -> dict[str, bytes]:
    """Small sound files of each format, with all that may stand beside the pixels."""
    rgb = np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8)
    image, tags = Image.fromarray(rgb), Image.Exif()
    tags[274], tags[306], tags[315] = 6, "2024:05:06 07:08:09", "Ada"
    tags.get_ifd(34665)[36867], tags.get_ifd(34853)[1] = "2024:05:06 07:08:09", "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    beside = {"exif": tags, "icc_profile": profile}
    found = {
        "PNG": _save(image, "PNG", **beside),
        "PNG palette": _save(image.quantize(9), "PNG", transparency=3),
        "PNG gray, alpha": _save(image.convert("LA"), "PNG"),
        "PNG 16": images.encode(images.Picture(rgb.astype(np.float32), depth=16), "png", metadata={"key": "text"}),
        "JPEG": _save(image, "JPEG", **beside),
        "JPEG progressive": _save(image, "JPEG", progressive=True),
        "JPEG CMYK": _save(image.convert("CMYK"), "JPEG"),
        "GIF": _save(image, "GIF", save_all=True, append_images=[image.rotate(90)]),
        "WEBP": _save(image, "WEBP", lossless=True, **beside),
        "WEBP lossy": _save(image, "WEBP"),
        "AVIF": _save(image, "AVIF", speed=10),
        "TIFF": _save(image, "TIFF", **beside),
        "TIFF LZW": _save(image, "TIFF", compression="tiff_lzw"),
        "TIFF JPEG": _save(image, "TIFF", compression="jpeg"),
        "TIFF palette": _save(image.quantize(9), "TIFF"),
        "BMP": _save(image, "BMP"),
        "BMP 1": _save(image.convert("1"), "BMP"),
        "ICO": _save(image, "ICO", sizes=[(16, 16)]),
        "JPEG2000": _save(image, "JPEG2000"),
        "PPM": _save(image, "PPM"),
        "PPM text": f"P3 # text\n3 2\n1000\n{' '.join(map(str, range(100, 118)))}\n".encode(),
        "PPM 16": b"P6 24 20 65535\n" + rgb.astype(">u2").tobytes(),
        "PFM": b"PF\n24 20\n-1.0\n" + (rgb / 255).astype("<f4").tobytes(),
        "QOI": _save(image, "QOI"),
    }
    for bits, options in (
        (16, {"compression": "zlib", "predictor": True}),
        (16, {}),
        (32, {}),
        (8, {"tile": (16, 16)}),
    ):
        out = io.BytesIO()
        tifffile.imwrite(out, rgb.astype(f"u{bits // 8}"), photometric="rgb", **options)
        found[f"TIFF {bits} {options}"] = out.getvalue()
    out = io.BytesIO()
    tifffile.imwrite(out, rgb.transpose(2, 0, 1).astype(np.float32).copy(), photometric="rgb", planarconfig="separate")
    found["TIFF planes"] = out.getvalue()
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out)
    return {**found, "HEIC": out.getvalue()}


def _save(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, rng: random.Random) -> None:
    size, order, place = rng.choice("BHI"), rng.choice("<>"), rng.randrange(len(data))
    value = struct.pack(order + size, rng.choice(EDGES) % 2 ** (8 * struct.calcsize(size)))
    data[place : place + len(value)] = value


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _remove(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    del data[place : place + rng.randrange(1, 40)]


def _repeat(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    data[place:place] = data[place : place + rng.randrange(1, 40)]


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _overwrite,
    _overwrite,
    _cut,
    _remove,
    _repeat,
)


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One to four mutations, most of them near the beginning, where formats have their structure."""
    changed = bytearray(data)
    head = changed[: rng.choice((64, 256, len(changed)))]
    rest = changed[len(head) :]
    for _ in range(rng.randrange(1, 5)):
        if head:
            rng.choice(MUTATIONS)(head, rng)
    return repair(bytes(head + rest))


def repair(data: bytes) -> bytes:
    """Give the chunks of a PNG right checksums, as far as its lengths are right."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    out, place = bytearray(data[:8]), 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        body = data[place + 4 : place + 8 + length]
        if len(body) < 4 + length:
            break
        out += data[place : place + 4] + body + struct.pack(">I", zlib.crc32(body))
        place += 12 + length
    return bytes(out) + data[place:]


def problems(seed: int, count: int) -> Iterator[str]:
    """Read mutated files, and tell of each that does other than give a picture or an `ImageError` in time."""
    rng, files = random.Random(seed), list(seeds().items())
    for number in range(count):
        kind, sound = files[number % len(files)]
        data, start = mutate(sound, rng), time.process_time()
        try:
            picture = images.read(data, name="mutated", most_pixels=MOST_PIXELS)
            if not (picture.rgb.size and np.isfinite(picture.rgb).all()):
                yield f"{kind} {number}: {picture.rgb.shape}, not finite"
            images.read_metadata(data)
        except ImageError:
            pass
        except BaseException as error:  # noqa: BLE001 -- what is looked for
            yield f"{kind} {number}: {type(error).__name__}: {error}"
        if time.process_time() - start > SECONDS:
            yield f"{kind} {number}: {time.process_time() - start:.1f} s"


def _limit_memory() -> None:
    statistics = Path("/proc/self/statm")  # Linux
    used = int(statistics.read_text().split()[0]) * resource.getpagesize() if statistics.exists() else 0
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, hard))


if __name__ == "__main__":
    seeds()  # everything is imported
    _limit_memory()
    for problem in problems(int(sys.argv[1]), int(sys.argv[2])):
        sys.stdout.write(f"{problem}\n")
