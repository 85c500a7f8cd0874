"""Settings and recipes: one schema, clear refusals."""

from pathlib import Path, PurePath
from typing import get_args

import pytest
from pydantic import ValidationError

from impasto import weights
from impasto.core.init_image import Init
from impasto.core.losses.conventions import CONVENTIONS
from impasto.core.losses.statistics import STATISTICS
from impasto.core.network.vgg import Padding, Pooling
from impasto.core.optim import AVERAGING
from impasto.errors import OutputError, SettingsError, WeightsError
from impasto.settings import INIT_IMAGES, Settings, recipes
from impasto.settings.stored import find_files, portable_choice

PUBLISHED = ["coursera", "gatys", "keras-lbfgs", "neural-style", "tf-adam"]
OURS = ["bold", "brushwork", "fast", "ink", "painterly", "quality", "rebuild", "surface", "texture"]


def test_the_shipped_recipes_are_those_that_the_documentation_names():
    assert sorted(recipes.shipped()) == sorted([*PUBLISHED, *OURS])


@pytest.mark.parametrize("name", recipes.shipped())
def test_every_shipped_recipe_is_valid_and_described(name):
    assert Settings(recipe=name).recipe == name
    assert 20 < len(recipes.read(name)["description"]) < 120


def test_painterly_is_the_default():
    assert Settings() == Settings(recipe="painterly")


def test_a_given_value_wins_over_the_recipe_and_the_recipe_over_the_default():
    chosen = Settings(recipe="tf-adam", content_weight=7)
    assert (chosen.content_weight, chosen.learning_rate, chosen.beta2) == (7, 5.0, 0.999)


def test_settings_survive_json_whatever_their_recipe():
    chosen = Settings(recipe="coursera", size=200, style_blend="1,2", style_layers="relu1_1=2,block3_conv1")
    assert Settings.model_validate_json(chosen.model_dump_json()) == chosen


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("mask", "/home/me/sky.png,/home/me/sea.png", "sky.png,sea.png"),
        ("mask", '"/home/me/sky, night.png",sea.png', '"sky, night.png",sea.png'),
        ("mask", '"/home/me, myself/sky.png", sea.png', "sky.png,sea.png"),
        ("mask", '"/home/me/ sky.png",sea.png', '" sky.png",sea.png'),
        ("mask", '"/home/me/sky\nnight.png",sea.png', '"sky\nnight.png",sea.png'),
        ("mask", '"/home/me/sky\rnight.png",sea.png', '"sky\rnight.png",sea.png'),
        ("mask", '"/home/me/""sky"".png"', '"""sky"".png"'),
        ("keep_mask", "/home/me/sky, night.png", "sky, night.png"),
        ("init", "/home/me, myself/start.png", "start.png"),
        ("recipe", "/home/me, myself/own.toml", "own.toml"),
        ("style_layers", "relu1_1,relu2_1", "relu1_1,relu2_1"),
    ],
)
def test_a_choice_that_is_passed_on_names_files_as_the_setting_reads_them_without_folders(name, typed, kept):
    assert portable_choice({name: typed}) == {name: kept}
    if name == "mask":  # which reads them back
        assert Settings(mask=kept).mask == tuple(PurePath(it).name for it in Settings(mask=typed).mask)


@pytest.mark.parametrize("file", ["net.h5", "./net", "a/net", "a\\net"])
def test_what_names_a_network_s_file_is_one_to_all_who_ask(file):
    assert weights.path(file) == Path(file)
    with pytest.raises(SettingsError, match="neither in this folder nor beside"):
        find_files({"network": file}, "picture.png", ())


