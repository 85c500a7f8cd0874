"""Events as lines of text."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from impasto.engine.estimate import Estimate
from impasto.engine.events import Finished, Preview, Restart, Started, Step
from impasto.engine.progress import format_seconds
from impasto.errors import count_noun

_FEW_SECONDS = 10
_GIGABYTE, _MEGABYTE = 1e9, 1e6


def started_line(event: Started) -> str:
    scales = "1 scale" if event.scales == 1 else f"{event.scales} scales"
    machine = f"{event.device}, {format_precision(event)}, {event.threads} thread{'' if event.threads == 1 else 's'}"
    size = f"{event.width} x {event.height}"
    counts = {"photograph": event.photographs, "painting": event.paintings, "face": event.faces}
    inputs = ", ".join(count_noun(number, noun) for noun, number in counts.items() if number)
    planned = (
        f"{event.settings.recipe}: {inputs}; {size} px, {scales}, {event.iterations} iterations at most ({machine})"
    )
    return f"{planned}; {format_estimate(event.estimate)}{_format_resumed(event)}"


def _format_resumed(event: Started) -> str:
    """Say where a run resumes an earlier one, if it does."""
    if event.resumed is None:
        return ""
    return f"; resuming at scale {event.resumed.scale}, iteration {event.resumed.iteration}"


def format_estimate(estimate: Estimate) -> str:
    """Name the time and the memory of a run, and say so if nothing but a guess was to be had."""
    seconds = estimate.seconds if estimate.seconds < _FEW_SECONDS else round(estimate.seconds)
    time = format_seconds(seconds)
    told = f"roughly {time}, a guess before the first run here" if estimate.rough else f"about {time}"
    tiles = f" in {estimate.tiles} tiles" if estimate.tiles > 1 else ""
    return f"{told}; {_format_bytes(estimate.memory)} of memory{tiles}"


def _format_bytes(number: int) -> str:
    return f"{number / _GIGABYTE:.1f} GB" if number >= _GIGABYTE else f"{number / _MEGABYTE:.0f} MB"


def format_precision(event: Started) -> str:
    """Name the type of the convolutions, and the reason if a faster one was rejected."""
    return f"{event.precision} because {event.fallback}" if event.fallback else event.precision


def step_line(event: Step) -> str:
    where = f"scale {event.scale}/{event.scales} ({event.width} x {event.height})"
    how_far = f"iteration {event.iteration}/{event.iterations}"
    times = f"{format_seconds(event.elapsed)}, {format_seconds(event.remaining)} left"
    return f"{where}, {how_far}: loss {event.loss:.4g}, {times}"


def preview_line(event: Preview, last: Step | None, path: Path) -> str:
    """Show the losses at a saved picture, in the form of the deep learning course's notebook."""
    costs = f"total {event.loss:.6g}" if event.loss is not None else "not evaluated"
    kinds = "".join(f", {kind} {value:.6g}" for kind, value in sum_by_kind(last.terms).items()) if last else ""
    return f"iteration {event.total_iterations}: {costs}{kinds} -> {path}"


def restart_line(event: Restart) -> str:
    return f"scale {event.scale}, iteration {event.iteration}: restarted from the best picture ({event.reason})"


def finished_line(event: Finished, iterations: int) -> str:
    verb = f"stopped after {iterations} iterations, the picture is saved as it is" if event.stopped else "finished"
    return f"{verb}: loss {event.loss:.4g}, {format_seconds(event.elapsed)}"


def sum_by_kind(terms: Mapping[str, float]) -> dict[str, float]:
    """Sum the terms of each kind: content, style, tv."""
    sums: defaultdict[str, float] = defaultdict(float)
    for name, value in terms.items():
        sums[name.partition(" ")[0]] += value
    return dict(sums)
