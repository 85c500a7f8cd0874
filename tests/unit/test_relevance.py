"""What the page hides because it has no effect has none, and has one where it is shown."""

from pathlib import Path

import numpy as np
import pytest

from impasto import Finished, Settings, Stylizer
from impasto.errors import SettingsError
from impasto.settings.relevance import RELEVANCE, has_effect

PICTURES = Path(__file__).parent.parent.parent / "examples" / "pictures"
SHALLOW = {"content_layers": {"relu2_2": 1.0}, "style_layers": {"relu1_1": 1.0, "relu2_1": 1.0}}
SMALL = {"recipe": "neural-style", "size": 64, "iterations": 3, "precision": "float32", **SHALLOW}
SCALES = {**SMALL, "size": 256, "scales": 2, "iterations": 2}
ADAM = {**SMALL, "optimizer": "adam"}
NOISE = {**SMALL, "init": "noise"}
REBUILD = {**SMALL, "recipe": "rebuild", "style_layers": {}, "scales": 1}
FACE = {**SMALL, "size": 128, "iterations": 2}

CASES = [  # the setting, another value of it, settings beside which it has no effect, and some beside which it has one
    ("content_layers", {"relu1_2": 1.0}, {**SMALL, "content_weight": 0.0}, SMALL),
    ("style_layers", {"relu1_1": 1.0}, {**SMALL, "style_weight": 0.0}, SMALL),
    ("statistic", "moments", REBUILD, SMALL),
    ("style_scale", 2.0, REBUILD, SMALL),
    ("style_fit", "squash", REBUILD, SMALL),
    ("faces", "gentle", {**FACE, "style_weight": 0.0}, FACE),
    ("faces", "gentle", {**FACE, "content_weight": 0.0}, FACE),
    ("faces", "gentle", {**FACE, "strength": 0.0}, FACE),
    ("faces", "gentle", {**FACE, "strength": 1.0}, FACE),
    ("fill", 0.2, {**SMALL, "style_weight": 0.0}, SMALL),
    ("fill", 0.2, {**SMALL, "recipe": "texture", "content_layers": {}}, SMALL),
    ("size_rule", "long:96", SMALL, {**SMALL, "size": None, "size_rule": "long:64"}),
    ("fine_scale_block", 1, SMALL, SCALES),
    ("iterations_decay", 0.5, SMALL, SCALES),
    ("detail", 1.0, SMALL, SCALES),
    ("detail", 1.0, {**SCALES, "recipe": "texture", "content_layers": {}, "detail": 0.0}, SCALES),
    ("style_detail", 1.0, SMALL, SCALES),
    ("style_detail", 1.0, {**SCALES, "recipe": "rebuild", "style_layers": {}}, SCALES),
    ("noise_share", 0.5, NOISE, SMALL),
    ("noise_amplitude", 60.0, SMALL, NOISE),
    ("noise_amplitude", 60.0, {**SMALL, "init": "style"}, {**SMALL, "noise_share": 0.5}),
    ("seed", 7, SMALL, NOISE),
    ("seed", 7, {**SMALL, "init": "palette"}, {**SMALL, "init": "style"}),
    ("history", 1, ADAM, {**SMALL, "iterations": 8}),
    ("learning_rate", 9.0, SMALL, ADAM),
    ("beta1", 0.2, SMALL, ADAM),
    ("beta2", 0.5, SMALL, ADAM),
    ("epsilon", 1.0, SMALL, ADAM),
    ("clip", True, NOISE | {"noise_amplitude": 200.0}, NOISE | {"noise_amplitude": 200.0, "optimizer": "adam"}),
]


@pytest.fixture(scope="module")
def paints():
    stylizer, painted = Stylizer("cpu"), {}

    def paints(choices):
        settings = Settings(**choices)
        if settings in painted:
            return painted[settings]
        face = choices["size"] == FACE["size"]
        photo = PICTURES / ("astronaut.jpg" if face else "summer_palace.jpg") if settings.content_layers else None
        paintings = [PICTURES / "starry_night.jpg", PICTURES / "great_wave.jpg"] if settings.style_layers else []
        events = stylizer.run(photo, paintings, settings)
        painted[settings] = next(event for event in events if isinstance(event, Finished)).picture.rgb
        return painted[settings]

    return paints


@pytest.mark.slow
@pytest.mark.parametrize(("name", "other", "without", "beside"), CASES)
def test_a_setting_changes_the_picture_only_where_it_is_said_to_have_an_effect(paints, name, other, without, beside):
    assert not has_effect(name, Settings(**without))
    np.testing.assert_array_equal(paints(without), paints(without | {name: other}))
    assert has_effect(name, Settings(**beside))
    assert not np.array_equal(paints(beside), paints(beside | {name: other}))


@pytest.mark.parametrize(("name", "value"), [("style_blend", (1.0, 3.0)), ("style_crop", "0,0,90,90;")])
def test_what_belongs_to_each_painting_is_refused_without_one_and_changes_the_picture_with_some(paints, name, value):
    assert not has_effect(name, Settings(**REBUILD))
    with pytest.raises(SettingsError):
        paints(REBUILD | {name: value})
    assert has_effect(name, Settings(**SMALL))
    assert not np.array_equal(paints(SMALL), paints(SMALL | {name: value}))


def test_every_setting_that_may_have_no_effect_is_tried():
    assert {name for name, *_ in CASES} | {"style_blend", "style_crop"} == set(RELEVANCE)
