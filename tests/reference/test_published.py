"""The witness itself, before anything is held against it: its network against torch's operators, its losses at zero."""

import numpy as np
import published
import pytest
import torch
from torch.nn import functional

POOLS = {
    "max": (published.max_pool, functional.max_pool2d),
    "average": (published.average_pool, functional.avg_pool2d),
}


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(0).integers(0, 256, (45, 39, 3), dtype=np.uint8)


def features_by_torch(picture, pool, network):
    x = torch.from_numpy(published.network_input(picture).copy())[None]
    maps = {}
    for block, count in enumerate(network.convolutions, start=1):
        x = pool(x, 2) if block > 1 else x
        for index in range(1, count + 1):
            weight, bias = map(torch.from_numpy, network.kernels[f"conv{block}_{index}"])
            x = maps[f"relu{block}_{index}"] = functional.conv2d(x, weight, bias, padding=1).relu()
    return {name: features[0].numpy() for name, features in maps.items()}


@pytest.mark.parametrize(
    ("name", "pooling", "last"),
    [("vgg16", "max", "relu5_3"), ("vgg16", "average", "relu5_3"), ("vgg19-8bit", "max", "relu5_4")],
)
def test_the_witness_sees_what_the_network_sees_at_odd_sizes(picture, name, pooling, last):
    ours, theirs = POOLS[pooling]
    network = published.NETWORKS[name]()
    expected = features_by_torch(picture, theirs, network)
    seen = published.features(picture, ours, network)
    assert seen.keys() == expected.keys()
    assert seen[last].shape == (512, 2, 2)
    for layer, features in expected.items():
        np.testing.assert_allclose(seen[layer], features, rtol=1e-9, atol=1e-9, err_msg=layer)


def test_the_first_pixel_of_the_network_is_blue_minus_its_mean():
    picture = np.array([[[10, 20, 30]]], dtype=np.uint8)
    np.testing.assert_allclose(published.network_input(picture).ravel(), [30 - 103.939, 20 - 116.779, 10 - 123.68])


@pytest.mark.parametrize("recipe", published.RECIPES)
def test_a_picture_that_is_its_own_content_and_style_costs_only_its_roughness(picture, recipe):
    costs = [term for term in published.terms(recipe, picture, picture, picture) if term.value]
    assert {term.kind for term in costs} == ({"tv"} if recipe in ("keras-lbfgs", "neural-style") else set())


def test_roughness_of_two_rows_and_two_columns_is_what_one_counts_by_hand():
    x = np.array([[[1.0, 4.0], [5.0, 9.0]]])
    assert published.keras_total_variation_loss(x, 2, 2) == pytest.approx((4.0**2 + 3.0**2) ** 1.25)
    assert published.neural_style_total_variation(x) == pytest.approx((4 + 5) + (3 + 4))


def test_the_papers_style_loss_does_not_jump_where_the_painting_gets_another_size():
    F, S = np.random.default_rng(1).random((2, 3, 8))
    twice = np.concatenate([S, S], axis=1)  # the same statistics at twice the positions
    assert published.gatys_layer_contribution(F, twice) == pytest.approx(published.gatys_layer_contribution(F, S))
