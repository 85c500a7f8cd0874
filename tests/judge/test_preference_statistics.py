"""The formulas behind a report, against published values."""

import numpy as np
import pytest
import scipy.stats

from impasto.judge.statistics import agreement, bootstrap_share, bootstrap_strengths, bradley_terry

BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ],
    dtype=float,
)
"""American League East, 1987: Milwaukee, Detroit, Toronto, New York, Boston, Cleveland, Baltimore (Agresti 2002)."""


def test_bradley_terry_strengths_are_those_of_agrestis_table():
    logs = np.log(bradley_terry(BASEBALL))
    assert logs - logs[-1] == pytest.approx([1.581, 1.436, 1.295, 1.248, 1.108, 0.684, 0], abs=6e-4)
    assert logs.mean() == pytest.approx(0, abs=1e-12)


def test_two_strengths_are_as_their_wins():
    weak, strong = bradley_terry(np.array([[0, 3.5], [10.5, 0]]))
    assert strong / weak == pytest.approx(3)


def test_a_candidate_that_always_wins_has_a_finite_strength_by_the_prior():
    best, worst = bradley_terry(np.array([[0, 10.0], [0, 0]]), prior=0.5)
    assert best / worst == pytest.approx(10.5 / 0.5)


def test_several_problems_at_once_have_the_strengths_of_each():
    together = bradley_terry(np.stack([BASEBALL, BASEBALL.T]))
    assert together[0] == pytest.approx(bradley_terry(BASEBALL))
    assert together[1] == pytest.approx(1 / together[0], rel=1e-6)


def shares(lower, upper):
    """The intervals of two strengths of geometric mean 1, as one of the share of the first."""
    return tuple(float(end[0] ** 2 / (1 + end[0] ** 2)) for end in (lower, upper))


def wins_of(*votes):
    """Wins of the first of two candidates and of the other, on each picture."""
    wins = np.zeros((len(votes), 2, 2))
    wins[:, 0, 1], wins[:, 1, 0] = np.transpose(votes)
    return wins


@pytest.mark.parametrize(("won", "lost"), [(7, 3), (20, 1), (6, 0)])
def test_with_one_vote_a_picture_the_interval_is_that_of_jeffreys(won, lost):
    wins = wins_of(*[(1, 0)] * won, *[(0, 1)] * lost)
    found = shares(*bootstrap_strengths(wins, prior=0.5, draws=20_000))
    assert found == pytest.approx(scipy.stats.beta.ppf([0.025, 0.975], won + 0.5, lost + 0.5), abs=0.012)


def test_pictures_that_disagree_make_the_interval_wider_than_their_votes_would():
    """Ten votes on each of eight pictures, which are all for one candidate or all for the other."""
    alike = shares(*bootstrap_strengths(wins_of(*[(5, 5)] * 8), prior=0.5))
    unlike = shares(*bootstrap_strengths(wins_of(*[(10, 0), (0, 10)] * 4), prior=0.5))
    assert alike[1] - alike[0] < 0.1
    assert unlike[1] - unlike[0] > 0.5
    assert unlike == shares(*bootstrap_strengths(wins_of(*[(10, 0), (0, 10)] * 4), prior=0.5)), "each time the same"


def test_a_share_has_the_interval_of_the_strengths_of_two_candidates():
    won, trials = [3, 2, 0, 3], [3, 3, 1, 3]
    votes = wins_of(*zip(won, np.subtract(trials, won), strict=True))
    assert bootstrap_share(won, trials) == pytest.approx(shares(*bootstrap_strengths(votes, prior=1.25)))
    always = bootstrap_share([3] * 12, [3] * 12)
    assert always == pytest.approx(scipy.stats.beta.ppf([0.025, 0.975], 12.5, 0.5), abs=0.012), "12 pictures, not 36"


def test_the_interval_covers_the_true_strength_about_as_often_as_it_says():
    generator = np.random.default_rng(1)
    covered, runs = 0, 100
    for _ in range(runs):
        won = generator.binomial(3, 0.7, size=30)  # votes of three raters on 30 pictures
        low, high = shares(*bootstrap_strengths(wins_of(*zip(won, 3 - won, strict=True)), prior=1.5, draws=300))
        covered += low <= 0.7 <= high
    assert 0.88 <= covered / runs <= 1


def test_agreement_counts_every_two_raters_of_a_question():
    assert agreement([["a", "a", "b"], ["a"], ["b", "b"]]) == (2, 4)
    assert agreement([]) == (0, 0)
