"""Reading pictures of every kind."""

import hashlib
import io
import os
import struct
import sys
import zlib

import numpy as np
import pillow_heif
import png
import pytest
import tifffile
from PIL import Image, ImageCms

from impasto import images
from impasto.errors import ImageError
from impasto.images import samples
from impasto.images.picture import Picture

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quadrants(height=24, width=32):
    """Red, green / blue, white: no two of its eight orientations are alike."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2], rgb[: height // 2, width // 2 :] = RED, GREEN
    rgb[height // 2 :, : width // 2], rgb[height // 2 :, width // 2 :] = BLUE, WHITE
    return rgb


def file_bytes(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_16(samples, **options):
    height, width, channels = samples.shape
    out = io.BytesIO()
    writer = png.Writer(width, height, greyscale=channels < 3, alpha=channels in (2, 4), bitdepth=16, **options)
    flat = samples.reshape(height, -1)
    if options.get("interlace"):
        writer.write_array(out, flat.ravel().tolist())
    else:
        writer.write(out, flat.tolist())
    return out.getvalue()


def huge_png(width, height, depth=8, color_type=2):
    """A PNG whose header promises more than anyone can hold."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def words(channels, seed=0):
    return np.random.default_rng(seed).integers(1, 65536, (13, 9, channels), dtype=np.uint16)


def in_words(picture):
    return np.rint(picture.rgb * 257).astype(np.uint16)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV", "RGBX"])
def test_a_pillow_image_of_an_opaque_mode_looks_as_pillow_shows_it(mode):
    image = Image.fromarray(quadrants()).convert(mode)
    picture = images.read(image)
    assert picture.alpha is None
    assert np.array_equal(picture.rgb, np.asarray(image.convert("RGB"), np.float32))


@pytest.mark.parametrize("mode", ["LA", "La", "PA", "RGBA", "RGBa"])
def test_a_pillow_image_with_alpha_keeps_it(mode):
    opacity = np.tile(np.linspace(255, 60, 32).astype(np.uint8), (24, 1))
    image = Image.fromarray(np.dstack([np.full((24, 32, 3), 255, np.uint8), opacity]))
    if mode == "PA":
        image = Image.new("P", (32, 24), 0)
        image.putpalette([255, 255, 255])
        image = image.convert("PA")
        image.putalpha(Image.fromarray(opacity))
    else:
        image = image.convert("LA" if mode == "La" else "RGBA").convert(mode)
    assert image.mode == mode
    picture = images.read(image)
    assert np.allclose(picture.alpha, opacity / 255, atol=1e-6)
    assert np.allclose(picture.rgb, 255)


def test_a_palette_file_with_transparent_colors_has_alpha():
    palette = Image.frombytes("P", (3, 2), bytes([0, 1, 2] * 2))
    palette.putpalette([*RED, *GREEN, *BLUE])
    picture = images.read(file_bytes(palette, transparency=bytes([255, 128, 0])))
    assert np.allclose(picture.alpha, [[1, 128 / 255, 0]] * 2, atol=1e-6)
    assert np.array_equal(picture.rgb[0, :2], [RED, GREEN])


def test_a_gif_with_a_transparent_color_has_alpha():
    palette = Image.frombytes("P", (2, 1), b"\0\1")
    palette.putpalette([*RED, *GREEN])
    picture = images.read(file_bytes(palette, "GIF", transparency=1))
    assert picture.alpha.tolist() == [[1, 0]]


def test_a_color_named_transparent_in_rgb_and_gray_png_becomes_alpha():
    rgb = images.read(file_bytes(Image.fromarray(quadrants()), transparency=GREEN))
    assert (rgb.alpha[:12, 16:] == 0).all()
    assert rgb.alpha.sum() == 24 * 32 - 12 * 16
    gray = images.read(file_bytes(Image.frombytes("L", (2, 1), b"\x07\x09"), transparency=7))
    assert gray.alpha.tolist() == [[0, 1]]


