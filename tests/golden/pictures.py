"""The golden pictures: what they show, and how they are made.

    python tests/golden/pictures.py

Run it again only after looking at the pictures and finding the change right.
"""

from pathlib import Path

import impasto
from impasto import Settings

FOLDER = Path(__file__).parent
PICTURES = FOLDER.parent.parent / "examples" / "pictures"
# Few iterations, because after many the rounding of another machine has grown to another picture.
GOLDEN = {
    recipe: Settings(recipe=recipe, size=144, iterations=12, rounds=1, precision="float32")
    for recipe in ("painterly", "gatys", "tf-adam")
}


def painted(name: str) -> impasto.Result:
    """One golden picture, made anew."""
    return impasto.stylize(PICTURES / "cat.jpg", PICTURES / "great_wave.jpg", settings=GOLDEN[name])


if __name__ == "__main__":
    for name in GOLDEN:
        painted(name).save(FOLDER / f"{name}.png", overwrite=True)
