"""Gram matrices, and mean and covariance."""

import numpy as np
import pytest
import torch

from impasto.core.losses.statistics import STATISTICS, flatten_positions, pull_back

FEATURES = torch.rand(1, 5, 4, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 7


def measure(statistic, features):
    """What a statistic compares."""
    return STATISTICS[statistic].matrices(STATISTICS[statistic].measure(features))


def gram(features):
    return measure("gram", features)


def moments(features):
    return measure("moments", features)


def test_the_gram_matrix_is_the_mean_outer_product_over_positions():
    vectors = FEATURES[0].reshape(5, -1).numpy().T
    expected = np.mean([np.outer(vector, vector) for vector in vectors], axis=0)
    np.testing.assert_allclose(gram(FEATURES)[0].numpy(), expected, rtol=1e-12)


def test_the_moments_are_numpys_covariance_and_the_square_of_the_mean_and_sum_to_the_gram_matrix():
    covariance, square = moments(FEATURES)
    vectors = FEATURES[0].reshape(5, -1).numpy()
    np.testing.assert_allclose(covariance.numpy(), np.cov(vectors, bias=True), rtol=1e-12)
    np.testing.assert_allclose(square.numpy(), np.outer(vectors.mean(1), vectors.mean(1)), rtol=1e-12)
    torch.testing.assert_close(covariance + square, gram(FEATURES)[0])


def test_statistics_do_not_depend_on_where_things_are():
    shuffled = FEATURES.flatten(2)[:, :, torch.randperm(24)].reshape(FEATURES.shape)
    found = STATISTICS["moments"].compare_features(shuffled, moments(FEATURES), None, 24)
    assert found.value.item() < 1e-20


def test_half_precision_features_give_float32_sums():
    big = torch.full((1, 2, 100, 100), 300.0, dtype=torch.bfloat16)
    assert gram(big)[0].dtype == torch.float32
    torch.testing.assert_close(gram(big)[0], torch.full((2, 2), 90000.0))


TARGET = torch.rand(1, 5, 7, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 9
WEIGHTS = torch.rand(1, 1, 4, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
TILES = (slice(0, 1), slice(1, 4)), (slice(0, 2), slice(2, 5), slice(5, 6))


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", STATISTICS)
def test_what_is_measured_of_tiles_adds_up_to_the_whole_and_pulls_back_the_same_gradient(name, weights):
    statistic, total = STATISTICS[name], 24 if weights is None else weights.sum().item()
    target, whole = measure(name, TARGET), FEATURES.contiguous(memory_format=torch.channels_last)
    at_once = statistic.compare_features(whole, target, weights, total)
    tiles = [(rows, columns) for rows in TILES[0] for columns in TILES[1]]
    parts = [
        statistic.measure(whole[..., rows, columns], None if weights is None else weights[..., rows, columns])
        for rows, columns in tiles
    ]
    together = parts[0]
    for part in parts[1:]:
        together = statistic.add(together, part)
    assert together.total == pytest.approx(total)
    tiled = statistic.compare(together, target)
    torch.testing.assert_close(tiled.value, at_once.value)
    torch.testing.assert_close(
        pull_back(None, whole, tiled, weights, 3.0), pull_back(None, whole, at_once, weights, 3.0)
    )


@pytest.mark.parametrize("name", STATISTICS)
def test_weights_of_one_are_no_weights(name):
    ones = STATISTICS[name].measure(FEATURES, torch.ones_like(WEIGHTS))
    plain = STATISTICS[name].measure(FEATURES)
    assert ones.total == plain.total == len(flatten_positions(FEATURES))
    torch.testing.assert_close((ones.mean, ones.second), (plain.mean, plain.second))
