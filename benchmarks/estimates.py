"""What a run says beforehand against what it takes: seconds and memory, over runs of different size and recipe.

    python benchmarks/estimates.py [-o benchmarks/estimates.json]

Each is the first run in an empty home: the machine's speed is measured and no run before has told it. The memory is the
process's largest resident size.
"""

import argparse
from pathlib import Path
from typing import Any

import shared

RUNS = (
    "summer_palace starry_night --size 256",
    "cat wheat_field_with_cypresses",
    "flower great_wave --size 768",
    "coffee starry_night --size 512 --precision float32",
    "rocket the_scream --recipe fast",
    "cat water_lilies --recipe fast --size 1024",
    "astronaut starry_night --size 1024 --memory 1GB",
    "cat great_wave --recipe neural-style --size 320 --iterations 80",
    "coffee the_scream --recipe gatys --size 256 --iterations 60",
    "flower starry_night --recipe keras-lbfgs --rounds 1 --iterations 30",
    "summer_palace water_lilies --recipe tf-adam --iterations 40",
    "cat starry_night --recipe coursera --iterations 60",
)


def measure(run: str) -> dict[str, Any]:
    """Run a command; returns what it said and what it took."""
    taken = shared.measure_run(*run.split())
    started, estimate = taken.started, taken.started["estimate"]
    return {
        "run": run,
        "width": started["width"],
        "height": started["height"],
        "precision": started["precision"],
        "tiles": estimate["tiles"],
        "rough": estimate["rough"],
        "estimated_seconds": round(estimate["seconds"], 2),
        "seconds": round(taken.finished["elapsed"], 2),
        "estimated_mb": round(estimate["memory"] / 1e6),
        "mb": round(taken.peak / 1e6),
    }


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "estimates.json")
    chosen = parser.parse_args()
    rows = []
    for run in RUNS:
        rows.append(measure(run))
        print(rows[-1], flush=True)
    shared.write(chosen.output, {}, runs=rows)


if __name__ == "__main__":
    main()
