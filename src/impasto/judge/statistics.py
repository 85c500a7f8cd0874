"""Preferences and shares with intervals, from counts alone: no file, no clock."""

from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_MOST_STEPS = 2000
_CLOSE = 1e-7
"""Changes of the logarithm of a strength at which the iteration ends."""
_LEAST = 1e-9
"""Of a win: nothing is to be divided by 0."""


def bradley_terry(wins: Array, *, prior: float = 0.0) -> Array:
    """Estimate strengths p by which i is preferred to j with the probability p_i / (p_i + p_j) (Bradley, Terry 1952).

    The likelihood is maximized by the MM algorithm of Hunter (2004), equation (3), from equal strengths:
    p_i <- W_i / sum over j of n_ij / (p_i + p_j), with W_i the wins of i, and n_ij how often i and j were compared.

    Args:
        wins: (..., K, K), how often the row's candidate was preferred to the column's; ties count half on either side.
            The diagonal is 0. Any leading axes are problems of their own.
        prior: wins that are added to each candidate against each other one. Without, the strengths of a candidate that
            always or never wins do not exist (Hunter 2004, assumption 1); 0.5 is one tie more for each two.

    Returns:
        (..., K), with a geometric mean of 1.
    """
    count = wins.shape[-1]
    wins = wins + prior * (1 - np.eye(count))  # (..., K, K)
    compared = wins + np.swapaxes(wins, -1, -2)
    won = wins.sum(axis=-1)  # (..., K)
    strengths = np.ones(won.shape)
    for _ in range(_MOST_STEPS):
        sums = strengths[..., :, np.newaxis] + strengths[..., np.newaxis, :]  # (..., K, K)
        found = _with_unit_mean(won / (compared / sums).sum(axis=-1))
        moved = float(np.abs(np.log(found) - np.log(strengths)).max())
        strengths = found
        if moved < _CLOSE:
            break
    return strengths


def _with_unit_mean(strengths: Array) -> Array:
    return np.asarray(strengths / np.exp(np.log(strengths).mean(axis=-1, keepdims=True)))


def bootstrap_strengths(
    wins: Array, *, prior: float, draws: int = 4000, seed: int = 0, level: float = 0.95
) -> tuple[Array, Array]:
    """Give intervals of strengths by the Bayesian bootstrap over pictures (Rubin 1981).

    Votes on one picture are alike, whoever gives them: in each draw, all votes on a picture count by one weight, which
    is Gamma(1), and those of the prior by weights of Gamma(1/2). Of two candidates and one vote on each picture, this
    is the interval of Jeffreys (Brown, Cai and DasGupta 2001); the bootstrap that draws with replacement (Efron
    1979) would give an interval of no width to a candidate that always won.

    Args:
        wins: (P, K, K), as for `bradley_terry`, of each of P pictures.
        prior: as for `bradley_terry`, above 0: half the votes that a picture has on two candidates.
        draws: number of samples.
        seed: of the samples.
        level: share of the samples within the interval.

    Returns:
        The lower and the upper ends, (K,) each.
    """
    pictures, count, _ = wins.shape
    generator = np.random.default_rng(seed)
    weights = generator.standard_gamma(1, (draws, pictures))  # (D, P)
    added = 2 * prior * generator.standard_gamma(0.5, (draws, count, count)) + _LEAST  # of the mean `prior`
    sums = np.tensordot(weights, wins, axes=1) + added * (1 - np.eye(count))  # (D, P) x (P, K, K) -> (D, K, K)
    strengths = bradley_terry(sums)
    lower, upper = np.quantile(strengths, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return lower, upper


def bootstrap_share(successes: Sequence[float], trials: Sequence[int]) -> tuple[float, float]:
    """Give the interval of 95 % of a share, by `bootstrap_strengths` of two candidates.

    Args:
        successes: on each picture, 0 up to its trials; a tie may count as half of one.
        trials: on each picture, at least 1.

    Returns:
        The lower and the upper end, 0..1.
    """
    wins = np.zeros((len(trials), 2, 2))
    wins[:, 0, 1], wins[:, 1, 0] = successes, np.subtract(trials, successes)
    lower, upper = bootstrap_strengths(wins, prior=0.5 * sum(trials) / len(trials))
    odds = lower[0] ** 2, upper[0] ** 2  # as the strengths are p and 1 / p
    return float(odds[0] / (1 + odds[0])), float(odds[1] / (1 + odds[1]))


def agreement(answers: Iterable[Sequence[Hashable]]) -> tuple[int, int]:
    """Count two raters who gave one answer, and all two raters who answered one question.

    Args:
        answers: to each question, one of each rater.
    """
    pairs = [pair for given in answers for pair in combinations(given, 2)]
    return sum(one == other for one, other in pairs), len(pairs)
