"""Preferences and shares with intervals, from counts alone: no file, no clock."""

import math
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: an interval of 95 % leaves out as much on either side."""
_MOST_STEPS = 10_000
_CLOSE = 1e-9


def wilson_interval(successes: float, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Give the score interval of a share (Wilson 1927): all p from which the seen share is at most z deviations away.

    With s successes of n, these are the roots of (s/n - p)^2 = z^2 p (1 - p) / n. It takes votes to be independent.

    Args:
        successes: 0..trials; a tie may count as half of one, which makes the interval a little too wide.
        trials: at least 1.
        z: quantile of the normal distribution.
    """
    share, extra = successes / trials, z * z / trials
    middle = (share + extra / 2) / (1 + extra)
    half = z * math.sqrt(share * (1 - share) / trials + extra / (4 * trials)) / (1 + extra)
    return max(0.0, middle - half), min(1.0, middle + half)


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
    wins: Array, *, draws: int = 1000, seed: int = 0, prior: float = 0.5, level: float = 0.95
) -> tuple[Array, Array] | None:
    """Give percentile intervals of strengths by drawing clusters with replacement (Efron 1979; Field, Welsh 2007).

    Votes on one picture are alike, whoever gives them: a picture is drawn with all of its votes.

    Args:
        wins: (P, K, K), as for `bradley_terry`, of each of P pictures.
        draws: number of samples.
        seed: of the samples.
        prior: as for `bradley_terry`, in each sample.
        level: share of the samples within the interval.

    Returns:
        The lower and the upper ends, (K,) each; None where there are fewer than two pictures, which do not vary.
    """
    pictures = len(wins)
    if pictures <= 1:
        return None
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(pictures, np.full(pictures, 1 / pictures), size=draws)  # (D, P)
    sums = np.tensordot(drawn.astype(np.float64), wins, axes=1)  # (D, P) x (P, K, K) -> (D, K, K)
    strengths = bradley_terry(sums, prior=prior)
    lower, upper = np.quantile(strengths, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return lower, upper


def agreement(answers: Iterable[Sequence[Hashable]]) -> tuple[int, int]:
    """Count two raters who gave one answer, and all two raters who answered one question.

    Args:
        answers: to each question, one of each rater.
    """
    pairs = [pair for given in answers for pair in combinations(given, 2)]
    return sum(one == other for one, other in pairs), len(pairs)
