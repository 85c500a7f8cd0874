"""ICC profiles in and out."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from impasto import images

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# sRGB with red and green in each other's place: what a conversion must give is known without a second implementation.
SWAPPED = SRGB.replace(b"rXYZ", b"....").replace(b"gXYZ", b"rXYZ").replace(b"....", b"gXYZ")


def noise(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)


def file_bytes(array, kind, **options):
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_profile_is_converted_to_srgb_and_remembered(kind):
    picture = images.read(file_bytes(noise(), kind, icc_profile=SWAPPED))
    assert np.abs(picture.rgb - noise()[..., [1, 0, 2]]).max() <= 1
    assert picture.profile == SWAPPED


@pytest.mark.parametrize("profile", [SRGB, b"", b"not a profile", SWAPPED[:200], bytes(500)])
def test_an_srgb_or_broken_profile_changes_nothing(profile):
    picture = images.read(file_bytes(noise(), "TIFF", icc_profile=profile))
    assert np.array_equal(picture.rgb, noise())
    assert picture.profile is None


def test_a_profile_of_another_kind_of_picture_is_ignored():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert np.array_equal(images.read(file_bytes(noise(), "PNG", icc_profile=lab)).rgb, noise())


def test_alpha_survives_a_profile():
    rgba = np.dstack([noise(), noise(1)[..., 0] | 1])
    picture = images.read(file_bytes(rgba, "PNG", icc_profile=SWAPPED))
    assert np.abs(picture.rgb - noise()[..., [1, 0, 2]]).max() <= 1
    assert np.allclose(picture.alpha * 255, rgba[..., 3], atol=1e-4)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_16_bit_profile_keeps_fine_gradation(suffix):
    ramp = np.linspace(20, 200, 4096, dtype=np.float32).reshape(16, 256)
    fine = images.Picture(np.stack([ramp, ramp / 2, ramp / 3], axis=-1), depth=16)
    back = images.read(images.encode(fine, suffix, profile=SWAPPED))
    assert back.profile == SWAPPED
    assert back.depth == 16
    assert np.abs(back.rgb - fine.rgb).max() <= 1
    assert len(np.unique(back.rgb[..., 0])) > 3000


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".avif", ".jpg"])
def test_the_output_is_converted_into_the_profile_and_carries_it(suffix):
    flat = images.Picture(np.full((16, 16, 3), (200, 60, 20), np.float32))
    data = images.encode(flat, suffix, profile=SWAPPED)
    with Image.open(io.BytesIO(data)) as stored:
        assert stored.info["icc_profile"] == SWAPPED
        assert np.abs(np.asarray(stored, int)[8, 8] - (60, 200, 20)).max() <= 6
    assert np.abs(images.read(data).rgb - flat.rgb).max() <= 6


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_without_a_usable_profile_the_output_is_srgb(suffix):
    picture = images.read(noise())
    profile = SWAPPED if suffix == ".bmp" else b"broken"
    data = images.encode(picture, suffix, profile=profile)
    with Image.open(io.BytesIO(data)) as stored:
        assert "icc_profile" not in stored.info
        assert np.array_equal(np.asarray(stored), noise())


def test_a_plain_png_says_that_it_is_srgb():
    for depth in (8, 16):
        with Image.open(
            io.BytesIO(images.encode(images.Picture(images.read(noise()).rgb, depth=depth), "png"))
        ) as stored:
            assert "srgb" in stored.info


def test_a_cmyk_picture_with_a_broken_profile_is_converted_plainly():
    cmyk = Image.new("CMYK", (4, 4), (0, 255, 255, 0))
    out = io.BytesIO()
    cmyk.save(out, "TIFF", icc_profile=SWAPPED)  # an RGB profile, which says nothing about inks
    picture = images.read(out.getvalue())
    assert (picture.rgb == (255, 0, 0)).all()
    assert picture.profile is None


def icc(device_class, space, pcs, tags):
    """The bytes of a version 2 ICC profile, after ICC.1:2001-04, section 6."""
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(data))
        body += padded
    white = struct.pack(">3i", 63190, 65536, 54061)  # D50
    header = struct.pack(">I4xI4s4s4s12x4s24x4x", at + len(body), 0x02100000, device_class, space, pcs, b"acsp") + white
    return header.ljust(128, b"\0") + table + body


def described(text):
    return b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + bytes(79)


WHITE_POINT = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
LINEAR_GRAY = icc(
    b"mntr",
    b"GRAY",
    b"XYZ ",
    {b"desc": described(b"linear"), b"wtpt": WHITE_POINT, b"kTRC": b"curv" + bytes(4) + struct.pack(">I", 0)},
)


def gray_ink():
    """A press whose every ink is gray: each of C, M, Y takes 40/255 off the lightness, K all of it."""
    lightness = [0 if k else 255 - 40 * (c + m + y) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    grid = b"".join(bytes([level, 128, 128]) for level in lightness)
    identity = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + bytes(range(256)) * 4 + grid + bytes(range(256)) * 3
    return icc(b"prtr", b"CMYK", b"Lab ", {b"desc": described(b"gray ink"), b"wtpt": WHITE_POINT, b"A2B0": lut})


def srgb_of_linear(linear):
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(("dtype", "alpha"), [(np.uint8, False), (np.uint8, True), (np.uint16, False)])
def test_a_gray_profile_is_converted(dtype, alpha):
    full = np.iinfo(dtype).max
    ramp = np.linspace(0.1, 1, 64).reshape(4, 16)
    samples = np.rint(ramp * full).astype(dtype)
    image = (
        Image.frombytes("LA", (16, 4), np.dstack([samples, samples // 2 + 9]).tobytes())
        if alpha
        else Image.fromarray(samples)
    )
    out = io.BytesIO()
    image.save(out, "PNG", icc_profile=LINEAR_GRAY)
    picture = images.read(out.getvalue())
    assert np.abs(picture.rgb - srgb_of_linear(samples / full)[..., np.newaxis]).max() <= 2
    assert picture.profile == LINEAR_GRAY
    assert (picture.alpha is not None) == alpha


def test_a_cmyk_profile_decides_how_inks_look():
    out = io.BytesIO()
    inks = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255]]], np.uint8)
    Image.frombytes("CMYK", (3, 1), inks.tobytes()).save(out, "TIFF", icc_profile=gray_ink())
    picture = images.read(out.getvalue())
    lightness = 215 / 255 * 100
    gray = srgb_of_linear(((lightness + 16) / 116) ** 3)
    assert np.abs(picture.rgb[0] - np.array([255, gray, 0])[:, np.newaxis]).max() <= 3
    assert picture.profile == gray_ink()
    assert np.array_equal(images.read(images.encode(picture, "png", profile=picture.profile)).rgb, picture.rgb)
