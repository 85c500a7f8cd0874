"""The time that a film still takes, from what its frames took: the first of a shot takes far longer than the others."""

from collections.abc import Iterable, Sequence


class FilmClock:
    """Estimates.

    Args:
        shots: the numbers of the frames of each.
        workers: shots at once; it may be changed.
    """

    def __init__(self, shots: Sequence[Sequence[int]], workers: int) -> None:
        self._shots = {number: index for index, shot in enumerate(shots) for number in shot}
        self._firsts = {shot[0] for shot in shots}
        self._first_left, self._others_left = [1] * len(shots), [len(shot) - 1 for shot in shots]
        self.workers = workers
        self._seconds: dict[bool, list[float]] = {True: [], False: []}

    def skip(self, numbers: Iterable[int]) -> None:
        """Take note of frames that were painted before."""
        for number in numbers:
            left = self._first_left if number in self._firsts else self._others_left
            left[self._shots[number]] -= 1

    def complete(self, number: int, seconds: float) -> None:
        """Take note of a frame."""
        self.skip([number])
        self._seconds[number in self._firsts].append(seconds)

    def remaining(self) -> float:
        """Estimate the seconds for the frames that are left: those of one shot are painted one after the other."""
        first, other = self._means()
        shots = [
            firsts * first + others * other for firsts, others in zip(self._first_left, self._others_left, strict=True)
        ]
        return max(sum(shots) / self.workers, *shots)

    def estimate(self, frames: int, shots: int, workers: int) -> float:
        """Estimate the seconds for another film of such frames."""
        first, other = self._means()
        return (shots * first + max(0, frames - shots) * other) / workers

    def _means(self) -> tuple[float, float]:
        """Give the seconds for the first frame of a shot, and for another."""
        found = []
        for is_first in (True, False):
            known = self._seconds[is_first] or self._seconds[not is_first]
            found.append(sum(known) / len(known) if known else 0.0)
        return found[0], found[1]
