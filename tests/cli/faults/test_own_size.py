"""A result of the photograph's own size, or of a multiple of it."""

import json

import numpy as np
import pytest
from quick import QUICK

from impasto import Settings, Stylizer, images
from impasto.engine.spec import result_size
from impasto.errors import SettingsError
from impasto.studio.controls import controls, recipe_list, settings_of, supported
from impasto.studio.limits import Limits

FAST = QUICK[2:]


def picture(width, height):
    return images.read(np.zeros((height, width, 3), np.uint8))


def size_of(file):
    read = images.read(file)
    return read.width, read.height


@pytest.mark.slow
def test_U8_the_command_takes_the_photographs_own_size_and_factors(impasto, folder):
    done = impasto("photo.jpg", "painting.jpg", "--size", "0.75x", "-o", "out.png", *FAST[:-1], "1")
    assert done.code == 0, done.err
    assert size_of(folder / "out.png") == (72, 54)
    assert json.loads(images.read_metadata(folder / "out.png")["impasto:settings"])["size"] == "0.75x"
    assert "; 72 x 54 px" in impasto("photo.jpg", "painting.jpg", "--settings-from", "out.png", "--dry-run").out
    assert "; 96 x 72 px" in impasto("photo.jpg", "painting.jpg", "--size", "original", "--dry-run").out
    assert "; 192 x 144 px" in impasto("photo.jpg", "painting.jpg", "--size", "2x", "--dry-run").out


@pytest.mark.parametrize(
    ("size", "width"),
    [("original", 601), ("Original", 601), ("1x", 601), ("2x", 1202), ("2X", 1202), (" 1.5x ", 902), ("0.25x", 150),
     ("1/2x", None), ("300", 300), (300, 300)],
)  # fmt: skip
def test_U8_factors_are_of_the_photograph(size, width):
    if width is None:
        with pytest.raises(SettingsError, match="size takes"):
            Settings(size=size)
    else:
        assert result_size(Settings(size=size), picture(601, 400))[0] == width


@pytest.mark.parametrize("size", ["0x", "-1x", "x", "2y", "nanx", "infx", "1e3x", "0.0x", "2x2", "9" * 50 + "x"])
def test_U8_what_is_no_factor_is_refused_with_all_that_is_taken(size):
    with pytest.raises(SettingsError) as caught:
        Settings(size=size)
    text = str(caught.value)
    assert "size takes a whole number from 32 to 20000, 'original' or a factor of the photograph's own size" in text
    assert "input" not in text.lower()


@pytest.mark.parametrize(("size", "width"), [("100x", 40_000), ("0.01x", 4)])
def test_U8_a_factor_that_leads_out_of_the_range_says_where_to(size, width):
    with pytest.raises(SettingsError, match=rf"size=\"{size}\" makes {width} pixels of .* from 32 to 20000"):
        result_size(Settings(size=size), picture(400, 300))


@pytest.mark.usefixtures("folder")
def test_U8_recipes_and_python_take_it(tmp_path):
    (tmp_path / "own.toml").write_text('size = "1.5x"\niterations = 1\nscales = 1\nmargin = 0\n')
    stylizer = Stylizer()
    by_recipe = stylizer.estimate("photo.jpg", "painting.jpg", recipe=str(tmp_path / "own.toml"))
    assert (by_recipe.width, by_recipe.height) == (144, 108)
    texture = stylizer.estimate(None, "painting.jpg", recipe="texture", size="original")
    assert (texture.width, texture.height) == (96, 72)


def test_U8_a_size_that_is_not_a_number_is_kept_in_json():
    assert Settings.model_validate_json(Settings(size="2x").model_dump_json()).size == "2x"
    assert Settings(size="2X") == Settings(size="2x")
    assert hash(Settings(size="original")) == hash(Settings(size="ORIGINAL"))


def test_U8_the_studio_shows_numbers_and_says_so(impasto):
    control = next(control for control in controls(Limits()) if control.name == "size")
    assert (control.kind, control.minimum, control.maximum, control.nullable) == ("integer", 32, 4096, True)
    with pytest.raises(SettingsError, match="pixels"):
        settings_of({"size": "2x"}, Limits())
    assert supported({"size": "2x", "seed": 3}, Limits()) == ({"seed": 3}, ["size"])
    assert impasto("recipes", "save", "mine", "--size", "2x").code == 0
    mine = next(recipe for recipe in recipe_list({}) if recipe.name == "mine")
    assert mine.values["size"] is None
    assert settings_of({"recipe": "mine"}, Limits()).size is None
    assert settings_of({"recipe": "mine", "size": 64}, Limits()).size == 64


@pytest.mark.slow
def test_U8_a_sweep_takes_it(impasto, folder):
    done = impasto(
        "sweep", "photo.jpg", "painting.jpg", "--over", "size=0.5x,original", "--save-dir", "c", *FAST[:-1], "1"
    )
    assert done.code == 0, done.err
    assert [size_of(path) for path in sorted((folder / "c").iterdir())] == [(48, 36), (96, 72)]


def test_U8_help_names_it(impasto):
    text = " ".join(impasto("--help").out.split())
    assert "original" in text
    assert "2x" in text