def test_what_lies_under_full_transparency_takes_the_mean_visible_color():
    array = np.zeros((2, 2, 4), np.uint8)
    array[0] = [[200, 100, 0, 255], [100, 200, 0, 255]]  # beneath: black garbage
    picture = images.read(array)
    assert np.allclose(picture.rgb[1], [150, 150, 0])
    assert np.array_equal(picture.rgb[0], array[0, :, :3])


def test_partly_transparent_pixels_keep_their_color():
    picture = images.read(np.array([[[10, 20, 30, 1], [200, 100, 50, 255]]], np.uint8))
    assert np.array_equal(picture.rgb[0, 0], [10, 20, 30])


def test_a_wholly_transparent_picture_can_be_read():
    picture = images.read(np.zeros((3, 4, 4), np.uint8))
    assert np.isfinite(picture.rgb).all()
    assert (picture.alpha == 0).all()


def test_an_opaque_alpha_is_dropped():
    assert images.read(Image.fromarray(quadrants()).convert("RGBA")).alpha is None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_a_turned_photograph_comes_upright(kind, orientation):
    upright = quadrants()
    inverse = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: np.transpose(a, (1, 0, 2)),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(np.transpose(a, (1, 0, 2)), 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = Image.fromarray(np.ascontiguousarray(inverse[orientation](upright)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = images.read(file_bytes(stored, kind, exif=exif))
    assert (picture.width, picture.height) == (32, 24)
    middles = picture.rgb[6:24:12, 8:32:16]
    assert np.allclose(middles, upright[6:24:12, 8:32:16], atol=12)


def test_broken_exif_does_not_hinder_reading():
    data = file_bytes(Image.fromarray(quadrants()), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7fgarbage", quality=95)
    assert images.read(data).width == 32


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlace", [False, True])
def test_every_bit_of_a_16_bit_png_is_read(channels, interlace):
    samples = words(channels)
    picture = images.read(png_16(samples, interlace=interlace))
    color = samples[..., :3] if channels > 2 else np.repeat(samples[..., :1], 3, axis=2)
    assert picture.depth == 16
    assert np.array_equal(in_words(picture), color)
    if channels in (2, 4):
        assert np.array_equal(np.rint(picture.alpha * 65535), samples[..., -1])


@pytest.mark.parametrize("channels", [1, 3])
def test_a_color_named_transparent_in_16_bits_becomes_alpha(channels):
    samples = words(channels)
    clear = samples[2, 3]
    picture = images.read(png_16(samples, transparent=int(clear[0]) if channels == 1 else tuple(map(int, clear))))
    assert picture.alpha[2, 3] == 0
    assert picture.alpha.sum() == 13 * 9 - (samples == clear).all(axis=2).sum()


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_every_bit_of_a_16_bit_tiff_is_read(channels, byteorder, compression, tile):
    samples = words(channels)
    out = io.BytesIO()
    tifffile.imwrite(
        out,
        samples[..., 0] if channels == 1 else samples,
        photometric="minisblack" if channels == 1 else "rgb",
        extrasamples=["unassalpha"] if channels == 4 else None,
        byteorder=byteorder,
        compression=compression,
        tile=tile,
    )
    picture = images.read(out.getvalue())
    assert picture.depth == 16
    assert np.array_equal(in_words(picture), np.broadcast_to(samples[..., :3], (13, 9, 3)))
    if channels == 4:
        assert np.array_equal(np.rint(picture.alpha * 65535), samples[..., 3])


def test_a_turned_16_bit_tiff_comes_upright():
    samples = words(3)
    out = io.BytesIO()
    tifffile.imwrite(out, samples, photometric="rgb", extratags=[(274, "H", 1, 6, True)])
    assert np.array_equal(in_words(images.read(out.getvalue())), np.rot90(samples, -1))


def test_a_16_bit_tiff_whose_white_is_zero_is_not_a_negative():
    samples = words(1)[..., 0]
    out = io.BytesIO()
    tifffile.imwrite(out, samples, photometric="miniswhite")
    assert np.array_equal(in_words(images.read(out.getvalue()))[..., 0], 65535 - samples)


@pytest.mark.parametrize("cut", [0.1, 0.7, 0.99])
@pytest.mark.parametrize("tiled", [False, True])
def test_a_truncated_compressed_tiff_is_one_error_and_no_chatter(cut, tiled, capfd):
    out = io.BytesIO()
    tifffile.imwrite(out, words(3), photometric="rgb", compression="zlib", tile=(16, 16) if tiled else None)
    with pytest.raises(ImageError, match="cut short"):
        images.read(out.getvalue()[: int(cut * len(out.getvalue()))])
    assert capfd.readouterr() == ("", "")


def test_a_tiff_of_a_rare_kind_is_told_from_damage():
    out = io.BytesIO()
    tifffile.imwrite(out, words(1).astype(np.complex64), photometric="minisblack")
    with pytest.raises(ImageError, match=r"of a layout that Impasto does not read.*8 or 16 bits"):
        images.read(out.getvalue())


def test_float_and_integer_tiffs_find_their_white():
    ramp = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    for white, dtype in [(1, np.float32), (255, np.float32), (65535, np.int32)]:
        picture = images.read(file_bytes(Image.fromarray((ramp * white).astype(dtype)), "TIFF"))
        assert np.allclose(picture.rgb[..., 0], ramp * 255, atol=0.01 if white > 1 else 1e-4)
        assert picture.depth == 16


@pytest.mark.parametrize(
    ("dtype", "white"),
    [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1), (np.float64, 1), (np.float16, 1), (bool, 1)],
)
@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 2), (4, 6, 3), (4, 6, 4)])
def test_arrays_of_each_type_and_shape_are_taken(dtype, white, shape):
    array = np.full(shape, white).astype(dtype)
    picture = images.read(array)
    assert picture.rgb.shape == (4, 6, 3)
    assert picture.rgb.dtype == np.float32
    assert (picture.rgb == 255).all()
    assert picture.depth == (8 if array.dtype.itemsize == 1 else 16)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 2, 5), np.uint8), r"shape \(2, 2, 5\)"),
        (np.zeros((0, 2, 3), np.uint8), "shape"),
        (np.zeros(7, np.uint8), "shape"),
        (np.zeros((2, 2, 3), np.int64), "int64"),
        (np.zeros((2, 2, 3), complex), "complex"),
        (np.array([["a"]]), "U1"),
        (np.full((2, 2, 3), np.nan), "not finite"),
        (np.full((2, 2, 3), np.inf, np.float32), "not finite"),
        (np.full((2, 2, 3), 200.0), "floats from 200 to 200.*0..1"),
    ],
)
def test_an_array_that_is_no_picture_is_refused_with_a_reason(array, said):
    with pytest.raises(ImageError, match=said):
        images.read(array)


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (8, 6), color) for color in (RED, GREEN)]
    for kind, options in [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})]:
        picture = images.read(file_bytes(frames[0], kind, save_all=True, append_images=frames[1:], **options))
        assert (picture.rgb == RED).all(), kind


