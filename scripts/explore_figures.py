"""Make the figures of docs/quickstart.md that `impasto sweep` and `impasto rebuild` give.

    python scripts/explore_figures.py

Writes docs/images/sweep.jpg and docs/images/rebuild.jpg; takes some ten minutes on two cores.
"""

from pathlib import Path

from figures import FIGURES, PICTURES, example, painted, written

from impasto import Picture, Stylizer
from impasto.cli import main as command

PHOTO, PAINTING = "summer_palace", "starry_night"
OVER = ("content-weight=5,20,80", "style-scale=0.5,1,2")
LAYERS = ("relu1_2", "relu2_2", "relu3_2", "relu4_2", "relu5_2")
SIZE = 320


def sweep(target: Path) -> None:
    """The sheet, as the command makes it."""
    files = [str(PICTURES / f"{name}.jpg") for name in (PHOTO, PAINTING)]
    over = [part for axis in OVER for part in ("--over", axis)]
    if command(["sweep", *files, *over, "-o", str(target), "--force"]):
        raise SystemExit("the sweep failed")


def rebuilt(stylizer: Stylizer, layer: str) -> Picture:
    """The photograph, from a layer alone."""
    return painted(stylizer, PHOTO, [], recipe="rebuild", content_layers=layer, size=SIZE)


def main() -> None:
    """Make and write both."""
    sweep(FIGURES / "sweep.jpg")
    stylizer = Stylizer()
    pictures = [example(PHOTO, SIZE), *(rebuilt(stylizer, layer) for layer in LAYERS)]
    written("rebuild", pictures, ["photograph", *LAYERS], columns=3)


if __name__ == "__main__":
    main()
