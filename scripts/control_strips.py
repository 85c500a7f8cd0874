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


STRIPS: dict[str, Callable[[Stylizer], list[Cell]]] = {"color": color}


def example(name: str) -> Picture:
    """One of the example pictures, as large as a cell."""
    picture = images.read(PICTURES / f"{name}.jpg")
    share = SIDE / max(picture.width, picture.height)
    return images.resize(picture, round(picture.width * share), round(picture.height * share))


def painted(stylizer: Stylizer, photo: Picture, painting: Picture, **choices: object) -> Picture:
    """The photograph in the painting's style, with some settings other than the default."""
    settings = Settings.model_validate({"size": SIDE, "iterations": ITERATIONS, **choices})
    for event in stylizer.run(photo, [painting], settings):
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
