"""Each term's gradient against finite differences in float64."""

import pytest
import torch

from impasto.core.losses.objective import CONVENTIONS, Balance, Objective
from impasto.core.losses.statistics import STATISTICS
from impasto.core.network.vgg import VGG
from impasto.layers import Layer

STEP = 1e-5
SIZE = (1, 3, 18, 22)


def random_picture(seed):
    return torch.rand(SIZE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 255


@pytest.fixture(scope="module")
def double_weights(vgg_weights):
    return vgg_weights.to(torch.device("cpu"), torch.float64)


def objective(double_weights, convention, statistic, pooling, **weights):
    balance = Balance(
        convention=convention,
        statistic=statistic,
        content={Layer.parse("relu2_2"): 1.0},
        style={Layer.parse("relu1_1"): 0.5, Layer.parse("conv3_1"): 0.5},
        **{"content_weight": 0.0, "style_weight": 0.0, "tv_weight": 0.0, **weights},
    )
    network = VGG(double_weights, balance.layers, pooling=pooling, padding="replicate")
    return Objective(network, random_picture(1), [random_picture(2)], [1.0], balance)


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("kind", ["content_weight", "style_weight", "tv_weight"])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_gradient_of_each_term_is_its_finite_difference(double_weights, convention, kind, statistic, pooling):
    measured = objective(double_weights, convention, statistic, pooling, **{kind: 3.0})
    picture = random_picture(4)
    gradient = measured.evaluate(picture).gradient
    for seed in (5, 6):
        direction = random_picture(seed) / 255 - 0.5
        ahead, behind = (measured.losses(picture + sign * STEP * direction).sum() for sign in (1, -1))
        slope = (ahead - behind) / (2 * STEP)
        torch.testing.assert_close((gradient * direction).sum(), slope, rtol=2e-5, atol=1e-7 * abs(slope.item()))


def test_the_terms_sum_to_the_loss(double_weights):
    measured = objective(double_weights, "mean", "gram", "max", content_weight=1.0, style_weight=2.0, tv_weight=0.5)
    evaluation = measured.evaluate(random_picture(4))
    assert [str(term) for term in measured.terms] == ["content relu2_2", "style relu1_1", "style conv3_1", "tv"]
    assert evaluation.loss == pytest.approx(sum(evaluation.terms))
    assert all(value > 0 for value in evaluation.terms)
