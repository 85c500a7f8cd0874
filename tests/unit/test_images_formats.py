"""The registry of formats: what a row claims is what files of that format do, and no other place knows formats."""

import ast
import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from impasto import images
from impasto.errors import ImageError, OutputError
from impasto.images import Picture, color_spaces, formats
from impasto.images.formats import FORMATS

WRITTEN = [row for row in FORMATS if row.write]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SWAPPED = SRGB.replace(b"rXYZ", b"....").replace(b"gXYZ", b"rXYZ").replace(b"....", b"gXYZ")


def title(row):
    return row.title


def pillows_name(row):
    return row.title.upper().replace(" ", "")


def sample(*, depth=8, alpha=False):
    rgb = np.linspace(0, 255, 32 * 32 * 3, dtype=np.float32).reshape(32, 32, 3)
    return Picture(rgb, np.full((32, 32), 0.5, np.float32) if alpha else None, depth)


def file_of(row):
    """A small file of the format: Impasto's own, or Pillow's."""
    if row.write:
        return images.encode(sample(), row.suffixes[0])
    out, image = io.BytesIO(), sample().to_pil()
    if row.package:
        pillow_heif.from_pillow(image).save(out)
    else:
        image.save(out, pillows_name(row))
    return out.getvalue()


@pytest.mark.parametrize("row", FORMATS, ids=title)
def test_a_file_of_each_format_is_read_and_recognized_as_that_format_alone(row):
    data = file_of(row)
    picture = images.read(data)
    assert (picture.width, picture.height) == (32, 32)
    assert [other.title for other in FORMATS if other.magic(data[: formats.HEAD])] == [row.title]


@pytest.mark.parametrize("row", FORMATS, ids=title)
def test_a_file_of_each_format_that_is_cut_to_its_first_bytes_is_called_damaged(row):
    with pytest.raises(ImageError, match="damaged"):
        images.read(file_of(row)[: formats.HEAD])


@pytest.mark.parametrize("row", WRITTEN, ids=title)
@pytest.mark.parametrize("depth", [8, 16])
def test_a_written_file_has_the_depth_that_its_row_claims(row, depth):
    back = images.read(images.encode(sample(depth=depth), row.suffixes[0]))
    assert back.depth == (depth if depth in row.depths else 8)


@pytest.mark.parametrize("row", WRITTEN, ids=title)
def test_a_written_file_holds_alpha_where_its_row_claims_so(row):
    back = images.read(images.encode(sample(alpha=True), row.suffixes[0]))
    assert (back.alpha is not None) == row.alpha


@pytest.mark.parametrize("row", WRITTEN, ids=title)
def test_a_written_file_holds_a_profile_where_its_row_claims_so(row):
    back = images.read(images.encode(sample(), row.suffixes[0], profile=SWAPPED))
    assert back.profile == (SWAPPED if row.profile else None)


@pytest.mark.parametrize("row", WRITTEN, ids=title)
def test_a_written_file_holds_metadata_where_its_row_claims_so(row):
    data = images.encode(sample(), row.suffixes[0], metadata={"key": "text"})
    assert images.read_metadata(data) == ({"key": "text"} if row.read_texts else {})


def test_suffixes_are_those_of_the_rows_and_each_belongs_to_one():
    every = [suffix for row in FORMATS for suffix in (*row.suffixes, *row.other_suffixes)]
    assert len(every) == len(set(every))
    assert images.SUFFIXES == (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".bmp")
    assert all(formats.of_suffix(suffix).write for suffix in images.SUFFIXES)


def test_every_suffix_that_pillow_knows_for_these_formats_can_be_read_and_heics_where_its_reader_is_there(monkeypatch):
    Image.init()
    kinds = {pillows_name(row) for row in FORMATS} | {"DIB"}
    pillows = {suffix for suffix, kind in Image.registered_extensions().items() if kind in kinds}
    assert set(images.readable_suffixes()) == pillows | {".heic", ".heif"}
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "pillow_heif" else find_spec(name))
    assert set(images.readable_suffixes()) == pillows


def test_messages_name_the_formats_of_the_rows():
    with pytest.raises(ImageError) as unread:
        images.read(b"hello, world")
    assert all(row.title in unread.value.hint for row in FORMATS)
    with pytest.raises(OutputError) as unwritten:
        images.encode(sample(), "xyz")
    assert all(suffix in unwritten.value.hint for suffix in images.SUFFIXES)


def test_no_other_module_names_a_suffix_or_how_a_file_begins():
    suffixes = {suffix for row in FORMATS for suffix in (*row.suffixes, *row.other_suffixes)}
    folder = Path(formats.__file__).parent
    for module in sorted(folder.rglob("*.py")):
        if module.name == "formats.py":
            continue
        constants = [node.value for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Constant)]
        assert not suffixes & {text for text in constants if isinstance(text, str)}, module.name
        if module.name not in ("encoders.py", "png.py", "netpbm.py"):  # these take PNG and PPM apart
            heads = [value for value in constants if isinstance(value, bytes) and len(value) >= 2]
            assert not [head for head in heads if formats.recognize(head)], module.name


TEN_BITS = np.random.default_rng(0).integers(0, 1024, (48, 64, 3)).astype(np.uint16)
TEN_BITS[0, 0], TEN_BITS[0, 1] = 0, 1023


def heic(primaries, curve):
    """A lossless HEIC of 10 bits that states its colors (ITU-T H.273)."""
    image = pillow_heif.from_bytes(mode="RGB;16", size=(64, 48), data=(TEN_BITS << 6).tobytes())
    colors = {"color_primaries": primaries, "transfer_characteristics": curve, "matrix_coefficients": 0}
    out = io.BytesIO()
    image.save(out, quality=-1, chroma=444, full_range_flag=1, **colors)
    return out.getvalue()


def avif(primaries, curve):
    out = io.BytesIO()
    Image.fromarray((TEN_BITS >> 2).astype(np.uint8)).save(out, "AVIF", quality=100, subsampling="4:4:4")
    before, _, after = out.getvalue().partition(b"colrnclx")
    return before + b"colrnclx" + primaries.to_bytes(2, "big") + curve.to_bytes(2, "big") + after[4:]


def test_a_heic_of_10_bits_keeps_them():
    picture = images.read(heic(1, 13))
    assert picture.depth == 16
    assert np.abs(picture.rgb / 255 * 1023 - TEN_BITS).max() < 0.02
    assert (picture.rgb[0, 0].max(), picture.rgb[0, 1].min()) == (0, 255)


@pytest.mark.parametrize("make", [heic, avif])
def test_the_color_space_that_a_heic_or_an_avif_states_is_honored(make):
    plain, wide = images.read(make(1, 13)), images.read(make(12, 13))
    meant = color_spaces.to_srgb(plain.rgb, color_spaces.of_code_points(12, 13, ""))
    assert np.abs(wide.rgb - meant).max() < 1e-3
    assert np.abs(wide.rgb - plain.rgb).max() > 10


@pytest.mark.parametrize("make", [heic, avif])
def test_a_heic_or_an_avif_for_light_beyond_white_is_refused(make):
    with pytest.raises(ImageError, match=r"HDR picture \(PQ\).*Save it as SDR"):
        images.read(make(9, 16))