def test_cmyk_files_with_and_without_adobe_inversion_are_read():
    image = Image.fromarray(quadrants()).convert("CMYK")
    for kind, options in [("JPEG", {"quality": 95}), ("TIFF", {})]:
        picture = images.read(file_bytes(image, kind, **options))
        assert np.allclose(picture.rgb[6:24:12, 8:32:16], quadrants()[6:24:12, 8:32:16], atol=6), kind


def test_a_lab_tiff_is_converted_to_srgb():
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    muted = quadrants() // 2 + 60  # at the rim of sRGB, 8-bit Lab is too coarse to compare
    image = ImageCms.profileToProfile(Image.fromarray(muted), srgb, lab, outputMode="LAB")
    assert np.allclose(images.read(file_bytes(image, "TIFF")).rgb, muted, atol=4)


def test_a_heic_photograph_is_read_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(np.rot90(quadrants(64, 96)).copy())).save(
        out, quality=95, exif=exif.tobytes()
    )
    picture = images.read(out.getvalue())
    assert (picture.width, picture.height) == (96, 64)
    assert np.allclose(picture.rgb[16:64:32, 24:96:48], quadrants()[6:24:12, 8:32:16], atol=12)


def test_a_heic_photograph_without_its_reader_names_the_extra(monkeypatch):
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 64))).save(out)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # what `import` sees when it is not installed
    with pytest.raises(ImageError, match=r'pip install "pillow-heif'):
        images.read(out.getvalue())


