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
from impasto.core.optim import LBFGS
from impasto.engine.precision import gradient_error
from impasto.engine.session import Session
from impasto.engine.sizing import Size, result_size

GRADIENT_SIZES = (128, 512)


def final_loss(session: Session, exact: Session, size: Size, steps: int) -> float:
    """The float32 loss of the picture after so many steps."""
    objective = session.objective(*size)
    minimizer = LBFGS(session.settings.history)
    (last,) = deque(minimizer.minimize(objective.evaluate, session.start(*size), steps), maxlen=1)
    return float(exact.objective(*size).losses(last.image).sum())


def compared(photo: str, painting: str, size: int, steps: int) -> dict[str, Any]:
    """One pair."""
    fast, exact = (
        shared.opened(Settings(size=size, scales=1, precision=precision), photo, painting)
        for precision in ("bfloat16", "float32")
    )
    pixels = exact.result_size
    sizes = {side: result_size(Settings(size=side), exact.inputs.subject) for side in GRADIENT_SIZES}
    errors = {side: round(gradient_error(fast, exact, at), 4) for side, at in sizes.items()}
    ours, theirs = (final_loss(session, exact, pixels, steps) for session in (fast, exact))
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
