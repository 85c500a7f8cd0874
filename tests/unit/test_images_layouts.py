"""Every layout of samples that a PNG, TIFF or PPM may have: read to the value, or refused by name; never wrong.

The files are made here from known samples, so what is right does not depend on any reader. Independent readers
(tifffile, pypng) confirm, where they can, that the files say what they were made to say.
"""

import io
import itertools
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import png
import pytest
import tifffile
from numpy.typing import NDArray

from impasto import images
from impasto.errors import ImageError

HEIGHT, WIDTH = 5, 11
WHITE_IS_0, BLACK_IS_0, RGB, PALETTE, CMYK = 0, 1, 2, 3, 5
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
UNCOMPRESSED, LZW, DEFLATE, PACKBITS = 1, 5, 8, 32773
UNSPECIFIED, PREMULTIPLIED, STRAIGHT = 0, 1, 2

Array = NDArray[Any]


@dataclass(frozen=True)
class Layout:
    """A file, and what a reader is to see in it."""

    title: str
    data: bytes
    rgb: Array
    """(H, W, 3), 0..1."""
    alpha: Array | None = None
    """(H, W), 0..1."""
    depth: int = 8


def ramp(channels: int, full: int) -> Array:
    """Samples 0..full, all channels different, both ends among them."""
    values = np.random.default_rng(channels).integers(0, full, (HEIGHT, WIDTH, channels), np.uint64, endpoint=True)
    values[0, 0], values[0, 1] = 0, full
    return values


def colors(samples: Array) -> tuple[Array, Array | None]:
    """RGB and alpha of 1 to 4 channels."""
    channels = samples.shape[2]
    rgb = samples[..., :3] if channels > 2 else samples[..., :1].repeat(3, axis=2)
    return rgb, samples[..., -1] if channels in (2, 4) else None


def packed(samples: Array, bits: int, order: str, sample_format: int) -> list[bytes]:
    """The bytes of each row of (H, W, S) samples."""
    if bits in (8, 16, 32, 64):
        kind = {UNSIGNED: "u", SIGNED: "i", FLOAT: "f"}[sample_format]
        return [row.astype(f"{order}{kind}{bits // 8}").tobytes() for row in samples]
    shifts = np.arange(bits - 1, -1, -1, dtype=np.uint64)
    return [np.packbits((row.reshape(-1, 1) >> shifts & 1).astype(np.uint8)).tobytes() for row in samples]


def lzw(data: bytes) -> bytes:
    """TIFF's LZW without any dictionary: the table is cleared before a code would need ten bits."""
    codes = [256]
    for start in range(0, len(data), 250):
        codes += [*data[start : start + 250], 256]
    codes[-1] = 257
    bits = "".join(f"{code:09b}" for code in codes)
    return bytes(int(bits[start : start + 8].ljust(8, "0"), 2) for start in range(0, len(bits), 8))


def packbits(data: bytes) -> bytes:
    """Literal runs only."""
    return b"".join(bytes([len(run) - 1]) + run for run in (data[i : i + 128] for i in range(0, len(data), 128)))


COMPRESS = {UNCOMPRESSED: bytes, LZW: lzw, DEFLATE: zlib.compress, PACKBITS: packbits}


