"""Draw docs/images/reading.png: the path of one picture through the code.

python scripts/reading_figure.py
"""

from pathlib import Path

from matplotlib.figure import Figure

TARGET = Path(__file__).parent.parent / "docs" / "images" / "reading.png"
STEPS = (
    ("photograph, painting", "images/read.py", "files to samples, sRGB, upright"),
    ("inputs", "engine/inputs", "crop, recolor, masks"),
    ("spec", "engine/spec.py", "settings to plain values"),
    ("start", "core/transfer.py, 2", "the content image, or as `init` says"),
    ("hand on", "core/transfer.py, 5", "upsample to the scale, with detail"),
    ("targets", "core/transfer.py, 1", "content features, style statistics"),
    ("iterate", "core/transfer.py, 3 and 4", "optimizer, objective, losses, network"),
    ("events", "engine/run.py", "steps, previews, time left"),
    ("result", "engine/result.py", "picture, losses, settings"),
)


def draw() -> Figure:
    """Draw the steps from top to bottom, and the way back from each scale to the next."""
    figure = Figure(figsize=(9, 7.2), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(0, 10)
    axes.set_ylim(-len(STEPS) + 0.4, 0.6)
    axes.axis("off")
    for number, (name, place, meaning) in enumerate(STEPS):
        inside = place.startswith("core")
        box = {"boxstyle": "round,pad=0.45", "facecolor": "#dfe9f5" if inside else "#f4f1ea", "edgecolor": "#8a8a8a"}
        axes.text(1.9, -number, name, ha="center", va="center", fontsize=12, bbox=box)
        axes.text(3.9, -number, place, va="center", fontsize=11, family="monospace")
        axes.text(6.9, -number, meaning, va="center", fontsize=10, color="#555555")
        if number:
            arrow = {"arrowstyle": "->", "color": "#666666"}
            axes.annotate("", (1.9, -number + 0.3), (1.9, -number + 0.7), arrowprops=arrow)
    again = {"arrowstyle": "->", "color": "#3b6ea5", "connectionstyle": "arc3,rad=-0.35"}
    axes.annotate("", (1.2, -4), (1.2, -6), arrowprops=again)
    axes.text(0.0, -5, "each\nscale", va="center", ha="left", fontsize=10, color="#3b6ea5")
    return figure


if __name__ == "__main__":
    draw().savefig(TARGET, dpi=110)
