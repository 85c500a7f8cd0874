"""Paint with the default look, and without each of its departures from the papers.

    python scripts/departures_figure.py

Writes docs/images/departures.jpg.
"""

from pathlib import Path
from typing import Any

from impasto import Finished, Picture, Settings, Stylizer, images

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "examples" / "pictures" / "summer_palace.jpg"
PAINTING = ROOT / "examples" / "pictures" / "starry_night.jpg"
SIZE = 320
WITHOUT: dict[str, dict[str, Any]] = {
    "the default look": {},
    "Gram matrices": {"statistic": "gram"},
    "start: the photograph": {"init": "content"},
    "no detail put back": {"detail": 0.0},
    "no margin, zeros": {"margin": 0, "padding": "zeros"},
    "one scale": {"scales": 1, "iterations": 40},
    "none of them": {
        "statistic": "gram",
        "init": "content",
        "margin": 0,
        "padding": "zeros",
        "scales": 1,
        "iterations": 40,
    },
}


def painted(stylizer: Stylizer, choices: dict[str, Any]) -> Picture:
    """The picture with some settings other than the default."""
    for event in stylizer.run(PHOTO, [PAINTING], Settings(size=SIZE, **choices)):
        if isinstance(event, Finished):
            print(f"{choices}: {event.elapsed:.0f} s", flush=True)
            return event.picture
    raise AssertionError("a run ends with Finished")


def main() -> None:
    """Paint and write."""
    stylizer = Stylizer()
    photo = images.read(PHOTO)
    small = images.resize(photo, SIZE, round(photo.height * SIZE / photo.width))
    pictures = [small, *(painted(stylizer, choices) for choices in WITHOUT.values())]
    target = ROOT / "docs" / "images" / "departures.jpg"
    images.save(images.contact_sheet(pictures, ["the photograph", *WITHOUT], columns=4), target, overwrite=True)
    print(target)


if __name__ == "__main__":
    main()
