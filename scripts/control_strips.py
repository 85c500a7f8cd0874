"""Paint the strips of pictures that show what the painter's controls do.

    python scripts/control_strips.py [NAME ...]

Writes docs/images/NAME.jpg for each name, or for all of `STRIPS`. The cells are small and the default recipe runs fewer
iterations than its own, so that a strip takes minutes.
"""

import sys
from collections.abc import Callable
from typing import Any

from figures import example, written
from figures import painted as painted_by

from impasto import Picture, Stylizer

SIDE, KINDS_SIDE = 256, 384
ITERATIONS = 60

Cell = tuple[Picture, str]
"""A picture and what stands beneath it."""


def color(stylizer: Stylizer) -> list[Cell]:
    """The three answers to whose colors a picture has."""
    photo, painting = "flower", "great_wave"
    cells = [(example(photo, SIDE), "photograph"), (example(painting, SIDE), "painting")]
    return cells + [
        (painted(stylizer, photo, painting, color=it), f"--color {it}, {ITERATIONS} iterations")
        for it in ("style", "photo", "match")
    ]


def strength(stylizer: Stylizer) -> list[Cell]:
    """From the photograph to all painting."""
    return [
        (painted(stylizer, "coffee", "wheat_field_with_cypresses", strength=it), f"--strength {it:g}")
        for it in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]


def style_scale(stylizer: Stylizer) -> list[Cell]:
    """Small, medium and large brushes."""
    return [
        (painted(stylizer, "summer_palace", "the_scream", style_scale=it), f"--style-scale {it:g}")
        for it in (0.5, 1.0, 2.0)
    ]


def style_blend(stylizer: Stylizer) -> list[Cell]:
    """From one painting to another."""
    paintings = "great_wave", "starry_night"
    return [
        (painted(stylizer, "cat", *paintings, style_blend=(left, right)), f"--style-blend {left},{right}")
        for left, right in ((1, 0), (3, 1), (1, 1), (1, 3), (0, 1))
    ]


def detail(stylizer: Stylizer) -> list[Cell]:
    """How much of the photograph's detail each scale gets."""
    return [(painted(stylizer, "cat", "great_wave", detail=it), f"--detail {it:g}") for it in (0.0, 0.5, 1.0)]


def laplacian(stylizer: Stylizer) -> list[Cell]:
    """A face and a building with their edges kept more and more."""
    pairs = ("astronaut", "the_scream"), ("summer_palace", "starry_night")
    return [
        (painted(stylizer, *pair, laplacian_weight=it), f"--laplacian-weight {it:g}")
        for pair in pairs
        for it in (0.0, 0.1, 1.0)
    ]


def fill(stylizer: Stylizer) -> list[Cell]:
    """A drawing's empty paper, filled and left empty."""
    drawing = "../drawings/pencil"
    return [(painted(stylizer, "summer_palace", drawing, fill=it), f"--fill {it:g}") for it in (1.0, 0.3, 0.0)]


def kinds(stylizer: Stylizer) -> list[Cell]:
    """One photograph after works of five kinds, by the default recipe, all of its iterations."""
    works = {"pencil": "../drawings/pencil", "ink": "../drawings/ink", "woodcut": "great_wave"}
    works |= {"watercolor": "../drawings/watercolor", "mosaic": "../drawings/mosaic"}
    return [(painted_by(stylizer, "summer_palace", [work], size=KINDS_SIDE), kind) for kind, work in works.items()]


STRIPS: dict[str, Callable[[Stylizer], list[Cell]]] = {
    "color": color,
    "strength": strength,
    "style-scale": style_scale,
    "style-blend": style_blend,
    "detail": detail,
    "laplacian": laplacian,
    "fill": fill,
    "kinds": kinds,
}


def painted(stylizer: Stylizer, photo: str, *paintings: str, **choices: Any) -> Picture:
    """A small photograph in the paintings' style, with some settings other than the default."""
    return painted_by(stylizer, photo, paintings, size=SIDE, iterations=ITERATIONS, **choices)


def main(names: list[str]) -> None:
    """Paint and write."""
    stylizer = Stylizer()
    for name in names or STRIPS:
        pictures, labels = zip(*STRIPS[name](stylizer), strict=True)
        written(name, pictures, labels, columns=len(pictures))


if __name__ == "__main__":
    main(sys.argv[1:])