def tiff(
    samples: Array,
    bits: int,
    photometric: int,
    *,
    order: str = "<",
    separate: bool = False,
    extra: tuple[int, ...] = (),
    sample_format: int = UNSIGNED,
    compression: int = UNCOMPRESSED,
    colormap: Array | None = None,
) -> bytes:
    """A TIFF of one page: the samples (H, W, S), in one strip for each plane."""
    count = samples.shape[2]
    planes = [samples[..., i : i + 1] for i in range(count)] if separate else [samples]
    strips = [COMPRESS[compression](b"".join(packed(plane, bits, order, sample_format))) for plane in planes]
    offsets = list(itertools.accumulate((len(strip) for strip in strips), initial=8))
    end = offsets.pop() + offsets[-1] % 1
    tags: dict[int, tuple[str, list[int]]] = {
        256: ("H", [WIDTH]),
        257: ("H", [HEIGHT]),
        258: ("H", [bits] * count),
        259: ("H", [compression]),
        262: ("H", [photometric]),
        273: ("I", offsets),
        277: ("H", [count]),
        278: ("H", [HEIGHT]),
        279: ("I", [len(strip) for strip in strips]),
        284: ("H", [2 if separate else 1]),
        339: ("H", [sample_format] * count),
    }
    if colormap is not None:
        tags[320] = ("H", colormap.T.ravel().tolist())
    if extra:
        tags[338] = ("H", list(extra))
    entries, beyond = b"", b""
    start = end + end % 2 + 2 + 12 * len(tags) + 4
    for tag, (kind, values) in sorted(tags.items()):
        value = struct.pack(f"{order}{len(values)}{kind}", *values)
        entries += struct.pack(f"{order}HHI", tag, {"H": 3, "I": 4}[kind], len(values))
        if len(value) <= 4:
            entries += value.ljust(4, b"\0")
        else:
            entries += struct.pack(f"{order}I", start + len(beyond))
            beyond += value + b"\0" * (len(value) % 2)
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, end + end % 2)
    body = b"".join(strips) + b"\0" * (end % 2)
    return head + body + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + beyond


def tiffs() -> Iterator[Layout]:
    for order, compression in itertools.product("<>", COMPRESS):
        name = f"{order} {compression}"
        for bits, photometric in itertools.product((1, 2, 4, 8, 12, 16, 32), (WHITE_IS_0, BLACK_IS_0)):
            full = 2**bits - 1
            samples = ramp(1, full)
            unit = colors(samples / full)[0]
            data = tiff(samples, bits, photometric, order=order, compression=compression)
            yield Layout(
                f"gray {bits} bits, photometric {photometric}, {name}",
                data,
                unit if photometric else 1 - unit,
                depth=8 if bits <= 8 else 16,
            )
        for bits, separate in itertools.product((8, 16, 32), (False, True)):
            full, where = 2**bits - 1, "apart" if separate else "together"
            options: dict[str, Any] = {"order": order, "separate": separate, "compression": compression}
            depth = 8 if bits == 8 else 16
            plain = ramp(3, full)
            yield Layout(
                f"RGB {bits} bits, {where}, {name}", tiff(plain, bits, RGB, **options), plain / full, None, depth
            )
            four = ramp(4, full)
            rgb, alpha = colors(four / full)
            for kind in (UNSPECIFIED, STRAIGHT):
                yield Layout(
                    f"RGB {bits} bits, {where}, one of kind {kind}, {name}",
                    tiff(four, bits, RGB, extra=(kind,), **options),
                    rgb,
                    alpha if kind == STRAIGHT else None,
                    depth,
                )
            held = four.copy()
            held[..., :3] = np.round(rgb * alpha[..., np.newaxis] * full)
            shown = np.divide(held[..., :3], held[..., 3:], where=held[..., 3:] > 0, out=np.zeros_like(rgb))
            yield Layout(
                f"RGB {bits} bits, {where}, premultiplied, {name}",
                tiff(held, bits, RGB, extra=(PREMULTIPLIED,), **options),
                np.clip(shown, 0, 1),
                alpha,
                depth,
            )
            five = ramp(5, full)
            yield Layout(
                f"RGB {bits} bits, {where}, alpha after another, {name}",
                tiff(five, bits, RGB, extra=(UNSPECIFIED, STRAIGHT), **options),
                five[..., :3] / full,
                five[..., 4] / full,
                depth,
            )
            two = ramp(2, full)
            rgb, alpha = colors(two / full)
            yield Layout(
                f"gray and alpha {bits} bits, {where}, {name}",
                tiff(two, bits, BLACK_IS_0, extra=(STRAIGHT,), **options),
                rgb,
                alpha,
                depth,
            )
            ink = ramp(4, full)
            ink_unit = ink / full
            yield Layout(
                f"CMYK {bits} bits, {where}, {name}",
                tiff(ink, bits, CMYK, **options),
                (1 - ink_unit[..., :3]) * (1 - ink_unit[..., 3:]),
                None,
                8,
            )
        for bits, channels, separate in itertools.product((16, 32, 64), (1, 3), (False, True)):
            values = ramp(channels, 255) / 255
            values = values.astype(f"f{bits // 8}").astype(float)
            options = {"order": order, "separate": separate, "compression": compression, "sample_format": FLOAT}
            photometric = RGB if channels == 3 else BLACK_IS_0
            yield Layout(
                f"{channels} floats of {bits} bits, separate {separate}, {name}",
                tiff(values, bits, photometric, **options),
                colors(values)[0],
                None,
                16,
            )
        for bits, channels in itertools.product((8, 16, 32), (1, 3)):
            values, photometric = ramp(channels, 255).astype(np.int64) - 128, RGB if channels == 3 else BLACK_IS_0
            yield Layout(
                f"{channels} signed of {bits} bits, {name}",
                tiff(
                    values,
                    bits,
                    RGB if channels == 3 else BLACK_IS_0,
                    sample_format=SIGNED,
                    order=order,
                    compression=compression,
                ),
                np.full((HEIGHT, WIDTH, 3), np.nan),  # what white is no standard says: refused
            )
        for bits in (1, 2, 4, 8, 16):
            index, full = ramp(1, 2**bits - 1), 2**bits - 1
            colormap = (
                ramp(3, 65535)[0, :2] if bits == 1 else np.random.default_rng(0).integers(0, 65536, (full + 1, 3))
            )
            yield Layout(
                f"palette of {bits} bits, {name}",
                tiff(index, bits, PALETTE, order=order, compression=compression, colormap=colormap),
                colormap[index[..., 0]] / 65535,
            )


