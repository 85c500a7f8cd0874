"""What holds for any picture."""

import contextlib
import functools
import io
from unittest import mock

import numpy as np
import pillow_heif
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageCms

from impasto import images
from impasto.errors import ImageError
from impasto.images import Picture
from impasto.images import picture as picture_module

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# sRGB with red and green in each other's place: what a conversion must give is known without a second implementation.
SWAPPED = SRGB.replace(b"rXYZ", b"....").replace(b"gXYZ", b"rXYZ").replace(b"....", b"gXYZ")
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "1": 1, "P": 1, "I;16": 1}

sides = st.integers(1, 9)


def stored_at(orientation, row, column, height, width):
    """Where the file keeps the pixel that is seen at (row, column), from the EXIF standard's eight cases."""
    return {
        1: (row, column),
        2: (row, width - 1 - column),
        3: (height - 1 - row, width - 1 - column),
        4: (height - 1 - row, column),
        5: (column, row),
        6: (height - 1 - column, row),
        7: (height - 1 - column, width - 1 - row),
        8: (column, width - 1 - row),
    }[orientation]


def seen(stored, orientation):
    height, width = stored.shape[:2]
    rows, columns = (width, height) if orientation > 4 else (height, width)
    return np.array(
        [[stored[stored_at(orientation, r, c, height, width)] for c in range(columns)] for r in range(rows)]
    )


