"""Each term's gradient against finite differences in float64."""

import pytest
import torch
from objectives import make_objective, make_spec

from impasto.core.losses import KINDS
from impasto.core.losses.conventions import CONVENTIONS
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
    spec = make_spec(
        {Layer.parse("relu2_2"): 1.0},
        {Layer.parse("relu1_1"): 0.5, Layer.parse("conv3_1"): 0.5},
        convention=convention,
        statistic=statistic,
        **{"content": 0.0, "style": 0.0, **weights},
    )
    network = VGG(double_weights, spec.layers, pooling=pooling, padding="replicate")
    return make_objective(network, random_picture(1), [random_picture(2)], spec)


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_gradient_of_each_term_is_its_finite_difference(double_weights, convention, kind, statistic, pooling):
    measured = objective(double_weights, convention, statistic, pooling, **{kind: 3.0})
    picture = random_picture(4)
    gradient = measured.evaluate(picture).gradient
    for seed in (5, 6):
        direction = random_picture(seed) / 255 - 0.5
        ahead, behind = (measured.values(picture + sign * STEP * direction).sum() for sign in (1, -1))
        slope = (ahead - behind) / (2 * STEP)
        torch.testing.assert_close((gradient * direction).sum(), slope, rtol=2e-5, atol=1e-7 * abs(slope.item()))


def test_the_terms_sum_to_the_loss(double_weights):
    measured = objective(double_weights, "mean", "gram", "max", content=1.0, style=2.0, tv=0.5)
    evaluation = measured.evaluate(random_picture(4))
    assert [loss.name for loss in measured.losses] == ["content relu2_2", "style relu1_1", "style conv3_1", "tv"]
    assert evaluation.loss == pytest.approx(sum(evaluation.terms))
    assert all(value > 0 for value in evaluation.terms)
