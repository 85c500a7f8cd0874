"""How many pictures at once, and with how many threads each.

The bytes of a picture depend on the number of threads that compute it: sums are rounded in another order. That number
therefore follows from the machine, the number of jobs and the size of the picture, and never from what else runs or
from the number of workers: a batch that was interrupted continues with the pictures that it would have made.
"""

import time
from collections.abc import Sequence

from impasto.engine import sharing, sizing
from impasto.engine.memory import free_memory
from impasto.engine.sharing import AUTO_BYTES, core_share, memory_budget
from impasto.settings import Settings
from impasto.sizing import Size, padded_pixels

_WORTH = 1.05
"""How much faster fewer workers must be to be preferred."""
_SHORTEST_WINDOW = 2.0
"""Seconds over which a number of workers is measured, at least."""
_CALM_PICTURES = 8
"""Pictures that are to be painted without a loss before there is a worker more again; twice as many after each."""
KEPT_BYTES = 100_000_000
"""Of decoded paintings that a worker keeps for the next pictures."""
_ENOUGH_JOBS = 6
"""Pictures per worker that are left, for measuring to be worth its time."""


def most_workers(settings: Settings) -> int:
    """Give the number of pictures at once to begin with: one for each core, or two where they share a GPU."""
    return sharing.most_at_once(settings.device)


def memory_needed(settings: Settings, content: Size, styles: Sequence[Size | None]) -> int:
    """Plan the bytes that a worker takes while it paints a picture, in tiles where it would be more than the budget.

    Args:
        settings: all of the picture's.
        content: the photograph's own size.
        styles: the paintings' own sizes; None for a style file.

    Raises:
        OutOfMemoryError: it takes more than there is, however it is painted.
    """
    load = sizing.memory_load(settings, content, styles, AUTO_BYTES if settings.precision == "auto" else 0)
    return sharing.memory_needed(load)


def memory_available(held: int = 0) -> int:
    """Give the bytes of the budget that can be had at this moment, with those that the workers hold."""
    return min(memory_budget(), free_memory() + held)


def choose_threads(settings: Settings, memory: int, jobs: int) -> int:
    """Give the threads to compute a picture with: those that the settings name, or else its share of the cores.

    Args:
        settings: `threads` is read.
        memory: bytes that a picture takes.
        jobs: of the whole batch, done or not.
    """
    return settings.threads or core_share(memory, jobs)


def work_of(settings: Settings, size: Size) -> float:
    """Give the megapixels times iterations of a picture, margin included."""
    scales = sizing.scale_work(settings, size)
    work = sum(padded_pixels(scale.size, settings.margin) * scale.iterations for scale in scales)
    return work / 1e6 or 1e-3


class WorkerTuner:
    """Finds the number of pictures at once that does most work a second, on the batch's own pictures.

    It begins with the most, and tries half of them as long as that is faster: where memory or a few real cores behind
    many threads are what limits, fewer get more done. A number is measured while that many are painting.

    Args:
        most: to begin with.
        fixed: whether that is the user's choice, and nothing is to be measured.
    """

    def __init__(self, most: int, *, fixed: bool) -> None:
        self.workers = max(1, most)
        self.rates: dict[int, float] = {}
        """Work a second, of each number that was measured."""
        self.settled = fixed or self.workers == 1
        self._most, self._patience, self._calm = self.workers, _CALM_PICTURES, 0
        self._begun: tuple[float, float] | None = None
        self._finished = 0

    def observe(self, *, running: int, done: float, finished: bool, left: int | None, now: float | None = None) -> bool:
        """Take note of the work so far; returns whether the number has been settled just now.

        Args:
            running: pictures that are being painted.
            done: work since the beginning, with parts of pictures.
            finished: whether a picture was finished since the last call.
            left: pictures that are still to be begun; None where that is not known.
            now: seconds of a monotonic clock.
        """
        if self.settled:
            return False
        now = time.monotonic() if now is None else now
        if self._begun is None:
            if running == self.workers and done > 0:
                self._begun, self._finished = (now, done), 0
            return False
        self._finished += finished
        seconds = now - self._begun[0]
        if self._finished < self.workers + 1 or seconds < _SHORTEST_WINDOW:
            return False
        self.rates[self.workers] = (done - self._begun[1]) / seconds
        return self._decide(left)

    def give_way(self) -> bool:
        """Have one fewer at once for a while, since memory ran out or a worker was lost; returns whether it can be."""
        if not self.settled:
            self._most, self.settled = self.workers, True
        self._calm, lowered = 0, self.workers > 1
        self.workers = max(1, self.workers - 1)
        return lowered

    def recover(self) -> bool:
        """Take note of a picture that was painted; returns whether there is one more at once from now on."""
        self._calm += 1
        if not self.settled or self.workers >= self._most or self._calm < self._patience:
            return False
        self.workers, self._calm, self._patience = self.workers + 1, 0, 2 * self._patience
        return True

    def _decide(self, left: int | None) -> bool:
        best = max(self.rates, key=lambda number: self.rates[number] * (1 if number == max(self.rates) else 1 / _WORTH))
        half = self.workers // 2
        worth_a_try = best == self.workers and half and left is not None and left >= _ENOUGH_JOBS * self.workers
        if worth_a_try:
            self.workers, self._begun = half, None
            return False
        self.workers = self._most = best
        self.settled = True
        return True