def pngs() -> Iterator[Layout]:
    kinds = [(1, bits) for bits in (1, 2, 4, 8, 16)] + [(n, bits) for n in (2, 3, 4) for bits in (8, 16)]
    for (channels, bits), interlaced in itertools.product(kinds, (False, True)):
        full = 2**bits - 1
        samples = ramp(channels, full)
        rgb, alpha = colors(samples / full)
        gray, has_alpha = channels < 3, channels in (2, 4)
        options: dict[str, Any] = {"greyscale": gray, "alpha": has_alpha, "bitdepth": bits, "interlace": interlaced}
        title = f"{channels} channels of {bits} bits, interlaced {interlaced}"
        depth = 8 if bits <= 8 else 16
        yield Layout(title, _png(samples, **options), rgb, alpha, depth)
        if has_alpha:
            continue
        clear = tuple(int(value) for value in samples[2, 3])
        hidden = (samples == samples[2, 3]).all(axis=2)
        data = _png(samples, transparent=clear[0] if gray else clear, **options)
        yield Layout(f"{title}, one clear", data, rgb, 1.0 - hidden, depth)
    for bits, interlaced, opacity in itertools.product((1, 2, 4, 8), (False, True), (False, True)):
        index = ramp(1, 2**bits - 1)
        palette = np.random.default_rng(bits).integers(0, 256, (2**bits, 4 if opacity else 3))
        data = _png(index, palette=[tuple(map(int, it)) for it in palette], bitdepth=bits, interlace=interlaced)
        seen = palette[index[..., 0]] / 255
        title = f"palette of {bits} bits, interlaced {interlaced}, opacity {opacity}"
        yield Layout(title, data, seen[..., :3], seen[..., 3] if opacity else None)


def _png(samples: Array, **options: Any) -> bytes:
    out = io.BytesIO()
    rows = samples.astype(int).reshape(HEIGHT, -1).tolist()
    png.Writer(WIDTH, HEIGHT, **options).write(out, rows)
    return out.getvalue()


