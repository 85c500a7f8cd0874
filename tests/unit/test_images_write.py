"""Writing pictures, whole or not at all."""

import io
import os
import resource
import signal
from pathlib import Path

import numpy as np
import png
import pytest
import tifffile
from PIL import Image

from impasto import images
from impasto.errors import ImpastoError, OutputError, StorageError
from impasto.images import Picture

SETTINGS = {"impasto": '{"recipe": "painterly"}', "Title": "Ein Gemälde, 日本, 🎨", "Empty": ""}


def gradient(height=20, width=30, *, depth=8, alpha=False):
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    full = 255 if depth == 8 else 65535
    rgb = np.rint(np.stack([x, y, (x + y) / 2], axis=-1) * full) / full * 255
    opacity = np.float32(np.rint((0.25 + x / 2) * full) / full) if alpha else None
    return Picture(rgb.astype(np.float32), opacity, depth)


@pytest.mark.parametrize("suffix", images.SUFFIXES)
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("alpha", [False, True])
def test_each_format_is_written_and_read_back(suffix, depth, alpha, tmp_path):
    picture = gradient(depth=depth, alpha=alpha)
    path = tmp_path / f"out{suffix.upper()}"
    images.save(picture, path)
    back = images.read(path)
    assert (back.width, back.height) == (30, 20)
    assert back.depth == (depth if suffix in (".png", ".tif", ".tiff") else 8)
    holds_alpha = suffix not in (".jpg", ".jpeg", ".bmp")
    assert (back.alpha is not None) == (alpha and holds_alpha)
    ground = (1 - picture.alpha[..., np.newaxis]) * 255 if alpha else 0
    shown = picture.rgb if holds_alpha or not alpha else picture.rgb * picture.alpha[..., np.newaxis] + ground
    assert np.abs(back.rgb - shown).mean() < 3
    assert list(tmp_path.iterdir()) == [path]


def test_a_16_bit_png_holds_what_another_reader_finds():
    picture = gradient(depth=16, alpha=True)
    width, height, rows, info = png.Reader(bytes=images.encode(picture, "png", metadata=SETTINGS)).read()
    samples = np.vstack([np.asarray(row) for row in rows]).reshape(height, width, 4)
    assert (info["bitdepth"], info["alpha"]) == (16, True)
    assert np.array_equal(samples[..., :3], np.rint(picture.rgb * 257))
    assert np.array_equal(samples[..., 3], np.rint(picture.alpha * 65535))


def test_a_16_bit_tiff_holds_what_another_reader_finds():
    picture = gradient(depth=16, alpha=True)
    samples = tifffile.imread(io.BytesIO(images.encode(picture, "tiff")))
    assert samples.dtype == np.uint16
    assert np.array_equal(samples[..., :3], np.rint(picture.rgb * 257))


@pytest.mark.parametrize("depth", [8, 16])
def test_png_metadata_comes_back_in_any_script(depth, tmp_path):
    path = tmp_path / "out.png"
    images.save(gradient(depth=depth), path, metadata=SETTINGS)
    assert images.read_metadata(path) == SETTINGS
    assert images.read_metadata(path.read_bytes()) == SETTINGS


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tif", ".avif", ".bmp"])
def test_formats_without_metadata_are_written_all_the_same(suffix):
    assert images.read_metadata(images.encode(gradient(), suffix, metadata=SETTINGS)) == {}


def test_jpegs_keep_full_color_resolution():
    with Image.open(io.BytesIO(images.encode(gradient(), "jpg"))) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3


@pytest.mark.parametrize("name", ["png", "PNG", ".png", "jpeg", "TIF"])
def test_a_format_may_be_named_with_or_without_a_dot(name):
    assert images.read(images.encode(gradient(), name)).width == 30


