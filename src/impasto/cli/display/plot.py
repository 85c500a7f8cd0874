"""A run's losses as a figure: each term against iterations and against seconds.

Importing this takes matplotlib's time: import it only where a plot is asked for.
"""

import io
import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

# As soon as it is imported, matplotlib logs what it does about a cache that it may not write or has to make.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

import matplotlib as mpl  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from impasto.engine.events import Event, Step  # noqa: E402
from impasto.storage.atomic import replace_file  # noqa: E402

_COLORMAPS = {"content": "winter", "style": "autumn"}


class LossHistory:
    """Collects the losses of every step."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def on_event(self, event: Event) -> None:
        """Record a step, and ignore every other event."""
        if isinstance(event, Step):
            self._steps.append(event)

    def save_plot(self, path: Path) -> None:
        """Draw the losses and write the figure; the suffix decides its format.

        Raises:
            StorageError: the write failed half-way.
        """
        content = io.BytesIO()
        _draw(self._steps).savefig(content, format=path.suffix.lower().removeprefix("."), dpi=150)
        replace_file(path, content.getvalue())


def _draw(steps: Sequence[Step]) -> Figure:
    figure = Figure(figsize=(12, 5), layout="constrained")  # no pyplot: this draws without any display
    by_iteration, by_time = figure.subplots(1, 2, sharey=True)
    _draw_terms(by_iteration, steps, list(range(1, len(steps) + 1)), "iteration")
    _draw_terms(by_time, steps, [step.elapsed for step in steps], "seconds")
    by_iteration.set_ylabel("weighted loss")
    figure.legend(*by_iteration.get_legend_handles_labels(), loc="outside right upper", frameon=False)
    return figure


def _draw_terms(axes: Axes, steps: Sequence[Step], x: Sequence[float], label: str) -> None:
    marker = "o" if len(steps) == 1 else ""  # one point makes no line
    names = list(dict.fromkeys(name for step in steps for name in step.terms))
    axes.plot(x, [step.loss for step in steps], color="black", linewidth=2, label="total", marker=marker)
    for name, color in zip(names, _colors(names), strict=True):
        values = [step.terms.get(name, float("nan")) or float("nan") for step in steps]  # a log axis has no zero
        axes.plot(x, values, color=color, linewidth=1.2, label=name, marker=marker)
    for at, (before, after) in zip(x[1:], pairwise(steps), strict=True):
        if before.scale != after.scale:
            axes.axvline(at, color="#999999", linewidth=0.8, linestyle=":")
            axes.annotate(
                f"{after.width} x {after.height}",
                (at, 1),
                xycoords=("data", "axes fraction"),
                fontsize=8,
                color="#777777",
            )
    axes.set_yscale("log")
    axes.grid(color="#e6e6e6")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(label)


def _colors(names: Sequence[str]) -> list[tuple[float, float, float, float]]:
    """Choose a color for each term; terms of one kind share a color map."""
    kinds = [name.partition(" ")[0] for name in names]
    seen: dict[str, int] = {}
    colors = []
    for kind in kinds:
        index = seen.get(kind, 0)
        seen[kind] = index + 1
        colormap = mpl.colormaps[_COLORMAPS.get(kind, "gray")]
        colors.append(colormap(0.1 + 0.7 * index / max(1, kinds.count(kind) - 1) if kinds.count(kind) > 1 else 0.4))
    return colors
