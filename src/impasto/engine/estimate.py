"""How long a run takes and how much memory, before it begins: from what this machine did before.

A step takes time in proportion to the pixels of its scale, and somewhat more a pixel where they are few. What the last
runs took is kept in a file of the cache, by network, precision, device and size; before the first of its kind,
`calibrate.calibrate` measures it.
"""

import json
import math
import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.errors import ImpastoError
from impasto.sizing import padded_pixels
from impasto.storage.atomic import make_folder, replace_file
from impasto.storage.home import cache

if TYPE_CHECKING:  # the studio's server knows estimates, and must not hold torch
    from collections.abc import Sequence

    from impasto.engine.memory import MemoryPlan
    from impasto.layers import Layer
    from impasto.sizing import Scale

FEWEST_ITERATIONS = 5
"""At a scale, for its time to be kept."""
BEGINNING = 2
"""Iterations that the beginning of a scale is worth: its targets are measured, and its start is evaluated."""
_ROUGH_RATES = {"cuda": 0.2, "mps": 1.5}
"""Seconds an iteration and megapixel takes where no run has told: guesses by the kind of device."""
_ROUGH_CPU_RATES = {"bfloat16": 10.0, "float32": 21.0, "float64": 60.0}
"""Likewise on one CPU thread, by precision; from the runs in docs/scorecard.md."""
_TILED, _TILED_KEEPING_NONE = 1.5, 2.0
"""How much longer an iteration takes in tiles than in one piece, where no run in tiles has told."""
_REMOTE = 1.9
"""Likewise in tiles that one machine of a cluster computes."""
_MOST_KEPT = 40
_LARGEST_FILE = 100_000
_SLOWEST = 1e9


@dataclass(frozen=True)
class Estimate:
    """What a run will take."""

    width: int
    """Of the result, pixels."""
    height: int
    seconds: float
    """At most, where `tolerance` may end a scale early."""
    memory: int
    """Bytes of the whole process at its peak."""
    rough: bool
    """Whether no run on this machine was there to go by."""
    tiles: int = 1
    """In how many pieces the finest scale is painted, to stay within the memory that the run may take."""


