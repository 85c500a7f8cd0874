"""How far the fast precision strays from float32: the gradient at the start, and the loss after 60 steps.

    python benchmarks/precision.py [--size 384] [--steps 60] [-o benchmarks/precision.json]

The default recipe at one scale, from the photograph, for two photographs x two paintings. Both runs' last pictures are
judged by the same float32 objective.
"""

import argparse
import itertools
from collections import deque
from pathlib import Path
from typing import Any

import shared
import torch

from impasto import Settings
from impasto.core import LBFGS, StyleTransfer
from impasto.engine.precision import gradient_error
from impasto.sizing import Size, with_long_side

GRADIENT_SIZES = (128, 512)


def final_loss(transfer: StyleTransfer, exact: StyleTransfer, size: Size, steps: int) -> float:
    """The float32 loss of the picture after so many steps."""
    objective = transfer.objective(*size)
    optimizer = LBFGS(Settings().history)
    (last,) = deque(optimizer.minimize(objective.evaluate, transfer.initial_image(*size), steps), maxlen=1)
    return float(exact.objective(*size).values(last.image).sum())


def compared(photo: str, painting: str, size: int, steps: int) -> dict[str, Any]:
    """One pair."""
    fast, exact = (
        shared.open_run(Settings(size=size, scales=1, precision=precision), photo, painting).transfer
        for precision in ("bfloat16", "float32")
    )
    pixels = exact.spec.size
    sizes = {side: with_long_side(pixels, side) for side in GRADIENT_SIZES}
    errors = {side: round(gradient_error(fast, exact, at), 4) for side, at in sizes.items()}
    ours, theirs = (final_loss(transfer, exact, pixels, steps) for transfer in (fast, exact))
    return {
        "photo": photo,
        "painting": painting,
        "gradient_errors": errors,
        "loss": ours,
        "float32_loss": theirs,
    }


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "precision.json")
    chosen = parser.parse_args()
    runs = []
    for photo, painting in itertools.product(shared.PHOTOS, shared.PAINTINGS):
        runs.append(compared(photo, painting, chosen.size, chosen.steps))
        print(runs[-1], flush=True)
    about = {"size": chosen.size, "threads": torch.get_num_threads(), "steps": chosen.steps}
    shared.write(chosen.output, about, runs=runs)


if __name__ == "__main__":
    main()