@st.composite
def files(draw):
    """A lossless file of any mode, orientation and profile, with the RGB and the alpha that must be seen."""
    mode = draw(st.sampled_from(sorted(CHANNELS)))
    kind = "TIFF" if mode == "CMYK" else draw(st.sampled_from(["PNG", "TIFF"]))
    dtype = np.uint16 if mode == "I;16" else np.uint8
    samples = draw(hnp.arrays(dtype, (draw(sides), draw(sides), CHANNELS[mode]), elements=st.integers(1, 255)))
    image, rgb, alpha = build(mode, samples)
    options = {}
    if mode in ("RGB", "RGBA") and draw(st.booleans()):
        options["icc_profile"] = SWAPPED
        rgb = rgb[..., [1, 0, 2]]
    orientation = draw(st.integers(1, 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    image.save(out, kind, exif=exif, **options)
    return out.getvalue(), seen(rgb, orientation), None if alpha is None else seen(alpha, orientation)


def build(mode, samples):
    """A Pillow image, and its RGB 0..255 and alpha 0..1 or None, worked out without Pillow."""
    first = samples[..., 0]
    if mode == "1":
        return Image.fromarray(first > 128), np.stack([(first > 128) * 255.0] * 3, axis=-1), None
    if mode == "P":
        image = Image.frombytes("P", first.shape[::-1], first.tobytes())
        palette = np.random.default_rng(0).integers(0, 256, (256, 3), dtype=np.uint8)
        image.putpalette(palette.tobytes())
        return image, palette[first], None
    if mode == "I;16":
        return Image.fromarray(first * 257), np.stack([first] * 3, axis=-1), None
    if mode == "CMYK":
        ink = 1 - samples / 255
        image = Image.frombytes("CMYK", first.shape[::-1], samples.tobytes())
        return image, ink[..., :3] * ink[..., 3:] * 255, None
    image = Image.frombytes(mode, first.shape[::-1], samples.tobytes())
    color = np.repeat(samples[..., :1], 3, axis=2) if mode in ("L", "LA") else samples[..., :3]
    alpha = samples[..., -1] / 255 if mode.endswith("A") and (samples[..., -1] < 255).any() else None
    return image, color, alpha


@settings(deadline=None)  # decoders take as long as the machine lets them
@given(files())
def test_any_file_comes_upright_with_its_colors_and_its_alpha(case):
    data, rgb, alpha = case
    picture = images.read(data)
    assert picture.rgb.shape == rgb.shape
    assert np.abs(picture.rgb - rgb).max() <= 1
    assert (picture.alpha is None) == (alpha is None)
    if alpha is not None:
        assert np.allclose(picture.alpha, alpha, atol=1e-6)


@settings(deadline=None)
@given(
    st.sampled_from([("png", np.uint8), ("png", np.uint16), ("tif", np.uint8), ("tif", np.uint16)]),
    st.sampled_from([3, 4]),
    st.data(),
)
def test_lossless_formats_give_back_every_bit(kind, channels, data):
    suffix, dtype = kind
    samples = data.draw(hnp.arrays(dtype, (data.draw(sides), data.draw(sides), channels)))
    picture = images.read(samples)
    back = images.read(images.encode(picture, suffix))
    full = np.iinfo(dtype).max
    assert back.depth == picture.depth
    assert np.array_equal(np.rint(back.rgb * (full / 255)), np.rint(picture.rgb * (full / 255)))
    visible = samples[..., 3:] > 0 if channels == 4 else np.True_
    assert np.array_equal(np.rint(back.rgb * (full / 255)) * visible, samples[..., :3] * visible)
    alpha = np.ones(samples.shape[:2]) if back.alpha is None else back.alpha
    assert np.array_equal(
        np.rint(alpha * full), samples[..., 3] if channels == 4 else np.full_like(samples[..., 0], full)
    )


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from([("png", np.uint8), ("png", np.uint16), ("tif", np.uint8), ("tif", np.uint16)]),
    st.integers(1, 4),
    st.integers(1, 40),
    st.sampled_from([SWAPPED, None]),
    st.data(),
)
def test_bands_of_any_size_give_the_same_file_and_the_same_picture(kind, channels, pixels, profile, data):
    suffix, dtype = kind
    samples = data.draw(hnp.arrays(dtype, (data.draw(sides), data.draw(sides), channels)))
    size = data.draw(sides), data.draw(sides)

    def made():
        given = images.read(samples)
        file = images.encode(given, suffix, profile=profile)
        back = images.read(file)
        resized = images.resize(back, *size)
        arrays = [given.rgb, back.rgb, resized.rgb, *(it for it in (back.alpha, resized.alpha) if it is not None)]
        return [*arrays, np.array([given.is_gray])], images.read(file).to_pil().tobytes()

    arrays, shown = made()
    with mock.patch.object(picture_module, "BAND_PIXELS", pixels):
        by_bands, shown_by_bands = made()
    assert shown == shown_by_bands
    assert len(arrays) == len(by_bands)
    assert all(np.allclose(one, other, rtol=1e-6, atol=1e-5) for one, other in zip(arrays, by_bands, strict=True))


@settings(deadline=None)
@given(st.integers(0, 255), st.floats(0.01, 1), sides, sides, st.integers(1, 40), st.integers(1, 40))
def test_resizing_keeps_a_flat_color_and_a_flat_alpha(level, opacity, height, width, new_height, new_width):
    rgb = np.full((height, width, 3), level, np.float32)
    alpha = np.full((height, width), opacity, np.float32)
    for picture in (Picture(rgb), Picture(rgb, alpha)):
        resized = images.resize(picture, new_width, new_height)
        assert resized.rgb.shape == (new_height, new_width, 3)
        assert resized.rgb.dtype == np.float32
        assert np.allclose(resized.rgb, level, atol=1e-2)
        if picture.alpha is not None:
            assert np.allclose(resized.alpha, opacity, atol=1e-4)


@settings(deadline=None)
@given(hnp.arrays(np.uint8, (6, 7, 4)), st.integers(1, 20), st.integers(1, 20))
def test_resizing_stays_in_range(samples, width, height):
    resized = images.resize(images.read(samples), width, height)
    assert np.isfinite(resized.rgb).all()
    assert resized.rgb.min() >= 0
    assert resized.rgb.max() <= 255
    if resized.alpha is not None:
        assert 0 <= resized.alpha.min() <= resized.alpha.max() <= 1


@functools.cache
def intact():
    """One small file of each kind."""
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 4), dtype=np.uint8)
    picture = images.read(noise)
    made = {name: images.encode(picture, name, profile=SWAPPED) for name in images.SUFFIXES}
    deep = Picture(picture.rgb, picture.alpha, depth=16)
    made |= {"png16": images.encode(deep, "png", metadata={"key": "text"}), "tif16": images.encode(deep, "tif")}
    for kind in ("GIF", "PPM", "ICO", "JPEG2000", "TIFF"):
        out = io.BytesIO()
        Image.fromarray(noise[..., :3]).save(out, kind, **({"compression": "jpeg"} if kind == "TIFF" else {}))
        made[kind] = out.getvalue()
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(noise[..., :3])).save(out)
    return made | {"heic": out.getvalue()}


@settings(deadline=None)
@given(
    st.sampled_from(sorted(intact())),
    st.floats(0, 1),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
)
def test_a_damaged_file_is_a_picture_or_an_image_error(kind, share, damage):
    data = bytearray(intact()[kind])
    for where, value in damage:
        data[int(where * (len(data) - 1))] = value
    cut = bytes(data[: int(share * len(data))]) if share < 0.8 else bytes(data)  # some are damaged, but whole
    for use in (images.read, images.read_metadata):
        with contextlib.suppress(ImageError):  # anything else fails the test
            use(cut)
