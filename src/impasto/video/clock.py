"""The time that a film still takes, from what its frames took: the first of a shot takes far longer than the others."""

from collections.abc import Iterable, Sequence


class FilmClock:
    """Estimates.

    Args:
        shots: the numbers of the frames of each.
        workers: shots at once; it may be changed.
    """

    def __init__(self, shots: Sequence[Sequence[int]], workers: int) -> None:
        self._firsts = {shot[0] for shot in shots}
        self._left = {number for shot in shots for number in shot}
        self.workers = workers
        self._seconds: dict[bool, list[float]] = {True: [], False: []}

    def skip(self, numbers: Iterable[int]) -> None:
        """Take note of frames that were painted before."""
        self._left.difference_update(numbers)

    def complete(self, number: int, seconds: float) -> None:
        """Take note of a frame."""
        self._left.discard(number)
        self._seconds[number in self._firsts].append(seconds)

    def remaining(self) -> float:
        """Estimate the seconds for the frames that are left."""
        firsts = len(self._left & self._firsts)
        return self._estimate(firsts, len(self._left) - firsts, self.workers)

    def estimate(self, frames: int, shots: int, workers: int) -> float:
        """Estimate the seconds for another film of such frames."""
        return self._estimate(shots, max(0, frames - shots), workers)

    def _estimate(self, firsts: int, others: int, workers: int) -> float:
        first, other = (self._mean(is_first=kind) for kind in (True, False))
        return (firsts * first + others * other) / workers

    def _mean(self, *, is_first: bool) -> float:
        known = self._seconds[is_first] or self._seconds[not is_first]
        return sum(known) / len(known) if known else 0.0
