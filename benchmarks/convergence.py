"""How far the `neural-style` objective falls in 60 evaluations, from the content start, at 384 px.

    python benchmarks/convergence.py [--size 384] [--evaluations 60] [-o benchmarks/convergence.json]

Two photographs x two paintings x one and two threads. torch's L-BFGS, used as neural-style-pt uses it, was seen to
stand still in such runs; `--torch` runs it beside ours.
"""

import argparse
import contextlib
import itertools
import time
from pathlib import Path
from typing import Any

import shared
import torch
from torch import Tensor

from impasto import Settings
from impasto.core.losses import Evaluation, Objective
from impasto.core.optim import LBFGS

THREADS = (1, 2)


class Enough(Exception):  # noqa: N818 - not an error
    """All evaluations are used."""


class Counted:
    """An objective that remembers the loss of each evaluation and ends after so many."""

    def __init__(self, objective: Objective, evaluations: int) -> None:
        self._objective, self._evaluations = objective, evaluations
        self.losses: list[float] = []

    def __call__(self, image: Tensor) -> Evaluation:
        """Evaluate, or end the run."""
        if len(self.losses) == self._evaluations:
            raise Enough
        evaluation = self._objective.evaluate(image)
        self.losses.append(evaluation.loss)
        return evaluation


def ours(counted: Counted, start: Tensor) -> None:
    """Our L-BFGS, as the recipe has it."""
    for _ in LBFGS(history=100).minimize(counted, start, iterations=10**6):
        pass


def torchs(counted: Counted, start: Tensor) -> None:
    """The L-BFGS of torch, as neural-style-pt has it: step 1, no line search, no tolerance."""
    image = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [image], lr=1, max_iter=10**6, max_eval=10**6, history_size=100, tolerance_change=-1, tolerance_grad=-1
    )

    def closure() -> Tensor:
        evaluation = counted(image.detach())
        image.grad = evaluation.gradient
        return torch.tensor(evaluation.loss)

    optimizer.step(closure)  # type: ignore[no-untyped-call]


def measured(photo: str, painting: str, threads: int, size: int, evaluations: int, optimizer: str) -> dict[str, Any]:
    """One run: the loss at each evaluation."""
    settings = Settings(recipe="neural-style", size=size, threads=threads)
    transfer = shared.open_run(settings, photo, painting).transfer
    size_px = transfer.spec.size
    counted = Counted(transfer.objective(*size_px), evaluations)
    began = time.perf_counter()
    with contextlib.suppress(Enough):
        OPTIMIZERS[optimizer](counted, transfer.initial_image(*size_px))
    return {
        "optimizer": optimizer,
        "photo": photo,
        "painting": painting,
        "threads": threads,
        "fell": counted.losses[0] / min(counted.losses),
        "seconds": round(time.perf_counter() - began, 1),
        "losses": counted.losses,
    }


OPTIMIZERS = {"ours": ours, "torch": torchs}


def main() -> None:
    """Measure, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--evaluations", type=int, default=60)
    parser.add_argument("--torch", action="store_true", help="run torch's L-BFGS beside ours")
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "convergence.json")
    chosen = parser.parse_args()
    found = []
    for case in itertools.product(shared.PHOTOS, shared.PAINTINGS, THREADS):
        for optimizer in OPTIMIZERS if chosen.torch else ["ours"]:
            run = measured(*case, chosen.size, chosen.evaluations, optimizer)
            found.append(run)
            print(*case, f"{optimizer}: loss fell to 1/{run['fell']:.0f} in {run['seconds']} s", flush=True)
    about = {"size": chosen.size, "evaluations": chosen.evaluations}
    shared.write(chosen.output, about, runs=found)


if __name__ == "__main__":
    main()
