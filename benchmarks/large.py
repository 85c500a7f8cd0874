"""What large pictures take: the time of an evaluation in tiles and in one piece, and memory by size.

    python benchmarks/large.py [--rounds 3] [--megapixels 1 2 4 ...] [-o benchmarks/large.json]

Times: the objective of the default look, evaluated at one picture in both ways by turns; medians. Memory: the largest
resident size of a process that paints at one scale, from the palette of the painting, with so much memory as it is
told that it may take.
"""

import argparse
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import shared
import torch

from impasto import Settings, images
from impasto.engine.memory import optimizer_bytes, plan_memory
from impasto.engine.run import RunInputs
from impasto.engine.sizing import memory_load

PAIR = ("summer_palace", "starry_night")
TIMED_SIDE = 1536
TIMED_BUDGETS = ("64GB", "2GB", "1.4GB", "1GB")
MEGAPIXELS = {1: "1GB", 2: "1.5GB", 4: "2GB", 8: "3GB", 12: "4GB", 25: "6GB", 50: "8GB"}
"""And how much memory each may take."""
ASPECT = 3 / 2
"""Of the photograph."""


def evaluate(opened: RunInputs) -> float:
    """Give the seconds that an evaluation at the start takes."""
    size = opened.transfer.spec.size
    objective, image = opened.transfer.objective(*size), opened.transfer.initial_image(*size)
    begin = time.perf_counter()
    objective.evaluate(image)
    return time.perf_counter() - begin


def compare_times(rounds: int) -> list[dict[str, Any]]:
    """Evaluate with each amount of memory by turns."""
    settings = [Settings(size=TIMED_SIDE, scales=1, memory=budget) for budget in TIMED_BUDGETS]
    runs = [shared.open_run(each, *PAIR) for each in settings]
    seconds: list[list[float]] = [[] for _ in runs]
    for number in range(rounds + 1):
        for run, taken in zip(runs, seconds, strict=True):
            found = evaluate(run)
            if number:  # the first also measures the targets' memory
                taken.append(found)
    medians = [statistics.median(taken) for taken in seconds]
    return [
        {
            "memory": budget,
            "tile": run.memory.side,
            "keep": run.memory.keep,
            "tiles": run.memory.tiles(*run.transfer.spec.size),
            "precision": run.compute.precision,
            "seconds": round(median, 2),
            "ratio": round(median / medians[0], 3),
        }
        for budget, run, median in zip(TIMED_BUDGETS, runs, medians, strict=True)
    ]


def measure_memory(megapixels: int, budget: str) -> dict[str, Any]:
    """Paint a picture of a size for a moment; returns what was planned and what it took."""
    width = round((megapixels * 1e6 * ASPECT) ** 0.5)
    once = ["--scales", "1", "--iterations", "1", "--tolerance", "0", "--checkpoint", "never"]
    taken = shared.measure_run(*PAIR, "--size", str(width), "--memory", budget, *once)
    started = taken.started
    settings = Settings(size=width, scales=1, iterations=1, memory=budget, precision=started["precision"])
    photo, painting = (images.read(shared.picture(name)) for name in PAIR)
    load = memory_load(settings, (photo.width, photo.height), [(painting.width, painting.height)])
    plan, whole = plan_memory(load, 0), plan_memory(replace(load, budget=10**15), 0)
    return {
        "width": started["width"],
        "height": started["height"],
        "memory": budget,
        "precision": started["precision"],
        "tiles": started["estimate"]["tiles"],
        "estimated_mb": round(started["estimate"]["memory"] / 1e6),
        "mb": round(taken.peak / 1e6),
        "optimizer_mb": round(optimizer_bytes(load, plan.history, compact=plan.compact) / 1e6),
        "whole_mb": round(whole.needed / 1e6),
        "seconds": round(taken.finished["elapsed"], 1),
    }


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="0 keeps the times of the file")
    parser.add_argument("--megapixels", type=int, nargs="*", default=list(MEGAPIXELS))
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "large.json")
    chosen = parser.parse_args()
    known = json.loads(chosen.output.read_text(encoding="utf-8")) if chosen.output.exists() else {}
    if not chosen.rounds and "times" not in known:
        parser.error(f"--rounds 0 keeps the times of {chosen.output}, and there are none")
    times = compare_times(chosen.rounds) if chosen.rounds else known["times"]
    for row in times:
        print(row, flush=True)
    memory = {row["memory"]: row for row in known.get("memory", [])}
    for megapixels in chosen.megapixels:
        row = measure_memory(megapixels, MEGAPIXELS[megapixels])
        memory[row["memory"]] = row
        print(row, flush=True)
    about = {"side": TIMED_SIDE, "threads": torch.get_num_threads(), "rounds": chosen.rounds, "pair": PAIR}
    if not chosen.rounds:  # what it says is of the times
        about = known["about"]
    shared.write(chosen.output, about, times=times, memory=list(memory.values()))


if __name__ == "__main__":
    main()
