"""Gram matrices, and mean and covariance."""

import numpy as np
import torch

from impasto.core.losses.statistics import MomentsGap, gram, moments

FEATURES = torch.rand(1, 5, 4, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 7


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
    assert MomentsGap(shuffled, moments(FEATURES)).value.item() < 1e-20


def test_half_precision_features_give_float32_sums():
    big = torch.full((1, 2, 100, 100), 300.0, dtype=torch.bfloat16)
    assert gram(big)[0].dtype == torch.float32
    torch.testing.assert_close(gram(big)[0], torch.full((2, 2), 90000.0))