def test_an_unknown_suffix_lists_the_known_ones(tmp_path):
    for name in ("out.xyz", "out", "out.gif"):
        with pytest.raises(OutputError, match=r"\.png, \.jpg.* or \.bmp"):
            images.check_output(tmp_path / name, overwrite=False)
    with pytest.raises(OutputError, match=r"'xyz'.*\.png"):
        images.encode(gradient(), "xyz")


def test_a_place_that_cannot_be_written_is_refused_before_any_work(tmp_path):
    existing = tmp_path / "there.png"
    existing.write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"exists.*overwrite=True"):
        images.check_output(existing, overwrite=False)
    images.check_output(existing, overwrite=True)
    with pytest.raises(OutputError, match=r"folder .*missing does not exist"):
        images.check_output(tmp_path / "missing" / "out.png", overwrite=False)
    with pytest.raises(OutputError, match="is a folder"):
        images.check_output(tmp_path, overwrite=True)
    with pytest.raises(OutputError, match="cannot be written"):
        images.check_output(tmp_path / ("long" * 100 + ".png"), overwrite=False)
    assert existing.read_bytes() == b"precious"


def test_a_bare_name_means_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images.save(gradient(), "out.png")
    assert images.read("out.png").width == 30


def test_saving_never_overwrites_unless_told(tmp_path):
    path = tmp_path / "out.png"
    images.save(gradient(), path)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists"):
        images.save(gradient(9, 9), path)
    assert path.read_bytes() == before
    images.save(gradient(9, 9), path, overwrite=True)
    assert images.read(path).width == 9


@pytest.fixture
def unprivileged(tmp_path):
    """A folder that may not be written, while the test runs as somebody who is not root."""
    tmp_path.chmod(0o555)
    for folder in (tmp_path, *tmp_path.parents):  # the way there is open to whom the test becomes
        if folder.stat().st_uid == os.geteuid() and folder != Path(folder.anchor):
            folder.chmod(folder.stat().st_mode | 0o011)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield tmp_path
    if root:
        os.seteuid(0)
    tmp_path.chmod(0o755)


def test_a_folder_without_permission_is_refused(unprivileged):
    with pytest.raises(OutputError, match="may not be written"):
        images.check_output(unprivileged / "out.png", overwrite=False)


@pytest.fixture
def full_disk():
    """No file may grow beyond 64 KB: the system's own way to make a write fail half-way."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("full_disk")
def test_a_write_that_fails_half_way_leaves_nothing_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "out.png"
    path.write_bytes(b"precious")
    noise = Picture(np.random.default_rng(0).random((256, 256, 3), np.float32) * 255)
    with pytest.raises(StorageError, match=f"{path} could not be written.*Make room") as caught:
        images.save(noise, path, overwrite=True)
    assert caught.value.exit_code == 1
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)  # the last moment at which Ctrl-C can come
    with pytest.raises(KeyboardInterrupt):
        images.save(gradient(), tmp_path / "out.png")
    assert not list(tmp_path.iterdir())


def test_a_picture_too_large_for_its_format_names_another(tmp_path):
    wide = Picture(np.zeros((2, 17_000, 3), np.float32))
    with pytest.raises(OutputError, match=r"17000 x 2 pixels.*Choose \.png"):
        images.save(wide, tmp_path / "out.webp")
    assert not list(tmp_path.iterdir())


def test_files_get_the_permissions_that_the_user_chose(tmp_path):
    before = os.umask(0o027)
    try:
        images.save(gradient(), tmp_path / "out.png")
    finally:
        os.umask(before)
    assert (tmp_path / "out.png").stat().st_mode & 0o777 == 0o640


def test_long_and_foreign_names_can_be_written(tmp_path):
    path = tmp_path / ("画" * 80 + ".png")
    images.save(gradient(), path)
    assert images.read(path).width == 30


def test_every_error_is_one_line(tmp_path):
    with pytest.raises(ImpastoError) as caught:
        images.save(gradient(), tmp_path / "new\nline" / "out.png")
    assert "\n" not in str(caught.value)
