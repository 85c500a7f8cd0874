"""Settings and recipes as hostile or unlucky people give them: one line of ours, never a traceback."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from impasto import Settings
from impasto.cli import main
from impasto.cli.stored_settings import read_stored_settings
from impasto.errors import ImageError, ImpastoError, SettingsError
from impasto.settings import METADATA_KEY
from impasto.settings import recipes as recipe_files
from impasto.studio.limits import Limits
from impasto.studio.server.inspect_upload import inspect

TEXTS = [name for name, field in Settings.model_fields.items() if field.annotation is str]
SURROGATE = "\ud800"
DEEP = "[" * 100_000
RECIPES = {
    "nested too deep": f"size = {DEEP}",
    "a number of 5000 digits": f"size = {'9' * 5000}",
    "self": "self = 1",
    "values": "values = 1",
    "a lone surrogate": '"\\ud800" = 1',
    "bytes that are not text": b"\xff\xfe\x00",
    "NUL": "size = 1\0",
}


def recipe(folder, text, name="own.toml"):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(folder / name)


@pytest.mark.parametrize("text", RECIPES.values(), ids=RECIPES)
def test_S10_a_recipe_that_makes_no_sense_is_refused_in_one_line(tmp_path, text, capfd):
    file = recipe(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        Settings(recipe=file)
    assert len(str(caught.value)) < 1000
    assert main(["photo.jpg", "painting.jpg", "--recipe", file]) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert "unexpected" not in err


def test_S10_a_recipe_with_a_byte_order_mark_is_read(tmp_path):
    assert Settings(recipe=recipe(tmp_path, b"\xef\xbb\xbfsize = 99")).size == 99


def test_S10_a_path_with_nul_is_refused(tmp_path):
    with pytest.raises(SettingsError):
        Settings(recipe=str(tmp_path / "a\0b.toml"))


def test_S10_a_long_chain_of_recipes_is_refused(tmp_path):
    for number in range(1500):
        recipe(tmp_path, f"recipe = '{tmp_path}/{number + 1}.toml'", f"{number}.toml")
    recipe(tmp_path, "size = 64", "1500.toml")
    with pytest.raises(SettingsError, match="more than"):
        Settings(recipe=str(tmp_path / "0.toml"))
    assert Settings(recipe=str(tmp_path / "1495.toml")).size == 64


@pytest.mark.parametrize("key", ["self", "values", SURROGATE, ""])
def test_S10_a_setting_that_does_not_exist_is_named_whatever_it_is_called(key):
    with pytest.raises(SettingsError, match="there is no setting") as caught:
        Settings(**{key: 1})
    str(caught.value).encode()


def png(folder, **texts):
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    Image.new("RGB", (48, 48), "teal").save(folder / "made.png", pnginfo=info)
    return folder / "made.png"


@pytest.mark.parametrize("text", [DEEP, '{"size": ' + "9" * 5000 + "}", "[]", "null", "\x00"])
def test_S10_stored_settings_that_make_no_sense_are_refused(tmp_path, text):
    with pytest.raises(ImageError, match="holds settings that are damaged"):
        read_stored_settings(str(png(tmp_path, **{METADATA_KEY: text})))


@pytest.mark.parametrize("text", [DEEP, '{"size": ' + "9" * 5000 + "}"])
def test_S10_a_picture_is_never_refused_for_its_metadata(tmp_path, text):
    found = inspect(png(tmp_path, **{METADATA_KEY: text, "impasto:inputs": text}), "made.png", Limits(pixels=10**6))
    assert (found["width"], found["origin"]) == (48, None)


def test_S4_messages_do_not_repeat_a_long_value():
    for name in TEXTS:
        with pytest.raises(ImpastoError) as caught:
            Settings(**{name: "x" * 900_000})
        assert len(str(caught.value)) < 500, name
    with pytest.raises(SettingsError) as caught:
        Settings(style_blend="1," * 300_000)
    assert len(str(caught.value)) < 500


ANY_TEXT = st.text(st.characters(), max_size=20)  # surrogates, too


@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from([*TEXTS, "content_layers", "style_layers", "style_blend", "mask", "no such"]), text=ANY_TEXT
)
def test_S9_any_text_for_any_setting_is_taken_or_refused_with_words_that_can_be_sent(name, text):
    try:
        made = Settings(**{name: text})
    except ImpastoError as error:
        json.dumps(str(error), ensure_ascii=False).encode()
    else:
        assert made == Settings(**made.model_dump())


def test_recipes_of_this_house_are_still_read():
    assert all(Settings(recipe=name) for name in recipe_files.shipped())
