"""How large results and paintings become."""

import numpy as np
import pytest
import torch

from impasto.core import TensorImage, TransferImages
from impasto.engine.inputs import Inputs
from impasto.engine.memory import MemoryPlan
from impasto.engine.sizing import SHALLOWER_CONTENT, deepest_layers, memory_load
from impasto.engine.spec import input_spec, result_size, transfer_spec
from impasto.images import read
from impasto.layers import Layer
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


def objectives(**choices):
    settings = Settings(size=512, **choices)
    return transfer_spec(settings, Inputs(WIDE, (TALL,), input_spec(settings)), MemoryPlan(0, settings.history))


def named(weights):
    return {str(layer): weight for layer, weight in weights.items()}


def test_fine_scales_compare_nothing_deeper_than_their_block():
    spec = objectives(style_layers="relu1_1=1,relu4_1=2,relu5_1=3", content_layers="relu2_2=1,relu4_2=2,relu5_2=2")
    assert named(spec.fine_scale_objective.style_layers) == {"relu1_1": 1, "relu4_1": 2}
    content = named(spec.fine_scale_objective.content_layers)
    assert content == {"relu2_2": 1, "relu4_1": pytest.approx(4 * SHALLOWER_CONTENT)}
    assert max(spec.layers) == max(spec.objective.layers)
    assert deepest_layers(Settings()) == (Layer.parse("relu5_1"), Layer.parse("relu4_1"))


@pytest.mark.parametrize("choices", [{"fine_scale_block": 0}, {"style_layers": "relu5_1"}, {"fine_scale_block": 5}])
def test_fine_scales_compare_what_the_coarsest_does_where_nothing_is_beyond_or_nothing_else_left(choices):
    spec = objectives(**choices)
    assert spec.fine_scale_objective == spec.objective


def test_memory_is_planned_for_the_content_layer_of_the_finest_scale():
    def layers(**choices):
        return list(
            map(
                str, memory_load(Settings(content_layers="relu5_2", **choices), (640, 427), [(640, 427)]).content_layers
            )
        )

    assert layers(size=512) == ["relu4_1"]
    assert layers(size=128) == layers(size=512, fine_scale_block=0) == ["relu5_2"]