def test_each_kind_of_source_gives_the_same_picture(tmp_path):
    data = file_bytes(Image.fromarray(quadrants()))
    path = tmp_path / "quadrants.png"
    path.write_bytes(data)
    with path.open("rb") as file, Image.open(path) as image:
        pictures = [
            images.read(source) for source in (path, str(path), data, io.BytesIO(data), file, image, quadrants())
        ]
    assert all(np.array_equal(picture.rgb, quadrants()) for picture in pictures)
    names = [picture.name for picture in pictures]
    assert names == [str(path), str(path), "bytes", "image", str(path), str(path), "array"]
    assert {picture.sha256 for picture in pictures[:5]} == {hashlib.sha256(data).hexdigest()}
    assert pictures[6].sha256 == hashlib.sha256(quadrants().tobytes()).hexdigest()


def test_a_pipe_can_be_read_and_is_called_as_the_caller_says():
    reader, writer = os.pipe()
    data = file_bytes(Image.fromarray(quadrants()))
    os.write(writer, data)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        picture = images.read(stream, name="stdin")
    assert (picture.name, picture.width) == ("stdin", 32)
    named = io.BytesIO(data)
    named.name = "<stdin>"  # as sys.stdin.buffer has it
    assert images.read(named).name == "stdin"


def test_a_picture_of_more_than_pillows_limit_is_read_up_to_ours(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert images.read(file_bytes(Image.fromarray(quadrants()))).width == 32
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize(("depth", "color_type"), [(8, 2), (16, 2), (16, 4), (1, 0)])
def test_a_decompression_bomb_is_refused_by_its_header(depth, color_type):
    with pytest.raises(ImageError, match=r"50000 x 50000 pixels, more than 250 million.*smaller"):
        images.read(huge_png(50_000, 50_000, depth, color_type), name="bomb.png")


def test_a_tiff_bomb_is_refused_by_its_header():
    out = io.BytesIO()
    tifffile.imwrite(out, np.zeros((8, 8, 3), np.uint16), photometric="rgb", byteorder="<")
    data = bytearray(out.getvalue())
    for tag in (256, 257):
        at = data.index(struct.pack("<H", tag), 8)
        data[at : at + 12] = struct.pack("<HHII", tag, 4, 1, 50_000)
    with pytest.raises(ImageError, match="50000 x 50000 pixels"):
        images.read(bytes(data))


def bad_files():
    whole = {
        "PNG": file_bytes(Image.effect_noise((64, 64), 50)),
        "JPEG": file_bytes(Image.effect_noise((64, 64), 50), "JPEG"),
        "GIF": file_bytes(Image.effect_noise((64, 64), 50), "GIF"),
        "TIFF": file_bytes(Image.effect_noise((64, 64), 50), "TIFF"),
        "WEBP": file_bytes(Image.effect_noise((64, 64), 50), "WEBP"),
        "AVIF": file_bytes(Image.effect_noise((64, 64), 50), "AVIF"),
        "PNG16": png_16(words(3)),
    }
    return {kind: data[: len(data) // 2] for kind, data in whole.items()}


@pytest.mark.parametrize("kind", list(bad_files()))
def test_a_truncated_file_is_named_with_a_remedy(kind, tmp_path):
    path = tmp_path / "half.bin"
    path.write_bytes(bad_files()[kind])
    with pytest.raises(ImageError) as caught:
        images.read(path)
    message = str(caught.value)
    assert str(path) in message
    assert "damaged" in message
    assert "\n" not in message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"hello, world", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"\0\0\0\x18ftypheic", "damaged"),
    ],
)
def test_a_file_that_is_no_picture_says_so(data, said, tmp_path):
    path = tmp_path / "file.png"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=said):
        images.read(path)