class SpeedHistory:
    """What an iteration took in the last runs, in a file that is ignored where it is damaged or cannot be written.

    Args:
        file: unset, `speed.json` in the cache.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or cache() / "speed.json"

    def rate(self, kind: str, pixels: int) -> float | None:
        """Seconds an iteration and megapixel took, at the size nearest to `pixels`; None without any such run."""
        rates = self._read().get(kind)
        if not rates:
            return None
        size = _size_class(pixels)
        return rates[min(rates, key=lambda known: abs(int(known) - size))]

    def record(self, kind: str, *, pixels: int, iterations: int, seconds: float) -> None:
        """Keep what iterations at a size took, its beginning included; the latest run counts as much as all before."""
        known = self._read()
        rates = known.pop(kind, {})
        size, rate = str(_size_class(pixels)), seconds / iterations / pixels * 1e6
        rates[size] = (rates.get(size, rate) + rate) / 2
        known[kind] = rates  # at the end: the oldest come first
        kept = dict(list(known.items())[-_MOST_KEPT:])
        try:
            make_folder(self._file.parent)
            replace_file(self._file, json.dumps(kept, indent=1).encode())
        except (ImpastoError, OSError):
            return  # the next estimate is a guess: no reason to end a run

    def _read(self) -> dict[str, dict[str, float]]:
        try:
            text = self._file.read_text(encoding="utf-8") if self._file.stat().st_size < _LARGEST_FILE else ""
            stored = json.loads(text)
        except (OSError, ValueError, RecursionError):
            return {}
        kinds = stored.items() if isinstance(stored, dict) else ()
        found = {
            kind: {size: float(rate) for size, rate in rates.items() if size.isdecimal() and _is_rate(rate)}
            for kind, rates in kinds
            if isinstance(rates, dict)
        }
        return {kind: rates for kind, rates in found.items() if rates}


@dataclass(frozen=True)
class Processor:
    """Where a run computes, as far as its speed depends on that."""

    device: str
    """As torch writes it: `cpu`, `cuda:0`."""
    precision: str
    """Of the convolutions."""
    threads: int
    """On the CPU."""


@dataclass(frozen=True)
class Workload:
    """What a run computes: all that decides how long it takes."""

    scales: "Sequence[Scale]"
    """With the iterations of all rounds; none where nothing is optimized."""
    margin: int
    network: str
    deepest: "tuple[Layer, Layer]"
    """Of those that are compared at the coarsest scale, and at all others: the network is run as far as that."""
    optimizer: str
    """Its name in the settings: some evaluate the objective more than once in an iteration."""
    processor: Processor
    memory: "MemoryPlan | None" = None
    """How the network sees images; None for in one piece."""

    def kind(self, pixels: int) -> str:
        """Name what decides how long an iteration with an image of so many pixels takes, beside their number."""
        at = f"{self.processor.precision}, {self.processor.device}, {self.processor.threads} threads"
        layers = " and ".join(dict.fromkeys(map(str, self.deepest)))
        what = f"{self.network} to {layers} by {self.optimizer}"
        return f"{platform.node()}: {what}, {at}{self._tiling(pixels)[0]}"

    def rate(self, pixels: int, history: SpeedHistory) -> tuple[float, bool]:
        """Give the seconds that an iteration and megapixel takes; also returns whether that is a guess."""
        known = history.rate(self.kind(pixels), pixels)
        if known is not None:
            return known, False
        factor = self._tiling(pixels)[1]
        whole = history.rate(replace(self, memory=None).kind(pixels), pixels)
        if whole is None:
            return _rough_rate(self.processor) * factor, True
        is_remote = self.memory is not None and self.memory.is_remote(pixels)
        return whole * factor, is_remote  # by how many machines it is to be divided, only a run on them tells

    def _tiling(self, pixels: int) -> tuple[str, float]:
        """Name how an image of so many pixels is seen, and how much longer that takes than in one piece."""
        if self.memory is None or self.memory.sees_whole(pixels):
            return "", 1.0
        if self.memory.is_remote(pixels):
            return ", on a cluster", _REMOTE
        kept = self.memory.keep
        return f", in tiles of {self.memory.side} keeping {len(kept)}", _TILED if kept else _TILED_KEEPING_NONE


def estimate_seconds(work: Workload) -> tuple[float, bool]:
    """Estimate what all planned iterations take; also returns whether that is a guess."""
    history, seconds, rough = SpeedHistory(), 0.0, False
    for scale in work.scales:
        pixels = padded_pixels(scale.size, work.margin)
        rate, guessed = work.rate(pixels, history)
        rough = rough or guessed
        seconds += rate * pixels / 1e6 * (scale.iterations + BEGINNING)
    return seconds, rough


def sum_estimates(estimates: "Sequence[Estimate]") -> Estimate:
    """Estimate runs one after the other: the time of all, and the size and the memory of the largest."""
    largest = max(estimates, key=lambda each: each.width * each.height)
    return Estimate(
        largest.width,
        largest.height,
        seconds=sum(each.seconds for each in estimates),
        memory=max(each.memory for each in estimates),
        rough=any(each.rough for each in estimates),
        tiles=max(each.tiles for each in estimates),
    )


def _rough_rate(processor: Processor) -> float:
    rate = _ROUGH_RATES.get(processor.device.partition(":")[0])
    return _ROUGH_CPU_RATES[processor.precision] / processor.threads if rate is None else rate


def _size_class(pixels: int) -> int:
    """Each is of twice the pixels of the one before."""
    return round(math.log2(max(1, pixels)))


def _is_rate(value: object) -> bool:
    return isinstance(value, int | float) and 0 < value < _SLOWEST
