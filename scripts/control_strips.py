"""Paint the strips of pictures that show what the painter's controls do.

    python scripts/control_strips.py [NAME ...]

Writes docs/images/NAME.jpg for each name, or for all of `STRIPS`. The cells are small and the default recipe runs fewer
iterations than its own, so that a strip takes minutes.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from impasto import Finished, Picture, Settings, Stylizer, images

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "examples" / "pictures"
SIDE = 256
ITERATIONS = 60

Cell = tuple[Picture, str]
"""A picture and what stands beneath it."""


def color(stylizer: Stylizer) -> list[Cell]:
    """The three answers to whose colors a picture has."""
    photo, painting = example("flower"), example("great_wave")
    choices = ("style", "photo", "match")
    return [
        (photo, "photograph"),
        (painting, "painting"),
        *((painted(stylizer, photo, painting, color=it), f"--color {it}, {ITERATIONS} iterations") for it in choices),
    ]


def strength(stylizer: Stylizer) -> list[Cell]:
    """From the photograph to all painting."""
    photo, painting = example("coffee"), example("wheat_field_with_cypresses")
    steps = (0.0, 0.25, 0.5, 0.75, 1.0)
    return [(painted(stylizer, photo, painting, strength=it), f"--strength {it:g}") for it in steps]


def style_scale(stylizer: Stylizer) -> list[Cell]:
    """Small, medium and large brushes."""
    photo, painting = example("summer_palace"), images.read(PICTURES / "the_scream.jpg")
    sizes = (0.5, 1.0, 2.0)
    return [(painted(stylizer, photo, painting, style_scale=it), f"--style-scale {it:g}") for it in sizes]


def style_blend(stylizer: Stylizer) -> list[Cell]:
    """From one painting to another."""
    photo, one, other = example("cat"), example("great_wave"), example("starry_night")
    blends = ((1, 0), (3, 1), (1, 1), (1, 3), (0, 1))
    return [
        (painted(stylizer, photo, one, other, style_blend=(left, right)), f"--style-blend {left},{right}")
        for left, right in blends
    ]


def detail(stylizer: Stylizer) -> list[Cell]:
    """How much of the photograph's detail each scale gets."""
    photo, painting = example("cat"), example("great_wave")
    shares = (0.0, 0.5, 1.0)
    return [(painted(stylizer, photo, painting, detail=it), f"--detail {it:g}") for it in shares]


STRIPS: dict[str, Callable[[Stylizer], list[Cell]]] = {
    "color": color,
    "strength": strength,
    "style-scale": style_scale,
    "style-blend": style_blend,
    "detail": detail,
}


def example(name: str) -> Picture:
    """One of the example pictures, as large as a cell."""
    picture = images.read(PICTURES / f"{name}.jpg")
    share = SIDE / max(picture.width, picture.height)
    return images.resize(picture, round(picture.width * share), round(picture.height * share))


def painted(stylizer: Stylizer, photo: Picture, *paintings: Picture, **choices: object) -> Picture:
    """The photograph in the paintings' style, with some settings other than the default."""
    settings = Settings.model_validate({"size": SIDE, "iterations": ITERATIONS, **choices})
    for event in stylizer.run(photo, paintings, settings):
        if isinstance(event, Finished):
            print(f"{choices}: loss {event.loss:.4g} in {event.elapsed:.0f} s", flush=True)
            return event.picture
    raise AssertionError("a run ends with Finished")


def main(names: list[str]) -> None:
    """Paint and write."""
    stylizer = Stylizer()
    for name in names or STRIPS:
        pictures, labels = zip(*STRIPS[name](stylizer), strict=True)
        target = ROOT / "docs" / "images" / f"{name}.jpg"
        images.save(images.contact_sheet(pictures, labels, columns=len(pictures)), target, overwrite=True)
        print(target)


if __name__ == "__main__":
    main(sys.argv[1:])
