"""The time left, from what the pictures took so far, each counted by its pixels and iterations."""

import time
from collections.abc import Callable


class BatchClock:
    """Counts work done against work to do.

    Args:
        work: of all jobs that are to be painted.
        now: a clock, in seconds.
    """

    def __init__(self, work: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._start = now, now()
        self._total, self._done = work, 0.0
        self._shares: dict[int, float] = {}
        self._first: tuple[float, float] | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._now() - self._start

    @property
    def share(self) -> float:
        """Of the work that is done, 0..1."""
        return min(1.0, (self._done + sum(self._shares.values())) / self._total) if self._total else 1.0

    def add(self, work: float) -> None:
        """Count a job more."""
        self._total += work

    def advance(self, number: int, work: float, share: float) -> None:
        """Count a part of a job that is under way."""
        self._shares[number] = work * share
        if self._first is None:  # what came before was loading
            self._first = self.elapsed, self.share

    def complete(self, number: int, work: float, *, painted: bool) -> None:
        """Count a job as done, or as one less to do where it failed."""
        self._shares.pop(number, None)
        self._done += work if painted else 0.0
        self._total -= 0.0 if painted else work

    def retract(self, number: int) -> None:
        """Take back the part of a job that is to be done again."""
        self._shares.pop(number, None)

    def remaining(self) -> float:
        """Estimate the seconds left, at the speed so far."""
        share, (start, begun) = self.share, self._first or (0.0, 0.0)
        if share <= begun:
            start = begun = 0.0
        return (self.elapsed - start) * (1 - share) / (share - begun) if share else 0.0
