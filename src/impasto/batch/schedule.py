"""How many pictures at once, and with how many threads each.

The bytes of a picture depend on the number of threads that compute it: sums are rounded in another order. That number
therefore follows from the machine, the number of jobs and the size of the picture, and never from what else runs or
from the number of workers: a batch that was interrupted continues with the pictures that it would have made.
"""

import contextlib
import os
import platform
import shutil
import sys
import time
from pathlib import Path

from impasto.engine import sizing
from impasto.settings import Settings
from impasto.sizing import Size

WORKER_BYTES = 700 * 2**20
"""Of a worker that has loaded torch and the network, before it paints."""
_MEMORY_SHARE = 0.75
"""Of the machine's memory, for all workers together."""
_ITEM_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "auto": 4}
"""Of a number in the network; `auto` may turn out to be float32."""
_WORKERS_ON_GPU = 2
_WORTH = 1.05
"""How much faster fewer workers must be to be preferred."""
_SHORTEST_WINDOW = 2.0
"""Seconds over which a number of workers is measured, at least."""
_ENOUGH_JOBS = 6
"""Pictures per worker that are left, for measuring to be worth its time."""
_SMALLEST_LONG_SIDE = 128
"""As `core.pyramid` has it, which loads torch."""


def core_count() -> int:
    """Count the cores that this process may use."""
    with contextlib.suppress(AttributeError):  # Linux alone has it
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def most_workers(settings: Settings) -> int:
    """Give the number of pictures at once to begin with: one for each core, or two where they share a GPU."""
    return _WORKERS_ON_GPU if _has_gpu(settings.device) else core_count()


def _has_gpu(device: str) -> bool:
    """Whether pictures are likely to be painted on a GPU, as far as can be told without torch."""
    if device != "auto":
        return device != "cpu"
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return apple or Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None


def memory_needed(settings: Settings, size: Size) -> int:
    """Estimate the bytes that a worker takes while it paints a picture of this size."""
    return WORKER_BYTES + sizing.result_bytes(settings, size, _ITEM_BYTES[settings.precision])


def memory_budget() -> int | None:
    """Give the bytes that pictures may take together; None where the system does not say."""
    physical = sizing.physical_memory()
    return None if physical is None else int(physical * _MEMORY_SHARE)


def memory_available() -> int | None:
    """Give the bytes of the budget that are free at this moment; None where the system does not say."""
    budget = memory_budget()
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        free = int(line.split()[1]) * 1024
        return free if budget is None else min(budget, free)
    return budget


def choose_threads(settings: Settings, size: Size, jobs: int) -> int:
    """Give the threads to compute a picture with: those that the settings name, or else its share of the cores.

    Args:
        settings: `threads` is read, and what decides the memory.
        size: of the result.
        jobs: of the whole batch, done or not.
    """
    if settings.threads:
        return settings.threads
    cores, budget = core_count(), memory_budget()
    fit = cores if budget is None else budget // memory_needed(settings, size)
    return max(1, cores // max(1, min(cores, jobs, fit)))


def scale_work(settings: Settings, size: Size) -> list[tuple[Size, int]]:
    """Give the size and the iterations of each scale, about as `core.pyramid.plan_scales` plans them."""
    if settings.strength == 0:
        return []
    factors = [2**step for step in range(settings.scales) if step == 0 or max(size) >= _SMALLEST_LONG_SIDE * 2**step]
    return [
        (
            (max(1, round(size[0] / factor)), max(1, round(size[1] / factor))),
            max(1, round(settings.iterations * settings.iterations_decay**index)) * settings.rounds,
        )
        for index, factor in enumerate(reversed(factors))
    ]


def work_of(settings: Settings, size: Size) -> float:
    """Give the megapixels times iterations of a picture, margin included."""
    border = 2 * settings.margin
    pixels = ((width + border) * (height + border) * steps for (width, height), steps in scale_work(settings, size))
    return sum(pixels) / 1e6 or 1e-3


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

    def give_way(self) -> None:
        """Have one fewer at once from now on: memory ran out."""
        self.workers, self.settled = max(1, self.workers - 1), True

    def _decide(self, left: int | None) -> bool:
        best = max(self.rates, key=lambda number: self.rates[number] * (1 if number == max(self.rates) else 1 / _WORTH))
        half = self.workers // 2
        worth_a_try = best == self.workers and half and left is not None and left >= _ENOUGH_JOBS * self.workers
        if worth_a_try:
            self.workers, self._begun = half, None
            return False
        self.workers, self.settled = best, True
        return True
