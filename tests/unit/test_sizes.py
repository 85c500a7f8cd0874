"""How large results and paintings become."""

import numpy as np
import pytest
import torch

from impasto.core import TensorImage, TransferImages
from impasto.engine.inputs import Inputs
from impasto.engine.memory import MemoryPlan
from impasto.engine.spec import input_spec, result_size, transfer_spec
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
    def size(**choices):
        settings = Settings(**choices)
        spec = transfer_spec(settings, Inputs(WIDE, (TALL,), input_spec(settings)), MemoryPlan(0, settings.history))
        images = TransferImages(None, [TensorImage(torch.zeros(1, 3, TALL.height, TALL.width))], spec)
        return images.style_sizes(300, 200)[0]

    assert size() == (200, 300)
    assert size(style_scale=2) == (400, 600)
    assert size(style_fit="squash") == (300, 200)
