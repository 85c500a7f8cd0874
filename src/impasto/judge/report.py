"""What votes say: preferences for each question, of persons and of models apart."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from impasto.errors import InputError, count_noun
from impasto.judge.crops import PAINTER
from impasto.judge.session import QUESTIONS
from impasto.judge.statistics import agreement, bootstrap_share, bootstrap_strengths, bradley_terry
from impasto.judge.votes import RaterKind, Vote

_PRIOR = 0.5
"""Pictures on which each candidate is taken to have won against each other one: one that always won has a strength."""


@dataclass(frozen=True)
class Share:
    """A share with its interval of 95 %, by a bootstrap over pictures."""

    share: float
    low: float
    high: float
    of: int
    """Votes."""

    @classmethod
    def of_votes(cls, votes: Sequence[Vote], winner: str) -> "Share":
        """Make it of one vote or more: how often one side was preferred; a tie is half of that."""
        values: dict[str, list[float]] = defaultdict(list)
        for vote in votes:
            values[vote.picture].append(0.5 if vote.winner is None else float(vote.winner == winner))
        won, trials = [sum(each) for each in values.values()], [len(each) for each in values.values()]
        return cls(sum(won) / len(votes), *bootstrap_share(won, trials), len(votes))

    def __str__(self) -> str:
        return f"{self.share:.0%} [{self.low:.0%}, {self.high:.0%}] of {count_noun(self.of, 'vote')}"


@dataclass(frozen=True)
class Preference:
    """How often one candidate was preferred to another; a tie is half a win of each."""

    candidate: str
    other: str
    wins: int
    ties: int
    losses: int
    share: Share


@dataclass(frozen=True)
class Strength:
    """A candidate's strength (Bradley and Terry 1952): i is preferred to j with the probability p_i / (p_i + p_j)."""

    candidate: str
    wins: int
    ties: int
    losses: int
    strength: float
    """The geometric mean over the candidates is 1."""
    low: float
    """Ends of the interval of 95 %, by a bootstrap over pictures."""
    high: float


@dataclass(frozen=True)
class QuestionReport:
    """The answers of one kind of rater to one question."""

    question: str
    text: str
    raters_kind: RaterKind
    raters: int
    pictures: int
    votes: int
    """Those that count."""
    agreed: int
    """Two raters who gave one answer to a question."""
    compared: int
    """Two raters who answered one question."""
    preferences: list[Preference] = field(default_factory=list)
    strengths: list[Strength] = field(default_factory=list)
    right: Share | None = None
    """In the crop test: how often the painter's crop was found. Half would be found by chance."""
    recognized: int = 0
    """In the crop test: votes that do not count, since the rater recognized the subject."""


def make_report(votes: Sequence[Vote]) -> list[QuestionReport]:
    """Report on each question, for persons and then for models.

    Raises:
        InputError: there is no vote.
    """
    if not votes:
        raise InputError("there are no votes to report on", "Vote first: impasto judge FOLDER FOLDER.")
    groups: dict[tuple[RaterKind, str], list[Vote]] = defaultdict(list)
    # One answer of each rater to each question: two pages at once may have given two, of which the last counts.
    for vote in {(vote.rater, vote.pair, vote.question): vote for vote in votes}.values():
        groups[vote.rater.kind, vote.question].append(vote)
    kinds: tuple[RaterKind, ...] = ("person", "model")
    asked = [(kind, name, text) for kind in kinds for texts in QUESTIONS.values() for name, text in texts.items()]
    return [_report(name, text, kind, groups[kind, name]) for kind, name, text in asked if (kind, name) in groups]


def to_json(report: Sequence[QuestionReport]) -> dict[str, Any]:
    """Give a report as values for JSON."""
    return {"event": "report", "questions": [asdict(part) for part in report]}


