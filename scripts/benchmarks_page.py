"""docs/benchmarks.md and its plot, from what the programs in benchmarks/ wrote; `generate_docs.py` writes them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = ROOT / "benchmarks"
PLOT = ROOT / "docs" / "images" / "engine.png"
MEMORY_PLOT = ROOT / "docs" / "images" / "memory.png"

LABELS = {
    "neural-style": "`neural-style`",
    "tutorial": "a tutorial's loop, float32",
    "float32": "Impasto, float32",
    "auto": "Impasto, automatic precision",
}
_GIGABIT = 1e9 / 8
"""Bytes a second."""
COLORS = {"neural-style": "#9a8c7a", "tutorial": "#c8b79c", "float32": "#4a7c96", "auto": "#c8553d"}

Run = dict[str, Any]


def read(name: str) -> dict[str, Any]:
    """What a benchmark wrote."""
    found: dict[str, Any] = json.loads((BENCHMARKS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def is_measured(name: str) -> bool:
    """Whether a benchmark was run and its figures kept; the page leaves out one that takes hours and was not."""
    return (BENCHMARKS / f"{name}.json").exists()


def page(note: str) -> str:
    """The whole page."""
    sections = [
        note,
        "# Benchmarks",
        (
            "Every figure here was measured by the programs in `benchmarks/`, which `make bench` runs; they write the "
            "JSON beside them, and this page is made of it. Machines differ and so does what else they do: compare "
            "figures of one table with each other, not with those of another. Where the default recipe or `fast` is "
            "named, it was on VGG-16; both have used a pruned VGG-16 since "
            "([decision 32](decisions/0032-the-default-uses-a-pruned-network.md))."
        ),
        *_engine(),
        *_parts(),
        *_precision(),
        *_startup(),
        *_convergence(),
        *_batch(),
        *(_large() if is_measured("large") else []),
        *(_estimates() if is_measured("estimates") else []),
        *_cluster_tiles(),
        *(_films() if is_measured("video") else []),
    ]
    return "\n\n".join(sections) + "\n"


def _engine() -> list[str]:
    found = read("engine")
    about, runs = found["about"], found["runs"]
    by_size: dict[int, dict[str, Run]] = {}
    for run in runs:
        by_size.setdefault(run["width"], {})[run["name"]] = run
    smallest, *sizes = sorted(by_size)
    return [
        "## A step",
        "![Seconds a step and peak memory](images/engine.png)",
        (
            "One step of L-BFGS with the objective of neural-style (relu4_2; relu1_1 to relu5_1; total variation), "
            f"VGG-16 to relu5_1, from the photograph. Each is a process of its own, and they take turns; medians of "
            f"{about['rounds']} rounds after {about['warm_up']} to warm up. {_machine(about)}. Impasto and the "
            "convolutions run in the environment that the command set when this was measured (threads that slept while "
            "they waited, huge pages), the others as they are. "
            "`python benchmarks/engine.py`, then `make docs`."
        ),
        _table(["", *(f"{size} x {by_size[size]['auto']['height']}" for size in sizes)], _speed_rows(by_size, sizes)),
        (
            "The roofline is the time that the same convolutions take alone in the same precision, forward and for the "
            "gradient with respect to their input, on maps that lie ready: the faster of torch's own operators and of "
            "those that the engine uses. Its share of a step is how close the engine is to what the machine can do."
        ),
        "### Peak memory",
        _table(["", *(f"{size} px" for size in sizes)], _memory_rows(by_size, smallest, sizes)),
        (
            "Resident memory of the process, MiB. Bytes a pixel: what it needs beyond the least that the same process "
            f"needed for a picture of {smallest} or {sizes[0]} pixels."
        ),
    ]


def _speed_rows(by_size: dict[int, dict[str, Run]], sizes: list[int]) -> list[list[str]]:
    def seconds(name: str) -> list[float | None]:
        return [by_size[size][name]["seconds"] if name in by_size[size] else None for size in sizes]

    rows = [[f"{LABELS[name]}, s", *(_figure(value) for value in seconds(name))] for name in LABELS]
    for name in ("float32", "auto"):
        shares = zip(seconds(name), seconds("neural-style"), strict=True)
        rows.append([f"{LABELS[name]} : `neural-style`", *(_share(ours, theirs) for ours, theirs in shares)])
    for name in ("float32", "auto"):
        kernels = [seconds(f"convolutions {kernel} {name}") for kernel in ("torch", "ours")]
        roofs = [min((taken for taken in both if taken), default=None) for both in zip(*kernels, strict=True)]
        rows.append([f"roofline, {_of(name)}, s", *(_figure(roof) for roof in roofs)])
        rows.append([f"roofline : {LABELS[name]}", *(_share(*pair) for pair in zip(roofs, seconds(name), strict=True))])
    return rows


def _memory_rows(by_size: dict[int, dict[str, Run]], smallest: int, sizes: list[int]) -> list[list[str]]:
    rows = []
    for name, label in LABELS.items():
        peaks = [by_size[size].get(name) for size in sizes]
        rows.append([f"{label}, MiB", *(f"{run['peak_mib']:.0f}" if run else "" for run in peaks)])
    for name in ("float32", "auto"):
        row = [f"{LABELS[name]} : `neural-style`"]
        for size in sizes:
            theirs = by_size[size].get("neural-style")
            row.append(_share(by_size[size][name]["peak_mib"], theirs["peak_mib"] if theirs else None))
        rows.append(row)
    for name in ("neural-style", "float32", "auto"):
        if name in by_size[smallest]:
            base = min(by_size[size][name]["peak_mib"] for size in (smallest, sizes[0]))
            rest = (_bytes(by_size[size][name], base) for size in sizes[1:])
            rows.append([f"{LABELS[name]}, bytes a pixel", "", *rest])
    return rows


def _bytes(run: Run, base: float) -> str:
    return f"{(run['peak_mib'] - base) * 2**20 / (run['width'] * run['height']):.0f}"


def _parts() -> list[str]:
    found = read("parts")
    about, runs = found["about"], found["runs"]
    totals = [sum(run["milliseconds"].values()) for run in runs]
    rows = []
    for part in runs[0]["milliseconds"]:
        taken = [run["milliseconds"][part] for run in runs]
        rows.append([part, *(f"{ms:.1f} ms, {ms / total:.0%}" for ms, total in zip(taken, totals, strict=True))])
    outside = [
        1 - sum(run["milliseconds"][part] for part in ("network, forward", "network, back")) / total
        for run, total in zip(runs, totals, strict=True)
    ]
    rows.append(["**all but the network**", *(f"**{share:.1%}**" for share in outside)])
    return [
        "## What a step is made of",
        (
            f"The default recipe at one scale of {about['size']} px, with a preview every ten steps; means over "
            f"{about['steps']} steps. {_brief(about)}. `python benchmarks/parts.py`."
        ),
        _table(["", *(run["precision"] for run in runs)], rows),
    ]


def _precision() -> list[str]:
    found = read("precision")
    about, runs = found["about"], found["runs"]
    rows = [
        [
            f"{run['photo']} x {run['painting']}",
            *(f"{error:.1%}" for error in run["gradient_errors"].values()),
            f"{run['loss']:.4g}",
            f"{run['float32_loss']:.4g}",
            f"{run['loss'] / run['float32_loss'] - 1:+.1%}",
        ]
        for run in runs
    ]
    return [
        "## How far bfloat16 strays",
        (
            "The default recipe at one scale. The gradient at the photograph against that of float32, |g - g'| / |g'|; "
            f"and at {about['size']} px the loss after {about['steps']} steps of each, both judged in float32. "
            f"{_brief(about)}. "
            "Before each run the two gradients are compared on a small picture: where bfloat16 strays too far the run "
            "is in float32, and says so. `python benchmarks/precision.py`."
        ),
        _table(
            [
                "",
                *(f"gradient, {side} px" for side in runs[0]["gradient_errors"]),
                "loss by bfloat16",
                "loss by float32",
                "difference",
            ],
            rows,
        ),
    ]


def _startup() -> list[str]:
    found = read("startup")
    about = found["about"]
    rows = [[part, f"{seconds:.2f}"] for part, seconds in found["seconds"].items()]
    return [
        "## From typing the command to the first picture",
        (
            f"Seconds from the start of the process, {about['size']} px, files in the system's cache; medians of "
            f"{about['rounds']}. {_brief(about)}. `python benchmarks/startup.py`."
        ),
        _table(["", "s"], rows),
    ]


def _convergence() -> list[str]:
    found = read("convergence")
    about = found["about"]
    rows = [
        [f"{run['photo']} x {run['painting']}", str(run["threads"]), f"1/{run['fell']:.0f}"]
        for run in found["runs"]
        if run["optimizer"] == "ours"
    ]
    return [
        "## How far the loss falls",
        (
            f"The objective of neural-style, {about['size']} px, {about['evaluations']} evaluations from the "
            f"photograph. {_brief(about)}. `python benchmarks/convergence.py`."
        ),
        _table(["", "threads", "loss falls to"], rows),
    ]


def _batch() -> list[str]:
    found = read("batch")
    about = found["about"]
    rows = [
        [f"{run['size']} px", f"{run['command']:.2f}", f"{run['picture']:.2f}", f"{run['ratio']:.2f}"]
        for run in found["runs"]
    ]
    return [
        "## A batch against single commands",
        (
            f"Seconds a picture with the recipe `fast`: {about['pictures']} pictures of each size in {about['blocks']} "
            f"batches, with their starts and contact sheets, and {about['singles']} commands of one picture before "
            f"each batch. {_brief(about)}. `python benchmarks/batch.py`."
        ),
        _table(["", "a command each", "in a batch", "share"], rows),
    ]


def _large() -> list[str]:
    found = read("large")
    about = found["about"]
    times = [
        [
            run["memory"],
            f"{run['tiles']} of {run['tile']} px" if run["tile"] else "one piece",
            ", ".join(str(block) for block in run["keep"]) or "none",
            f"{run['seconds']:.2f}",
            f"{run['ratio']:.2f}",
        ]
        for run in found["times"]
    ]
    memory = [
        [
            f"{run['width']} x {run['height']}",
            f"{run['width'] * run['height'] / 1e6:.0f}",
            run["memory"],
            str(run["tiles"]),
            f"{run['mb'] / 1000:.2f} GB",
            f"{run['estimated_mb'] / 1000:.2f} GB",
        ]
        for run in found["memory"]
    ]
    return [
        "## Large pictures in little memory",
        (
            f"One evaluation of the default look's objective at {about['side']} px in both ways by turns, medians of "
            f"{about['rounds']}, {about['threads']} threads. {_brief(about)}. `python benchmarks/large.py`."
        ),
        _table(["memory", "tiles", "maps kept after blocks", "s", "of one piece"], times),
        (
            "And the largest resident size of the whole process that paints at one scale, with the memory that it was "
            "told it may take. What grows with the picture are the optimizer's vectors, the features of the photograph "
            "that content is compared with, and maps that are kept between blocks; a tile takes the same at any size."
        ),
        "![Memory by size](images/memory.png)",
        _table(["", "megapixels", "may take", "tiles", "took", "estimated"], memory),
    ]


def _estimates() -> list[str]:
    found = read("estimates")
    rows = [
        [
            f"`{run['run']}`",
            f"{run['estimated_seconds']:.1f}",
            f"{run['seconds']:.1f}",
            f"{run['seconds'] / run['estimated_seconds']:.2f}",
            str(run["estimated_mb"]),
            str(run["mb"]),
            f"{run['mb'] / run['estimated_mb']:.2f}",
        ]
        for run in found["runs"]
    ]
    return [
        "## What a run says that it will take",
        (
            "The first run of each kind, in an empty home: the speed of the machine is measured before it, at a small "
            f"size. A scale may end early, where it gains little. {_brief(found['about'])}. "
            "`python benchmarks/estimates.py`."
        ),
        _table(["", "estimated s", "s", "ratio", "estimated MB", "MB", "ratio"], rows),
    ]


def _films() -> list[str]:
    found = read("video")
    runs = list(found["clips"].items())
    agreement = [
        [
            f"`{clip}`",
            f"{run['error_source']:.2f}",
            f"{run['error_alone']:.2f}",
            f"{run['error_film']:.2f}",
            f"{run['error_film'] / run['error_alone']:.2f}",
            f"{run['error_film'] / run['error_source']:.2f}",
            f"{run['style_alone']:.3f}",
            f"{run['style_film']:.3f}",
        ]
        for clip, run in runs
    ]
    cost = [
        [
            f"`{clip}`",
            f"{run['seconds_alone']:.1f}",
            f"{run['seconds_film']:.1f}",
            f"{run['seconds_film'] / run['seconds_alone']:.2f}",
        ]
        for clip, run in runs
    ]
    still = found["clips"]["static"]
    return [
        "## Films",
        (
            "Clips of 320 x 180 at 12 frames a second whose motion is known ([how they are made](video.md#measured)). "
            "The error is between a frame and the one before it, moved as the content truly moved: mean of levels "
            "0..255 where both show the same, over four pairs of frames. Style gap closed is the mean of their later "
            f"frames, at 320 px. The painting is {found['about']['painting']}, which was not tuned on. "
            f"{_brief(found['about'])}. `make films`."
        ),
        _table(
            ["", "error, clip", "each by itself", "film", "of by itself", "of the clip", "style, by itself", "film"],
            agreement,
        ),
        "Seconds a frame, taken in turns: one of the film, one by itself; medians of four.",
        _table(["", "by itself", "film", "ratio"], cost),
        (
            "From frame 5 to 100 of the clip in which nothing moves, mean lightness moves by at most "
            f"{still['drift_lightness']:.2f} % of its range, and the palette by {still['drift_palette']:.2f} %."
        ),
    ]


def plot_memory() -> None:
    """Memory by size, and what of it grows with the size."""
    import matplotlib as mpl  # noqa: PLC0415 - the page itself needs none

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    runs = sorted(read("large")["memory"], key=lambda run: run["width"])
    pixels = [run["width"] * run["height"] / 1e6 for run in runs]
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    lines = {
        "whole_mb": ("in one piece, estimated", "neural-style", ":"),
        "estimated_mb": ("in tiles, estimated", "float32", "s--"),
        "mb": ("in tiles, measured", "auto", "o-"),
        "optimizer_mb": ("of that, the optimizer's vectors", "tutorial", "-"),
    }
    for key, (label, color, style) in lines.items():
        axis.plot(pixels, [run[key] / 1000 for run in runs], style, label=label, color=COLORS[color])
    axis.set(xlabel="megapixels", ylabel="memory of the process, GB", xscale="log", yscale="log")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    figure.savefig(MEMORY_PLOT, dpi=120)


def _cluster_tiles() -> list[str]:
    found = read("cluster_tiles")
    about, runs = found["about"], found["runs"]
    return [
        "## A tile of a huge picture",
        (
            f"One evaluation of the default recipe at {about['width']} x {about['height']} in tiles of {about['side']} "
            "px, each computed with its halo as on a machine of a cluster; means of a tile. Seconds are those of one "
            "core, on the machine that computes the tile, and on the one that hands it out: cutting, sending, adding "
            "what comes back, and the tile's share of the optimizer's step with a full history. Their ratio is the "
            "number of cores that one such core can feed; the last row, the number that a gigabit a second can. "
            f"{_brief(about)}. `python benchmarks/cluster_tiles.py`."
        ),
        _table(["", *(run["precision"] for run in runs)], list(_cluster_tile_rows(runs))),
    ]


def _cluster_tile_rows(runs: list[Run]) -> Iterator[list[str]]:
    computing = [sum(run["seconds"].values()) for run in runs]
    handing_out = [run["driver"] + run["step"] for run in runs]
    moved = [run["bytes"]["pixels"] + run["bytes"]["measured"] + run["bytes"]["gradient"] for run in runs]
    for part, title in (("measure", "measured, s"), ("gradient", "gradient, s")):
        yield [title, *(f"{run['seconds'][part]:.2f}" for run in runs)]
    yield ["handed out and added up, s", *(f"{run['driver']:.3f}" for run in runs)]
    yield ["optimizer's step, s", *(f"{run['step']:.3f}" for run in runs)]
    yield ["**cores that one core feeds**", *(f"**{a / b:.0f}**" for a, b in zip(computing, handing_out, strict=True))]
    for part, title in (("pixels", "pixels out"), ("measured", "measurements back"), ("gradient", "gradient back")):
        yield [f"{title}, MB", *(f"{run['bytes'][part] / 1e6:.2f}" for run in runs)]
    yield ["differences out, once a machine, MB", *(f"{run['differences'] / 1e6:.2f}" for run in runs)]
    yield ["targets out, once a size, MB", *(f"{run['bytes']['targets'] / 1e6:.2f}" for run in runs)]
    fed = (each / (size / _GIGABIT) for each, size in zip(computing, moved, strict=True))
    yield ["**cores that a gigabit feeds**", *(f"**{cores:.0f}**" for cores in fed)]


def plot() -> None:
    """Seconds a step and peak memory by size, as bars."""
    import matplotlib as mpl  # noqa: PLC0415 - the page itself needs none

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    runs = [run for run in read("engine")["runs"] if run["name"] in LABELS]
    _, *sizes = sorted({run["width"] for run in runs})
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, key, title in zip(axes, ("seconds", "peak_mib"), ("seconds a step", "peak memory, MiB"), strict=True):
        for number, name in enumerate(LABELS):
            values = [run[key] for run in runs if run["name"] == name and run["width"] in sizes]
            places = [index + 0.2 * (number - 1.5) for index in range(len(values))]
            bars = axis.bar(places, values, width=0.18, color=COLORS[name], label=LABELS[name].replace("`", ""))
            axis.bar_label(bars, fmt="%.2g" if key == "seconds" else "%.0f", fontsize=7, padding=2)
        axis.set_xticks(range(len(sizes)), [f"{size} px" for size in sizes])
        axis.set_title(title)
        axis.set_yscale("log" if key == "seconds" else "linear")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(PLOT, dpi=120)


def _machine(about: dict[str, Any]) -> str:
    bfloat16 = "with" if about["bfloat16"] else "without"
    where = "" if about["device"] == "cpu" else f", {about['device']}"
    return (
        f"{about['processor']}, {about['cores']} cores, {about['threads']} threads, {bfloat16} bfloat16{where}; "
        f"Python {about['python']}, torch {about['torch']}, {about['peer']}"
    )


def _brief(about: dict[str, Any]) -> str:
    threads = f", {about['threads']} threads" if "threads" in about else ""
    return f"{about['machine']}{threads}, torch {about['torch']}"


def _of(name: str) -> str:
    return "automatic precision" if name == "auto" else name


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _share(ours: float | None, theirs: float | None) -> str:
    return f"{ours / theirs:.2f}" if ours and theirs else ""


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
