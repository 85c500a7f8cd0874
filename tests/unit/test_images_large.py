"""Large pictures: by bands, to the same values, and in little more memory than they are held in."""

import io
import math
import subprocess
import sys
import zlib

import numpy as np
import png
import pytest
import tifffile
from PIL import Image, ImageCms

from impasto import images
from impasto.images import Picture, color_profiles, color_spaces, encoders, exif
from impasto.images.picture import BAND_PIXELS

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SWAPPED = SRGB.replace(b"rXYZ", b"....").replace(b"gXYZ", b"rXYZ").replace(b"....", b"gXYZ")
HEIGHT, WIDTH = 1031, 337
"""More than one band, the last of them cut off."""


def noise(dtype=np.uint8, channels=3, height=HEIGHT, width=WIDTH):
    full = np.iinfo(dtype).max
    return np.random.default_rng(channels).integers(0, full, (height, width, channels), dtype, endpoint=True)


def as_tiff(samples, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, samples, photometric="rgb" if samples.ndim == 3 else None, **options)
    return out.getvalue()


def test_the_picture_of_these_tests_has_two_bands():
    assert HEIGHT * WIDTH > 1.2 * BAND_PIXELS


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "predictor": True}, {"tile": (256, 128)}])
def test_a_picture_that_is_read_is_held_as_its_file_has_it(dtype, options):
    samples = noise(dtype)
    picture = images.read(as_tiff(samples, **options))
    assert picture.colors.dtype == dtype
    assert np.array_equal(picture.colors, samples)
    full = np.float32(np.iinfo(dtype).max)
    assert np.array_equal(picture.rgb, samples.astype(np.float32) / full * np.float32(255))
    assert picture.rgb.dtype == np.float32


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_of_several_bands_comes_upright(orientation):
    samples = noise()
    tags = Image.Exif()
    tags[0x0112] = orientation
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG", exif=tags, compress_level=0)
    turn = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270"}
    turn |= {7: "TRANSVERSE", 8: "ROTATE_90"}
    image = Image.fromarray(samples)
    seen = image if orientation == 1 else image.transpose(Image.Transpose[turn[orientation]])
    assert np.array_equal(images.read(out.getvalue()).colors, np.asarray(seen))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colors_are_converted_by_bands_as_they_are_at_once(dtype):
    samples = noise(dtype)
    whole = samples.astype(np.float32) / np.float32(np.iinfo(dtype).max) * np.float32(255)
    found = images.read(as_tiff(samples, iccprofile=SWAPPED)).rgb
    if dtype == np.uint16:
        assert np.array_equal(found, color_profiles.floats_converter(SWAPPED)(whole))
    else:
        assert np.array_equal(found, np.asarray(color_profiles.converter("RGB", SWAPPED)(Image.fromarray(samples))))
    space = color_spaces.to_srgb(whole, color_spaces.ADOBE_RGB)
    by_bands = [
        color_spaces.to_srgb(whole[rows : rows + 300], color_spaces.ADOBE_RGB) for rows in range(0, HEIGHT, 300)
    ]
    assert np.abs(np.concatenate(by_bands) - space).max() < 1e-4


