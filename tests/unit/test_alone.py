"""A painting without a photograph, and a photograph without a painting."""

import json

import numpy as np
import PIL.Image
import pytest

import impasto
from impasto import Finished, Settings, Step, Stylizer, images
from impasto.errors import ImageError, OutOfMemoryError, SettingsError

SMALL = {"size": 64, "iterations": 4, "precision": "float32"}


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer()


def finished(events):
    return next(event for event in events if isinstance(event, Finished))


def distance(stylizer, photo, layer, iterations):
    """Mean difference between a photograph and what is rebuilt of it from a layer, in pixel values."""
    settings = Settings(recipe="rebuild", content_layers=layer, **{**SMALL, "iterations": iterations})
    picture = finished(stylizer.run(photo, settings=settings)).picture
    return float(np.abs(picture.rgb - images.resize(images.read(photo), 64, 43).rgb).mean())


def test_a_texture_is_made_of_a_painting_alone(stylizer, painting):
    events = list(stylizer.run(None, [painting], Settings(recipe="texture", **SMALL)))
    losses = [event.loss for event in events if isinstance(event, Step)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] / 2
    last = finished(events)
    whole = images.read(painting)
    assert (last.picture.width, last.picture.height) == (64, round(64 * whole.height / whole.width))
    assert {name.partition(" ")[0] for name in last.terms} == {"style", "tv"}


def test_a_texture_takes_any_frame_as_it_is(stylizer, painting):
    with PIL.Image.open(painting) as image:
        upright = image.resize((60, 80))
    settings = Settings(recipe="texture", size_rule="96x48", iterations=1)
    last = finished(stylizer.run(None, upright, settings))
    assert (last.picture.width, last.picture.height) == (96, 48)


def test_a_texture_has_no_transparency_of_its_painting_but_its_bit_depth(stylizer):
    pixels = np.random.default_rng(0).integers(0, 65535, (48, 64, 4), np.uint16)
    last = finished(stylizer.run(None, pixels, Settings(recipe="texture", **SMALL)))
    assert last.picture.alpha is None
    assert last.picture.depth == 16


@pytest.mark.slow
def test_a_shallow_layer_gives_nearly_the_photograph_back_and_a_deep_one_does_not(stylizer, photo):
    shallow, deep = (distance(stylizer, photo, layer, 30) for layer in ("relu1_2", "relu5_1"))
    assert shallow < 8
    assert deep > 3 * shallow


def test_nothing_past_the_layer_that_is_rebuilt_is_asked_of_the_photograph(stylizer):
    pixels = np.random.default_rng(0).integers(0, 255, (12, 12, 3), np.uint8)
    chosen = {"recipe": "rebuild", "size_rule": "12x12", "iterations": 2}
    assert finished(stylizer.run(pixels, settings=Settings(content_layers="relu1_2", **chosen))).picture.width == 12
    with pytest.raises(ImageError, match="12 x 12 pixels is too small"):
        stylizer.run(pixels, settings=Settings(content_layers="relu5_1", **chosen))


def test_both_can_be_had_in_one_call_and_saved_with_what_made_them(photo, painting, tmp_path):
    texture = impasto.stylize(None, painting, recipe="texture", **SMALL)
    rebuilt = impasto.stylize(photo, recipe="rebuild", **SMALL)
    roles = []
    for name, result in (("texture", texture), ("rebuilt", rebuilt)):
        result.save(tmp_path / f"{name}.png")
        stored = images.read_metadata(tmp_path / f"{name}.png")
        roles.append([entry["role"] for entry in json.loads(stored["impasto:inputs"])])
        assert Settings.model_validate_json(stored["impasto:settings"]) == result.settings
    assert roles == [["style"], ["content"]]


def test_losses_can_be_judged_without_a_photograph_or_a_painting(stylizer, photo, painting):
    photo, painting = (images.resize(images.read(path), 200, 150) for path in (photo, painting))
    of_texture = stylizer.losses(painting, None, painting, Settings(recipe="texture", tv_weight=0))
    of_rebuilt = stylizer.losses(photo, photo, settings=Settings(recipe="rebuild", tv_weight=0))
    assert {term.kind for term in of_texture.terms} == {"style"}
    assert of_rebuilt.total == 0
    # Not 0, because a margin that mirrors the painting belongs to what is compared.
    assert of_texture.total < 1e-2 * stylizer.losses(photo, None, painting, Settings(recipe="texture")).total


@pytest.mark.parametrize(
    ("pictures", "choices", "message"),
    [
        ("", {}, "neither a photograph nor a painting"),
        ("painting", {}, "no photograph was given for content_weight=10.0. Give one"),
        ("painting", {"content_weight": 0}, 'init="palette" needs a photograph'),
        ("photo", {}, "no painting was given for style_weight=100.0. Give one"),
        ("photo", {"style_weight": 0, "init": "style"}, 'init="style" needs a painting'),
        ("photo", {"recipe": "rebuild", "content_weight": 0, "tv_weight": 0}, "all weights are 0"),
        ("photo", {"recipe": "rebuild", "style_blend": (1,)}, "style_blend has 1 weight for 0 paintings"),
    ],
)
def test_settings_that_want_a_picture_that_is_not_there_are_refused(
    stylizer, photo, painting, pictures, choices, message
):
    content, styles = (photo if "photo" in pictures else None), ([painting] if "painting" in pictures else [])
    for refusing in (stylizer.run, stylizer.check):
        with pytest.raises(SettingsError, match=message):
            refusing(content, styles, Settings(**{**SMALL, **choices}))


def test_checking_refuses_what_painting_would_and_nothing_else(stylizer, photo, painting):
    stylizer.check(photo, painting, Settings(**SMALL))
    stylizer.check(None, painting, Settings(recipe="texture"))
    with pytest.raises(OutOfMemoryError):
        stylizer.check(photo, painting, Settings(size_rule="99999x99999"))
    with pytest.raises(ImageError, match="too small"):
        stylizer.check(np.zeros((8, 8, 3), np.uint8), painting, Settings(**SMALL))
