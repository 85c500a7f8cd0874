"""What a step is made of: the network, the statistics, the optimizer, and everything that is told about it.

    python benchmarks/parts.py [--size 512] [--steps 30] [-o benchmarks/parts.json]

The default recipe at one scale, in the automatic precision and in float32, with a preview every ten steps. Functions of
the engine are timed from outside; what is left of a step is the optimizer's and the events'.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import shared
import torch
from torch import Tensor

from impasto import Settings, Step, Stylizer
from impasto.core.losses import FeatureObjective
from impasto.core.losses.content import ContentLoss
from impasto.core.losses.style import StyleLoss
from impasto.core.losses.total_variation import TotalVariationLoss
from impasto.core.network.vgg import VGG, BackwardTape, GradientHook
from impasto.engine.run import Run

WARM_UP = 3

spent: defaultdict[str, float] = defaultdict(float)


def timed(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, with its time noted."""

    @wraps(function)
    def measured(*args: Any, **kwargs: Any) -> Any:
        begin = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent[part] += time.perf_counter() - begin

    return measured


def instrument_loss(loss: Any, part: str) -> None:
    """Time a loss and its gradient."""
    evaluate = loss.evaluate

    def with_timed_hook(self: Any, inputs: Tensor) -> tuple[Tensor, GradientHook]:
        value, hook = timed(part, evaluate)(self, inputs)
        return value, timed(f"{part}, gradient", hook)

    loss.evaluate = with_timed_hook


def instrument() -> None:
    """Time the engine's parts."""
    for loss, part in ((ContentLoss, "statistics"), (StyleLoss, "statistics"), (TotalVariationLoss, "total variation")):
        instrument_loss(loss, part)
    FeatureObjective.evaluate = timed("evaluate", FeatureObjective.evaluate)  # type: ignore[method-assign]
    VGG.record = timed("network, forward", VGG.record)  # type: ignore[method-assign]
    BackwardTape.gradient = timed("backward pass", BackwardTape.gradient)  # type: ignore[method-assign]
    Run._preview = timed("previews", Run._preview)  # type: ignore[method-assign]  # noqa: SLF001


def measured(precision: str, size: int, steps: int) -> dict[str, Any]:
    """Milliseconds of each part in a step, the mean over the steps."""
    settings = Settings(size=size, scales=1, iterations=steps + WARM_UP, tolerance=0, precision=precision, device="cpu")
    taken: list[dict[str, float]] = []
    events = Stylizer().run(shared.picture("summer_palace"), shared.picture("starry_night"), settings, preview_every=10)
    used = precision
    begin = time.perf_counter()
    for event in events:
        if isinstance(event, Step):
            total = time.perf_counter() - begin
            taken.append(_parts(total))
            spent.clear()
            begin = time.perf_counter()
        used = getattr(event, "precision", used)
    kept = taken[WARM_UP:]
    return {
        "precision": used,
        "threads": torch.get_num_threads(),
        "milliseconds": {part: round(1000 * statistics.mean(step[part] for step in kept), 2) for part in kept[0]},
    }


def _parts(total: float) -> dict[str, float]:
    joins = spent["statistics, gradient"]
    parts = {
        "network, forward": spent["network, forward"],
        "network, back": spent["backward pass"] - joins,
        "statistics": spent["statistics"] + joins,
        "total variation": spent["total variation"] + spent["total variation, gradient"],
        "previews": spent["previews"],
    }
    parts["sums of the loss"] = spent["evaluate"] - sum(parts.values()) + parts["previews"]
    parts["optimizer and events"] = total - spent["evaluate"] - parts["previews"]
    return parts


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--precisions", nargs="+", default=["auto", "float32"])
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "parts.json")
    chosen = parser.parse_args()
    instrument()
    runs = [measured(precision, chosen.size, chosen.steps) for precision in chosen.precisions]
    for run in runs:
        print(run)
    about = {"threads": torch.get_num_threads(), "size": chosen.size, "steps": chosen.steps}
    shared.write(chosen.output, about, runs=runs)


if __name__ == "__main__":
    main()