def ppms() -> Iterator[Layout]:
    for channels, most, plain in itertools.product((1, 3), (1, 7, 255, 256, 1000, 65535), (False, True)):
        samples = ramp(channels, most)
        magic = {(1, True): 2, (3, True): 3, (1, False): 5, (3, False): 6}[channels, plain]
        wide = most > 255
        body = (
            "\n".join(" ".join(map(str, row)) for row in samples.reshape(HEIGHT, -1)).encode()
            if plain
            else samples.astype(">u2" if wide else "u1").tobytes()
        )
        data = f"P{magic}\n# made by a test\n{WIDTH} {HEIGHT}\n{most}\n".encode() + body
        yield Layout(f"P{magic}, {most}", data, colors(samples / most)[0], depth=16 if wide else 8)
    bits = ramp(1, 1)
    rows = b"".join(packed(bits, 1, "<", UNSIGNED))
    yield Layout("P4", f"P4 {WIDTH} {HEIGHT}\n".encode() + rows, 1 - colors(bits)[0].astype(float))
    text = " ".join(map(str, bits.ravel())).encode()
    yield Layout("P1", f"P1 {WIDTH} {HEIGHT}\n".encode() + text, 1 - colors(bits)[0].astype(float))
    for order, channels in itertools.product("<>", (1, 3)):
        values = (ramp(channels, 255) / 255).astype("f4")
        head = f"P{'F' if channels == 3 else 'f'}\n{WIDTH} {HEIGHT}\n{'-' if order == '<' else ''}1.0\n".encode()
        data = head + values[::-1].astype(f"{order}f4").tobytes()
        yield Layout(f"{order} {channels} floats", data, colors(values.astype(float))[0], depth=16)


LAYOUTS = {"tiff": list(tiffs()), "png": list(pngs()), "ppm": list(ppms())}


def read(layout: Layout) -> str:
    """What becomes of a file: "right", "refused" by name, or what is wrong."""
    try:
        picture = images.read(layout.data, name="odd.tif")
    except ImageError as error:
        return "refused" if "odd.tif" in str(error) and "damaged" not in str(error) else f"called damaged: {error}"
    visible = np.ones((HEIGHT, WIDTH), bool) if layout.alpha is None else layout.alpha > 0
    most = 1.01 / 255 if layout.depth == 8 else 1e-4
    far = np.abs(picture.rgb / 255 - layout.rgb)[visible].max()
    if not far <= most:
        return f"colors are wrong by {far:.4f}"
    opacity = np.ones((HEIGHT, WIDTH)) if picture.alpha is None else picture.alpha
    if not np.abs(opacity - (1 if layout.alpha is None else layout.alpha)).max() <= most:
        return "opacity is wrong"
    return "right" if picture.depth == layout.depth else f"has {picture.depth} bits, not {layout.depth}"


@pytest.mark.parametrize("kind", LAYOUTS)
def test_F2_a_picture_is_right_or_refused_by_name(kind):
    found = {layout.title: read(layout) for layout in LAYOUTS[kind]}
    assert {title: it for title, it in found.items() if it not in ("right", "refused")} == {}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("separate", [False, True])
def test_the_files_of_the_matrix_say_what_they_were_made_to_say(order, bits, separate):
    samples = ramp(3, 2**bits - 1)
    found = tifffile.imread(io.BytesIO(tiff(samples, bits, RGB, order=order, separate=separate)))
    assert np.array_equal(np.moveaxis(found, 0, 2) if separate else found, samples)


def test_F2_what_people_have_is_read():
    usual = [it for it in LAYOUTS["tiff"] if not any(rare in it.title for rare in ("12 bits", "signed"))]
    plain = [it for it in usual if it.title.endswith((f" {UNCOMPRESSED}", f" {DEFLATE}"))]
    kinds = [f"{kind} {bits} bits" for kind in ("RGB", "gray") for bits in (8, 16)]
    packed = [it for it in usual if it.title.startswith(tuple(f"{kind}, together, <" for kind in kinds))]
    assert len(plain) > 250
    assert {read(layout) for layout in [*plain, *packed, *LAYOUTS["png"], *LAYOUTS["ppm"]]} == {"right"}
