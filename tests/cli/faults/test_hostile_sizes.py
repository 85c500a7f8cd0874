"""Sizes that no machine has the memory for: refused from the headers alone, and the message names the cause."""

import pytest
from PIL import Image

from impasto import Settings, Stylizer
from impasto.engine.memory import plan_memory
from impasto.engine.sizing import memory_load
from impasto.errors import OutOfMemoryError


@pytest.fixture
def headers(folder):
    """A photograph and a painting of which only the headers are whole: whoever decodes them fails."""
    for name in ("photo.png", "painting.png"):
        Image.effect_noise((640, 480), 50).convert("RGB").save(folder / name)
        (folder / name).write_bytes((folder / name).read_bytes()[:2000])
    return ["photo.png", "painting.png"]


@pytest.mark.parametrize(
    ("options", "cause", "remedy"),
    [
        ("--size 4096 --style-scale 8", "painting is to be seen at 32768 x 24576", "smaller --style-scale"),
        ("--size 20000 --history 500", "a result of 20000 x 15000", "smaller --size"),
        ("--size 4096 --recipe keras-lbfgs --history 1000", "a result of 4096 x 3072", "smaller --size"),
    ],
)
def test_S8_what_does_not_fit_is_refused_before_anything_is_decoded(impasto, headers, options, cause, remedy):
    done = impasto(*headers, *options.split())
    assert done.code == 1, done.err
    assert cause in done.err
    assert remedy in done.err


def test_S8_a_sweep_is_refused_before_anything_is_decoded(impasto, headers):
    done = impasto("sweep", *headers, "--over", "style-scale=1,8", "--size", "4096")
    assert "32768 x 24576" in done.err


def test_S8_python_callers_are_refused_before_anything_is_decoded(headers):
    with pytest.raises(OutOfMemoryError, match="painting is to be seen at 32768 x 24576"):
        Stylizer().run(*headers, Settings(size=4096, style_scale=8))


def test_S8_a_photograph_that_lies_on_its_side_is_measured_upright(impasto, folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 6000)).save(folder / "lies.jpg", exif=exif)
    done = impasto("lies.jpg", "painting.jpg", "--size-rule", "rows:4096")
    assert "a result of 409600 x 4096" in done.err


def test_S8_what_scipy_reserves_is_counted():
    """Two vectors of float64 for each step of its history, whether or not it makes that many."""

    def needed(history):
        settings = Settings(optimizer="scipy-lbfgsb", history=history, margin=0, size=100)
        return plan_memory(memory_load(settings, (100, 100), [(100, 100)], 4), free=2**40).needed

    assert needed(110) - needed(10) == 200 * 8 * 3 * 100 * 100


def test_S8_a_crop_counts_with_its_own_size(impasto, folder):
    Image.new("RGB", (3000, 3000), "teal").save(folder / "large.png")
    done = impasto("texture", "large.png", "--style-crop", "0,0,100,100", "--size", "10x", "--dry-run")
    assert done.code == 0, done.err
    assert "1000 x 1000 px" in done.out