@pytest.mark.parametrize("name", ["vgg19", "mine-2_b"])
def test_what_names_a_network_is_no_file_to_any_of_them(name):
    assert find_files({"network": name}, "picture.png", ()) == {"network": name}
    with pytest.raises(WeightsError, match=r"not on this machine|there is no network"):
        weights.path(name)


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().size = 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"siz": 3}, "no setting 'siz'. Did you mean 'size'"),
        ({"size": 3}, "size takes a whole number from 32 to 20000"),
        ({"size": "large"}, "size takes a whole number from 32 to 20000"),
        ({"content_weight": float("nan")}, "content_weight takes a number from 0 to 1e+38, not nan"),
        ({"content_layers": "relu4-2"}, "'relu4-2' is not a layer"),
        ({"style_layers": {"relu1_1": -1}}, "not -1 for relu1_1"),
        ({"content_layers": "relu4_2=1,block4_conv2=3"}, "named twice"),
        ({"optimizer": "sgd"}, "'adam' or 'scipy-lbfgsb', not 'sgd'"),
        ({"size_rule": "400 rows"}, "WIDTHxHEIGHT, with numbers from 10 to 99999, not '400 rows'"),
        ({"recipe": "gaty"}, "no recipe 'gaty'. Did you mean 'gatys'"),
        ({"recipe": "/nowhere/mine.toml"}, "/nowhere/mine.toml"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line_with_a_remedy(values, message):
    with pytest.raises(SettingsError) as refusal:
        Settings(**values)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.hint


def test_layers_may_be_written_as_keras_does_and_come_in_the_order_of_the_network():
    assert Settings(content_layers="relu5_1=2,block1_conv2").content_layers == {"relu1_2": 1.0, "relu5_1": 2.0}


def test_a_saved_recipe_is_found_by_its_name():
    recipes.save("my-look", {"description": "mine", "content_weight": 3.0, "style_layers": {"relu1_1": 1.0}})
    assert recipes.saved() == ["my-look"]
    assert Settings(recipe="my-look").content_weight == 3.0
    assert Settings(recipe="my-look").style_layers == {"relu1_1": 1.0}


def test_a_recipe_is_not_replaced_by_accident_and_a_shipped_one_never():
    recipes.save("mine", {})
    with pytest.raises(OutputError, match="overwrite=True"):
        recipes.save("mine", {})
    recipes.save("mine", {"size": 64}, overwrite=True)
    assert Settings(recipe="mine").size == 64
    with pytest.raises(SettingsError, match="ships with Impasto"):
        recipes.save("gatys", {})
    with pytest.raises(SettingsError, match="cannot name"):
        recipes.save("../escape", {})


def test_an_unknown_key_in_a_recipe_file_is_named(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("content_wieght = 3\n")
    with pytest.raises(SettingsError, match=r"mine\.toml.*content_wieght.*Did you mean 'content_weight'"):
        Settings(recipe=str(file))


def test_a_recipe_file_that_is_not_toml_says_where(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("content_weight = = 3\n")
    with pytest.raises(SettingsError, match="line 1"):
        Settings(recipe=str(file))


def test_a_recipe_may_build_on_another(tmp_path):
    bold, bolder = tmp_path / "bold.toml", tmp_path / "bolder.toml"
    bold.write_text('recipe = "gatys"\ncontent_weight = 3.0\nseed = 5\n')
    bolder.write_text(f'recipe = "{bold}"\nseed = 6\n')
    chosen = Settings(recipe=str(bolder))
    assert (chosen.convention, chosen.content_weight, chosen.seed) == ("gatys", 3.0, 6)


def test_a_recipe_that_is_its_own_base_is_refused(tmp_path):
    circle = tmp_path / "circle.toml"
    circle.write_text(f'recipe = "{circle}"\n')
    with pytest.raises(SettingsError, match="its own base"):
        Settings(recipe=str(circle))


def test_the_core_knows_every_choice_that_the_settings_offer():
    core = {
        "convention": CONVENTIONS,
        "statistic": STATISTICS,
        "output_iterate": AVERAGING,
        "pooling": get_args(Pooling),
        "padding": get_args(Padding),
    }
    assert set(INIT_IMAGES) == set(get_args(Init))
    for name, known in core.items():
        assert set(get_args(Settings.model_fields[name].annotation)) == set(known)
