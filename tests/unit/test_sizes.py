"""How large results and paintings become."""

import numpy as np
import pytest

from impasto.engine.sizing import result_size, style_size
from impasto.images import read
from impasto.settings import Settings

WIDE = read(np.zeros((427, 640, 3), np.uint8))
TALL = read(np.zeros((640, 427, 3), np.uint8))


@pytest.mark.parametrize(
    ("choices", "wide", "tall"),
    [
        ({"size": 512}, (512, 342), (342, 512)),
        ({"size_rule": "long:100"}, (100, 67), (67, 100)),
        ({"size_rule": "rows:400"}, (600, 400), (267, 400)),
        ({"size_rule": "400x300"}, (400, 300), (300, 400)),
        ({"size_rule": "400x300", "size": 64}, (64, 43), (43, 64)),
    ],
)
def test_the_result_has_the_size_that_the_recipe_or_the_user_says(choices, wide, tall):
    assert result_size(Settings(**choices), WIDE) == wide
    assert result_size(Settings(**choices), TALL) == tall


def test_the_painting_keeps_its_aspect_or_is_squashed_to_the_result():
    assert style_size(Settings(), TALL, (300, 200)) == (200, 300)
    assert style_size(Settings(style_scale=2), TALL, (300, 200)) == (400, 600)
    assert style_size(Settings(style_fit="squash"), TALL, (300, 200)) == (300, 200)