def to_lines(report: Sequence[QuestionReport]) -> list[str]:
    """Write a report for a terminal."""
    lines: list[str] = []
    for part in report:
        raters = count_noun(part.raters, "rater" if part.raters_kind == "person" else "MODEL")
        pictures = count_noun(part.pictures, "picture")
        lines += ["", f"{part.text} ({raters}, {pictures}, {count_noun(part.votes, 'vote')})"]
        if part.right is not None:
            lines.append(f"  right answers: {part.right}; 50% is chance")
        if part.recognized:
            lines.append(f"  not counted, the subject was recognized: {count_noun(part.recognized, 'vote')}")
        for it in part.preferences:
            counts = f"{it.wins} won, {it.ties} tied, {it.losses} lost"
            lines.append(f"  {it.candidate} preferred to {it.other}: {it.share} ({counts})")
        lines += _strength_lines(part.strengths)
        if part.compared:
            lines.append(f"  raters agree on {part.agreed} of {part.compared} ({part.agreed / part.compared:.0%})")
    return lines[1:]


def _strength_lines(strengths: Sequence[Strength]) -> list[str]:
    if not strengths:
        return []
    width = max(len(it.candidate) for it in strengths)
    lines = ["  strengths (Bradley-Terry; twice the strength is preferred 2 times in 3):"]
    return lines + [f"    {it.candidate:{width}} {it.strength:6.2f} [{it.low:.2f}, {it.high:.2f}]" for it in strengths]


def _report(name: str, text: str, kind: RaterKind, votes: Sequence[Vote]) -> QuestionReport:
    counted = [vote for vote in votes if vote.answer != "recognized"]
    answers: dict[object, list[object]] = defaultdict(list)
    for vote in counted:
        answers[vote.pair].append(vote.winner)
    agreed, compared = agreement(answers.values())
    crops = name in QUESTIONS["crops"]
    return QuestionReport(
        question=name,
        text=text,
        raters_kind=kind,
        raters=len({vote.rater.name for vote in votes}),
        pictures=len({vote.picture for vote in votes}),
        votes=len(counted),
        agreed=agreed,
        compared=compared,
        preferences=[] if crops else _preferences(counted),
        strengths=[] if crops else _strengths(counted),
        right=Share.of_votes(counted, PAINTER) if crops and counted else None,
        recognized=len(votes) - len(counted),
    )


def _candidates(votes: Sequence[Vote]) -> list[str]:
    return sorted({name for vote in votes for name in (vote.left, vote.right)})


def _preferences(votes: Sequence[Vote]) -> list[Preference]:
    """Compare every two candidates that were compared, the preferred one first."""
    found = []
    for one, other in combinations(_candidates(votes), 2):
        between = [vote for vote in votes if {vote.left, vote.right} == {one, other}]
        if not between:
            continue
        first, second = sorted((one, other), key=lambda name: -sum(vote.winner == name for vote in between))
        wins, losses = (sum(vote.winner == name for vote in between) for name in (first, second))
        ties = len(between) - wins - losses
        share = Share.of_votes(between, first)
        found.append(Preference(first, second, wins, ties, losses, share))
    return found


def _strengths(votes: Sequence[Vote]) -> list[Strength]:
    """Estimate the strength of each candidate, the strongest first."""
    names = _candidates(votes)
    places = {name: place for place, name in enumerate(names)}
    pictures = {name: place for place, name in enumerate(sorted({vote.picture for vote in votes}))}
    wins = np.zeros((len(pictures), len(names), len(names)))
    counts = {name: [0, 0, 0] for name in names}
    for vote in votes:
        for name, other in ((vote.left, vote.right), (vote.right, vote.left)):
            share = 0.5 if vote.winner is None else float(vote.winner == name)
            wins[pictures[vote.picture], places[name], places[other]] += share
            counts[name][round(2 - 2 * share)] += 1
    prior = _PRIOR * len(votes) / len({vote.pair for vote in votes})
    strengths = bradley_terry(wins.sum(axis=0), prior=prior)
    low, high = bootstrap_strengths(wins, prior=prior)
    found = [
        Strength(
            name,
            wins=counts[name][0],
            ties=counts[name][1],
            losses=counts[name][2],
            strength=float(strengths[place]),
            low=float(low[place]),
            high=float(high[place]),
        )
        for name, place in places.items()
    ]
    return sorted(found, key=lambda it: -it.strength)
