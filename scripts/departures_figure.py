"""Paint with the default look, and without each of its departures from the papers.

    python scripts/departures_figure.py

Writes docs/images/departures.jpg.
"""

from typing import Any

from figures import example, painted, written

from impasto import Stylizer

PHOTO, PAINTING = "summer_palace", "starry_night"
SIZE = 320
PLAIN_BORDER: dict[str, Any] = {"margin": 0, "padding": "zeros"}
ONE_SCALE: dict[str, Any] = {"scales": 1, "iterations": 40}
WITHOUT: dict[str, dict[str, Any]] = {
    "the default look": {},
    "Gram matrices": {"statistic": "gram"},
    "start: the photograph": {"init": "content"},
    "no detail put back": {"detail": 0.0},
    "no margin, zeros": PLAIN_BORDER,
    "one scale": ONE_SCALE,
    "none of them": {"statistic": "gram", "init": "content", **PLAIN_BORDER, **ONE_SCALE},
}


def main() -> None:
    """Paint and write."""
    stylizer = Stylizer()
    pictures = [painted(stylizer, PHOTO, [PAINTING], size=SIZE, **choices) for choices in WITHOUT.values()]
    written("departures", [example(PHOTO, SIZE), *pictures], ["the photograph", *WITHOUT], columns=4)


if __name__ == "__main__":
    main()