def test_a_missing_file_a_folder_and_a_text_stream_say_so(tmp_path):
    with pytest.raises(ImageError, match="does not exist"):
        images.read(tmp_path / "nothing.png")
    with pytest.raises(ImageError, match="is a folder"):
        images.read(tmp_path)
    with pytest.raises(ImageError, match="opened as text"):
        images.read(io.StringIO("text"))
    with pytest.raises(ImageError, match="a int is not a picture"):
        images.read(3)
    with pytest.raises(ImageError, match="cannot be opened"):
        images.read("null\0byte.png")


def test_a_file_without_permission_says_so(unprivileged):
    path = unprivileged / "secret.png"
    with pytest.raises(ImageError, match="may not be read"):
        images.read(path)


@pytest.fixture
def unprivileged(tmp_path):
    """A folder with a file that nobody may read, while the test runs as somebody who is not root."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(file_bytes(Image.fromarray(quadrants())))
    secret.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield tmp_path
    if root:
        os.seteuid(0)


def test_metadata_of_other_formats_is_empty_and_damage_is_reported():
    assert images.read_metadata(file_bytes(Image.fromarray(quadrants()), "JPEG")) == {}
    assert images.read_metadata(quadrants()) == {}
    with pytest.raises(ImageError, match="bytes is not a picture"):
        images.read_metadata(b"nonsense")


def test_to_pil_rounds_and_clips():
    picture = Picture(np.array([[[-3, 99.6, 300]]], np.float32), np.array([[0.5]], np.float32))
    assert np.asarray(picture.to_pil()).tolist() == [[[0, 100, 255, 128]]]
    assert Picture(picture.rgb).to_pil().mode == "RGB"


KINDS = ["rgb.jpg", "cmyk.jpg", "gray.jpg", "rgba.png", "palette.png", "deep.png", "turned.jpg", "clear.png"]


@pytest.mark.parametrize("name", KINDS)
def test_a_thumbnail_is_a_small_copy_of_the_picture_whatever_its_kind(tmp_path, name):
    random = np.random.default_rng(1)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 4), np.uint8)).resize((360, 280), Image.Resampling.BICUBIC)
    modes = {"rgb": "RGB", "cmyk": "CMYK", "gray": "L", "rgba": "RGBA", "palette": "P", "turned": "RGB"}
    kind = name.partition(".")[0]
    options = {}
    if kind == "turned":
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = 6
    if kind == "clear":
        options["transparency"] = (0, 0, 0)
    if kind == "deep":
        images.save(Picture(np.asarray(coarse, np.float32)[..., :3], depth=16), tmp_path / name)
    else:
        coarse.convert(modes.get(kind, "RGB")).save(tmp_path / name, **options)
    small, whole = images.read_thumbnail(tmp_path / name, 36), images.shrink(images.read(tmp_path / name), 36)
    assert (small.width, small.height) == (whole.width, whole.height) == ((28, 36) if kind == "turned" else (36, 28))
    assert np.abs(small.rgb - whole.rgb).mean() < 2
    assert (small.alpha is None) is (whole.alpha is None)


def test_a_thumbnail_of_a_large_photograph_takes_little_memory(tmp_path, monkeypatch):
    Image.new("RGB", (4000, 3000), "red").save(tmp_path / "large.jpg")
    sizes = []
    made = samples.from_decoded
    monkeypatch.setattr(samples, "from_decoded", lambda it: sizes.append(it.image.size) or made(it))
    assert images.read_thumbnail(tmp_path / "large.jpg", 240).width == 240
    assert max(sizes[0]) < 1000


def test_what_is_said_of_a_damaged_file_is_the_same_each_time(tmp_path):
    """Libraries name objects by their addresses; a batch compares what failed with what failed before."""
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    with pytest.raises(ImageError, match=r"a\.png is damaged or cut short \(cannot identify image file\)\."):
        images.read(tmp_path / "a.png")
