"""Files that trouble other programs: read right, or refused by name; and what of them a result keeps."""

import contextlib
import io
import struct
import warnings
import zlib
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
import tifffile
import torch
from PIL import ExifTags, ImageCms, TiffImagePlugin
from quick import QUICK

from impasto import Finished, Result, Settings, images
from impasto.errors import ImageError
from impasto.images import exif

WIDTH, HEIGHT = 64, 48
_ROWS, _COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]
RAMP = np.stack([_COLUMNS * 4, _ROWS * 5, 255 - _COLUMNS * 3], -1).astype(np.uint8)
TAG, IFD = ExifTags.Base, ExifTags.IFD


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(*chunks: tuple[bytes, bytes], pixels=RAMP) -> bytes:
    """The ramp as a PNG with further chunks before the pixels."""
    height, width, _ = pixels.shape
    body = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    own = b"".join(chunk(*each) for each in chunks)
    return b"\x89PNG\r\n\x1a\n" + header + own + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def flat(color: tuple[int, int, int]) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), color, np.uint8)


def color_of(data: bytes) -> list[int]:
    return np.rint(images.read(data).rgb[20, 20]).astype(int).tolist()


def is_ramp(data: bytes) -> bool:
    return np.array_equal(images.read(data).rgb, RAMP)


def test_F1_what_is_hidden_in_a_painting_does_not_color_the_result(impasto, folder):
    painting = PIL.Image.open(folder / "painting.jpg").convert("RGB").resize((80, 80))
    painting.save(folder / "cut.png")
    sticker = np.zeros((160, 160, 4), np.uint8)
    sticker[40:120, 40:120, :3], sticker[40:120, 40:120, 3] = painting, 255
    sticker[:40, :, :3] = (255, 0, 255)  # erased, and nobody sees it
    PIL.Image.fromarray(sticker).save(folder / "sticker.png")
    for name in ("cut", "sticker"):
        assert impasto("photo.jpg", f"{name}.png", "-o", f"{name}-result.png", *QUICK).code == 0
    assert (folder / "sticker-result.png").read_bytes() != b""
    results = [np.asarray(PIL.Image.open(folder / f"{name}-result.png")) for name in ("cut", "sticker")]
    assert np.array_equal(*results)