@pytest.mark.parametrize("size", [(97, 61), (500, 1500), (61, 1031), (337, 97), (1500, 300)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_picture_is_resized_by_bands_as_pillow_does_it_at_once(size, dtype):
    picture = images.read(noise(dtype))
    planes = [Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(picture.rgb, 2, 0)]
    whole = [np.asarray(plane.resize(size, Image.Resampling.LANCZOS)) for plane in planes]
    assert np.array_equal(images.resize(picture, *size).rgb, np.clip(np.stack(whole, axis=-1), 0, 255))


def test_a_transparent_picture_has_its_mean_color_where_it_is_hidden():
    samples = noise(channels=4)
    samples[200:900, :, 3] = 0
    picture = images.read(samples)
    weights = samples[..., 3].astype(np.float64)
    mean = (samples[..., :3] * weights[..., np.newaxis]).sum(axis=(0, 1)) / weights.sum()
    assert np.abs(picture.rgb[200:900] - mean).max() < 1e-3
    seen = samples[..., 3] > 0
    assert np.array_equal(picture.rgb[seen], samples[seen][:, :3])


@pytest.mark.parametrize(
    ("kind", "depth", "alpha"), [("png", 8, True), ("png", 16, False), ("tif", 8, False), ("tif", 16, True)]
)
def test_what_is_written_by_bands_is_what_another_reader_finds(kind, depth, alpha):
    samples = noise(np.uint8 if depth == 8 else np.uint16, 4 if alpha else 3)
    samples[::3] //= 7  # rows that PNG's filters suit differently
    samples[1::3, 1:] = samples[1::3, :-1]
    picture = Picture(samples[..., :3], samples[..., 3] / np.float32(2**depth - 1) if alpha else None, depth)
    data = images.encode(picture, kind)
    if kind == "png":
        _, _, rows, info = png.Reader(bytes=data).read()
        found = np.vstack([np.asarray(row) for row in rows]).reshape(samples.shape)
        assert info["bitdepth"] == depth
        assert data.count(b"IDAT") > 1
    else:
        found = tifffile.imread(io.BytesIO(data))
    assert np.array_equal(found, samples)


def test_a_png_is_no_larger_than_pillow_makes_it(photo):
    picture = images.read(photo)
    out = io.BytesIO()
    picture.to_pil().save(out, "PNG")
    assert len(images.encode(picture, "png")) < 1.02 * len(out.getvalue())


def test_noise_which_pillow_cannot_optimize_becomes_a_jpeg_all_the_same():
    assert images.read(images.encode(images.read(noise(height=900, width=900)), "jpg")).width == 900


def kept_exif():
    tags = Image.Exif()
    tags.update({0x013B: "Ann Author", 0x011A: 300.0, 0x011B: 300.0, 0x0128: 2})
    tags.get_ifd(0x8769)[0x9003] = "2024:01:02 03:04:05"
    tags.get_ifd(0x8825).update({1: "N", 2: (1.0, 2.0, 3.0)})
    return exif.keep(tags)


def test_what_may_not_fit_into_a_tiff_becomes_a_bigtiff_with_all_that_stands_beside_the_pixels(monkeypatch):
    samples = noise(np.uint16, 4, 333, 217)
    picture = Picture(samples[..., :3], samples[..., 3] / np.float32(65535), 16, exif=kept_exif())
    plain = images.encode(picture, "tif", profile=SWAPPED)
    monkeypatch.setattr(encoders, "MOST_TIFF_BYTES", samples.nbytes - 1)
    big = images.encode(picture, "tif", profile=SWAPPED)
    assert (plain[:4], big[:4]) == (b"II*\0", b"II+\0")
    assert np.array_equal(tifffile.imread(io.BytesIO(big)), tifffile.imread(io.BytesIO(plain)))
    with Image.open(io.BytesIO(big)) as image:
        assert image.size == (217, 333)
        assert image.info["dpi"] == (300, 300)
        assert image.getexif().get_ifd(0x8769) == {0x9003: "2024:01:02 03:04:05"}
    found, usual = images.read(big), images.read(plain)
    assert np.array_equal(found.rgb, usual.rgb)
    assert np.array_equal(found.alpha, usual.alpha)
    assert (found.depth, found.profile, found.exif) == (16, SWAPPED, kept_exif())


@pytest.mark.parametrize(("order", "dtype"), [("<", np.uint8), (">", np.uint16)])
def test_a_bigtiff_is_read_like_a_tiff(order, dtype):
    samples = noise(dtype, 3, 40, 30)
    options = {"byteorder": order, "extratags": [(0x0112, "H", 1, 6, True), (0x013B, "s", 0, "Ann Author", True)]}
    data = as_tiff(samples, bigtiff=True, **options)
    assert data[2 if order == "<" else 3] == 43
    picture = images.read(data)
    assert np.array_equal(picture.colors, np.rot90(samples, -1))
    assert images.measure(data) == (40, 30)
    if order == "<":  # Pillow reads no tags of the other
        assert picture.exif == images.read(as_tiff(samples, **options)).exif
        assert b"Ann Author" in picture.exif


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_disk_that_fills_up_while_a_picture_is_written_by_bands_leaves_nothing(suffix, tmp_path):
    code = f"""
import resource, signal, sys
import numpy as np
from impasto import images
from impasto.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
noise = np.random.default_rng(0).integers(0, 255, (900, 900, 3), np.uint8)
try:
    images.save(images.read(noise), {str(tmp_path / "out")!r} + {suffix!r}, overwrite=True)
except StorageError as error:
    print("no room:", error)
"""
    (tmp_path / f"out{suffix}").write_bytes(b"precious")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("no room:")
    assert "Make room" in done.stdout
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"precious"]


PEAK = """
import re
from pathlib import Path
import numpy as np
from impasto import images
from impasto.images import Picture

def peak():
    # Of this program: `ru_maxrss` begins with what the process that starts it has.
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

small = np.zeros((9, 9, 3), np.uint16)
for kind in ("png", "tif", "jpg"):
    images.read(images.encode(Picture(small, depth=16), kind))
"""
SIDE = 3072


def bytes_a_pixel(prepare, use):
    """How much more than `prepare` the other takes at its peak, in a process of its own."""
    code = f"{PEAK}\n{prepare}\nbefore = peak()\n{use}\nprint((peak() - before) / {SIDE}**2)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def flat_png(depth):
    """A PNG of one color, made in a moment."""
    row = bytes([0, *([80, 160] * (3 * SIDE))])[: 1 + 3 * SIDE * depth // 8]
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row * 64) for _ in range(SIDE // 64)) + packer.flush()
    out = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(0, io.SEEK_END)
    header = SIDE.to_bytes(4, "big") * 2 + bytes([depth, 2, 0, 0, 0])
    for kind, content in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")):
        out.write(len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big"))
    return out.getvalue()


SLOW = pytest.mark.slow
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="the peak of a program is read from /proc")


@needs_proc
@pytest.mark.parametrize(
    ("kind", "most"),
    [("png8", 10), *(pytest.param(*case, marks=SLOW) for case in (("tif16", 10), ("png16", 14), ("jpg", 10)))],
)
def test_reading_and_shrinking_a_large_picture_takes_little_more_than_its_samples(kind, most, tmp_path):
    path = tmp_path / "large"
    if kind.startswith("png"):
        path.write_bytes(flat_png(int(kind[3:])))
    elif kind == "jpg":
        Image.new("RGB", (SIDE, SIDE), (80, 160, 80)).save(path, "JPEG")
    else:
        path.write_bytes(as_tiff(np.full((SIDE, SIDE, 3), 20_000, np.uint16), compression="zlib", rowsperstrip=64))
    use = f"small = images.resize(images.read({str(path)!r}), 64, 64)"
    assert bytes_a_pixel("", use) < most


@needs_proc
@pytest.mark.parametrize("kind", ["tif", pytest.param("png", marks=SLOW)])
def test_a_large_picture_is_written_without_a_copy_of_it(kind, tmp_path):
    prepare = f"picture = Picture(np.full(({SIDE}, {SIDE}, 3), 99, np.float32), depth=8)"
    assert bytes_a_pixel(prepare, f"images.save(picture, {str(tmp_path / 'out')!r} + '.{kind}')") < 4


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_more_than_4_gb_of_samples_become_a_bigtiff(tmp_path):
    path, side = tmp_path / "out.tif", 26_800
    row = np.linspace(0, 65535, side).astype(np.uint16)
    picture = Picture(np.broadcast_to(row[np.newaxis, :, np.newaxis], (side, side, 3)), depth=16)
    images.save(picture, path)
    assert path.read_bytes()[:4] == b"II+\0"
    assert images.measure(path) == (side, side)
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        assert math.prod(page.shape) * 2 > 2**32
        offset, count = page.dataoffsets[-1], page.databytecounts[-1]
        file.filehandle.seek(offset)
        strip, *_ = page.decode(file.filehandle.read(count), len(page.dataoffsets) - 1)
    assert np.array_equal(strip[0, -1], np.repeat(row[:, np.newaxis], 3, axis=1))