def test_F1_a_round_painting_gives_its_colors_and_not_their_mean(impasto, folder):
    rows, columns = np.mgrid[0:96, 0:96] - 48
    seen = (rows**2 + columns**2 < 30**2) | ((rows == columns) & (np.abs(rows) >= 47))  # a disk, and two far corners
    stripes = np.where((columns // 6 % 2)[..., np.newaxis], (240, 200, 20), (20, 40, 140))
    painting = np.dstack([stripes * seen[..., np.newaxis], seen * 255]).astype(np.uint8)
    PIL.Image.fromarray(painting).save(folder / "round.png")
    done = impasto("photo.jpg", "round.png", "-o", "out.png", "--strength", "1", *QUICK[:-1], "20")
    assert done.code == 0, done.err
    result = np.asarray(PIL.Image.open(folder / "out.png")).astype(int)
    between = np.abs(result - (130, 120, 80)).max(axis=2) < 45
    assert between.mean() < 0.25  # 0.6 where the hidden pixels count


def test_F1_a_painting_of_which_nothing_is_seen_is_refused(impasto, folder):
    PIL.Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(folder / "clear.png")
    done = impasto("photo.jpg", "clear.png", *QUICK)
    assert done.code == 2
    assert "clear.png is transparent all over" in done.err


@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_F2_planes_of_16_bits_are_no_garbage(byte_order):
    out = io.BytesIO()
    planes = (RAMP.astype(np.uint16) * 257).transpose(2, 0, 1).copy()
    tifffile.imwrite(out, planes, photometric="rgb", planarconfig="separate", byteorder=byte_order, metadata=None)
    picture = images.read(out.getvalue())
    assert picture.depth == 16
    assert np.allclose(picture.rgb, RAMP, atol=1e-3)


def test_F3_a_picture_is_read_and_not_its_thumbnail():
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(RAMP[::2, ::2].copy(), photometric="rgb", subfiletype=1, metadata=None)
        writer.write(RAMP, photometric="rgb", subfiletype=0, metadata=None)
    assert is_ramp(out.getvalue())


def test_F3_a_camera_raw_is_refused_by_name():
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        version = [(50706, "B", 4, (1, 4, 0, 0), True)]
        writer.write(RAMP, photometric="rgb", subfiletype=1, subifds=1, metadata=None, extratags=version)
        writer.write(np.zeros((96, 128), np.uint16), photometric=32803, subfiletype=0, metadata=None)
    others = (b"II*\0\x10\0\0\0CR\2\0", b"FUJIFILMCCD-RAW 0201", b"\0\0\0\x18ftypcrx isom", b"IIU\0\x08\0\0\0rest")
    for data in (out.getvalue(), *others):
        with pytest.raises(ImageError, match=r"shot is a camera raw.*[Dd]evelop it first"):
            images.read(data, name="shot")


def test_F4_a_large_text_or_profile_does_not_damage_a_picture():
    text = b"workflow\0\0" + zlib.compress(b'{"a": 1, "prompt": "xyz"} ' * 80_000)
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(3_000_000))
    profile[:4] = struct.pack(">I", len(profile))
    assert is_ramp(png_with((b"zTXt", text)))
    assert is_ramp(png_with((b"iCCP", b"p\0\0" + zlib.compress(bytes(profile)))))
    assert images.read_metadata(png_with((b"zTXt", text)))["workflow"].startswith('{"a": 1')


@pytest.mark.parametrize(
    "kind", [b"zTXt", b"iTXt", b"tEXt", b"iCCP", b"eXIf", b"gAMA", b"cHRM", b"pHYs", b"acTL", b"cICP"]
)
@pytest.mark.parametrize("data", [b"", b"\0", b"\xff" * 9, b"key\0\0\xff\xff", bytes(40)])
def test_F4_nothing_beside_the_pixels_decides_whether_a_picture_is_read(kind, data):
    assert images.read(png_with((kind, data))).width == WIDTH
    assert images.read_metadata(png_with((kind, data))) is not None
    spoiled = bytearray(png_with((kind, data)))
    spoiled[41 + len(data)] ^= 1  # the chunk's checksum
    assert images.read(bytes(spoiled)).width == WIDTH


def adobe_rgb(kind: str, **options) -> bytes:
    tags, out = PIL.Image.Exif(), io.BytesIO()
    shot = tags.get_ifd(IFD.Exif)
    tags[TAG.Make] = "Maker of Cameras"
    shot[TAG.ColorSpace], shot[IFD.Interop] = 65535, {1: "R03"}
    PIL.Image.fromarray(flat((200, 60, 60))).save(out, kind, exif=tags, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"), [("JPEG", {"quality": 100, "subsampling": 0}), ("PNG", {}), ("WEBP", {"lossless": True})]
)
def test_F5_adobe_rgb_that_only_exif_states_is_honored(kind, options):
    assert np.abs(np.subtract(color_of(adobe_rgb(kind, **options)), (231, 57, 57))).max() <= 1


def test_F5_a_profile_comes_before_what_exif_says():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert color_of(adobe_rgb("WEBP", lossless=True, icc_profile=srgb)) == [200, 60, 60]


def test_F5_what_chunks_of_a_png_say_is_honored_in_their_order():
    linear = (b"gAMA", struct.pack(">I", 100_000))
    gray = flat((55, 55, 55))  # 0.2157 of white's light: sRGB writes 128
    assert color_of(png_with(linear, pixels=gray)) == [128, 128, 128]
    assert color_of(png_with(linear, (b"sRGB", b"\0"), pixels=gray)) == [55, 55, 55]
    assert color_of(png_with((b"gAMA", struct.pack(">I", 45_455)), pixels=gray)) == [55, 55, 55]
    wide = png_with((b"sRGB", b"\0"), (b"cICP", bytes([12, 13, 0, 1])), pixels=flat((200, 60, 60)))  # Display P3
    assert color_of(wide) == [217, 42, 52]
    with pytest.raises(ImageError, match="HDR picture"):
        images.read(png_with((b"cICP", bytes([9, 16, 0, 1]))))


def test_F6_gray_inputs_give_a_gray_result(impasto, folder):
    for name in ("photo", "painting"):
        PIL.Image.open(folder / f"{name}.jpg").convert("L").save(folder / f"{name}.png")
    for color in ("style", "photo", "match"):
        done = impasto("photo.png", "painting.png", "--color", color, "-o", f"by-{color}.png", *QUICK)
        assert done.code == 0, done.err
        red, green, blue = np.moveaxis(np.asarray(PIL.Image.open(folder / f"by-{color}.png")).astype(int), 2, 0)
        assert np.array_equal(red, green), color
        assert np.array_equal(green, blue), color


def test_F7_sixteen_bits_stay_sixteen_bits():
    words = RAMP.astype(np.uint16) * 257 + _COLUMNS[..., np.newaxis].astype(np.uint16) // 2
    out = io.BytesIO()
    four = np.dstack([words, np.full((HEIGHT, WIDTH), 65535, np.uint16)])
    tifffile.imwrite(out, four, photometric="rgb", extrasamples=["unspecified"], metadata=None)
    ppm = f"P6 {WIDTH} {HEIGHT} 65535\n".encode() + words.astype(">u2").tobytes()
    for data in (out.getvalue(), ppm):
        picture = images.read(data)
        assert picture.depth == 16
        assert np.allclose(picture.rgb * 257, words, atol=0.05)


def test_F8_broken_exif_is_passed_over_in_silence(impasto, folder):
    tags = PIL.Image.Exif()
    tags[TAG.Orientation], tags[TAG.Make] = 1, "Maker of Cameras"
    block = bytearray(tags.tobytes())
    place = block.find(b"\x01\x0f\x00\x02")
    block[place + 4 : place + 8] = b"\x00\x0f\x0f\x00"
    for suffix in ("png", "jpg", "webp", "tif"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            PIL.Image.fromarray(RAMP).save(folder / f"bad.{suffix}", exif=bytes(block))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        for suffix in ("png", "jpg", "webp", "tif"):
            done = impasto(f"bad.{suffix}", "painting.jpg", "-q", "-o", f"out-{suffix}.png", *QUICK)
            assert (done.code, done.out, done.err) == (0, "", ""), suffix


def camera_jpeg() -> bytes:
    """A photograph as a camera writes it: lying on its side, with who, when, where, and 300 dots per inch."""
    tags, out = PIL.Image.Exif(), io.BytesIO()
    tags[TAG.Orientation], tags[TAG.DateTime], tags[TAG.Artist] = 6, "2024:05:06 07:08:09", "Ada Lovelace"
    tags[TAG.Copyright] = "(c) Ada"
    tags[TAG.XResolution], tags[TAG.YResolution], tags[TAG.ResolutionUnit] = 300, 300, 2
    shot, place = tags.get_ifd(IFD.Exif), tags.get_ifd(IFD.GPSInfo)
    shot[TAG.DateTimeOriginal], shot[TAG.MakerNote], shot[TAG.BodySerialNumber] = (
        "2024:05:06 07:08:09",
        b"x" * 50,
        "0123",
    )
    place.update({1: "N", 2: (47.0, 22.0, 12.5), 3: "E", 4: (8.0, 32.0, 1.0)})
    PIL.Image.fromarray(np.ascontiguousarray(RAMP)).save(out, "JPEG", exif=tags, dpi=(300, 300))
    return out.getvalue()


def what_is_said(path) -> tuple:
    with PIL.Image.open(path) as image:
        tags = image.getexif()
        shot, place = tags.get_ifd(IFD.Exif), tags.get_ifd(IFD.GPSInfo)
        dots = tags.get(TAG.XResolution) if tags.get(TAG.ResolutionUnit) == 2 else None  # else a ratio of sides
        named = (*(tags.get(tag) for tag in (TAG.DateTime, TAG.Artist, TAG.Copyright)), dots)
        private = [tag for tag in (TAG.MakerNote, TAG.BodySerialNumber) if tag in shot]
        return (*named, shot.get(TAG.DateTimeOriginal), place.get(2), tags.get(TAG.Orientation, 1), private, image.size)


SAID = ("2024:05:06 07:08:09", "Ada Lovelace", "(c) Ada", 300, "2024:05:06 07:08:09", (47.0, 22.0, 12.5), 1, [])


def test_F13_who_when_and_where_are_kept_and_the_picture_is_turned_once(impasto, folder):
    (folder / "shot.jpg").write_bytes(camera_jpeg())
    for photo, result in (("shot.jpg", "out.jpg"), ("out.jpg", "again.tif")):
        done = impasto(photo, "painting.jpg", "-o", result, *QUICK)
        assert done.code == 0, done.err
        assert what_is_said(folder / result) == (*SAID, (48, 64))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif"])
def test_F13_every_format_that_holds_them_does(folder, suffix):
    (folder / "shot.jpg").write_bytes(camera_jpeg())
    images.save(images.read(folder / "shot.jpg"), folder / f"out.{suffix}")
    assert what_is_said(folder / f"out.{suffix}") == (*SAID, (48, 64))


def test_F13_strip_leaves_all_of_it_out(impasto, folder):
    (folder / "shot.jpg").write_bytes(camera_jpeg())
    assert impasto("shot.jpg", "painting.jpg", "--strip", "-o", "out.png", *QUICK).code == 0
    assert what_is_said(folder / "out.png")[:6] == (None,) * 6
    assert images.read_metadata(folder / "out.png") == {}
    data = (folder / "out.png").read_bytes()
    assert not [word for word in (b"Ada", b"2024", b"painterly", b"shot.jpg") if word in data]


def test_F13_strip_leaves_all_of_it_out_in_python_too(folder):
    (folder / "shot.jpg").write_bytes(camera_jpeg())
    picture, told = images.read(folder / "shot.jpg"), {"impasto:settings": '{"recipe": "painterly"}'}
    result = Result(picture, {}, Settings(), told)
    for suffix in ("png", "jpg", "tif", "webp", "avif"):
        result.save(folder / f"whole.{suffix}")
        result.save(folder / f"bare.{suffix}", strip=True)
        Finished(result, 1.0, stopped=False).save(folder / f"last.{suffix}", strip=True)
        bare = (folder / f"bare.{suffix}").read_bytes()
        assert bare == (folder / f"last.{suffix}").read_bytes() == result.to_bytes(suffix, strip=True)
        assert what_is_said(folder / f"whole.{suffix}")[:6] == SAID[:6]
        assert what_is_said(folder / f"bare.{suffix}")[:6] == (None,) * 6
        assert not [word for word in (b"Ada", b"2024", b"painterly", b"shot.jpg") if word in bare]
    assert images.read_metadata(folder / "whole.png") == told
    assert images.read_metadata(folder / "bare.png") == {}


def test_F13_sixteen_bits_keep_them_too(folder):
    (folder / "shot.jpg").write_bytes(camera_jpeg())
    picture = images.read(folder / "shot.jpg")
    deep = images.Picture(picture.rgb, depth=16, exif=picture.exif)
    for suffix in ("png", "tif"):
        images.save(deep, folder / f"deep.{suffix}")
        assert images.read(folder / f"deep.{suffix}").depth == 16
        assert what_is_said(folder / f"deep.{suffix}") == (*SAID, (48, 64))


def icon_of(data: bytes) -> bytes:
    """An icon whose entry says 0 x 0, which means 256 x 256, around a PNG of any size."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(data), 22) + data


def test_S7_an_icon_cannot_hide_a_picture_of_any_size():
    rows = zlib.compress(bytes((20_000 * 3 + 1) * 20_000 // 64), 9)  # a part of them is enough of a threat
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    with pytest.raises(ImageError, match="more than 250 million"):
        images.read(icon_of(bomb))
    with pytest.raises(ImageError, match="more than 1 million"):
        images.read(icon_of(png_with(pixels=np.zeros((1100, 1000, 3), np.uint8))), most_pixels=1_000_000)
    assert is_ramp(icon_of(png_with()))


@pytest.mark.parametrize("dots", [(0, 0), (1, 0), (1e9, 1), (4e9, 1)])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
def test_F13_a_resolution_that_no_print_has_does_not_cost_the_picture(tmp_path, dots, suffix):
    tags, out = PIL.Image.Exif(), io.BytesIO()
    tags[TAG.XResolution] = tags[TAG.YResolution] = TiffImagePlugin.IFDRational(*map(int, dots))
    tags[TAG.ResolutionUnit], tags[TAG.Artist] = 2, "Ada"
    PIL.Image.fromarray(RAMP).save(out, "JPEG", exif=tags)
    for depth in (8, 16):
        picture = replace(images.read(out.getvalue()), depth=depth)
        images.save(picture, tmp_path / f"{depth}.{suffix}")
        assert images.read(tmp_path / f"{depth}.{suffix}").width == WIDTH


def test_F13_dots_without_a_unit_are_dots_per_inch():
    tags, out = PIL.Image.Exif(), io.BytesIO()
    tags[TAG.XResolution] = tags[TAG.YResolution] = 300
    PIL.Image.fromarray(RAMP).save(out, "WEBP", exif=tags)
    assert exif.resolution(images.read(out.getvalue()).exif) == (300, 300)


def test_F2_a_picture_of_no_size_is_refused_before_anything_is_asked_of_it():
    for nothing in (png_with(pixels=np.zeros((0, 0, 3), np.uint8)), np.zeros((0, 0, 3)), torch.zeros(3, 0, 0)):
        with pytest.raises(ImageError):
            images.read(nothing)
        with contextlib.suppress(ImageError):
            assert images.measure(nothing) is None


def test_F7_a_wide_ppm_may_have_as_many_pixels_as_any():
    data = f"P6 {WIDTH} {HEIGHT} 65535\n".encode() + RAMP.astype(">u2").tobytes()
    assert images.read(data, most_pixels=WIDTH * HEIGHT).depth == 16
