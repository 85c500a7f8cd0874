"""Paint with every shipped recipe, and lay the results on two sheets.

    python scripts/recipe_sheet.py [published] [looks]

`published` writes docs/images/recipes.jpg: one photograph by the recipes of the papers and the default, with fewer
iterations than their own, so that the sheet takes minutes and not hours. `looks` writes docs/images/looks.jpg: two
photographs by the recipes that painters choose among. Both are small.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import impasto
from impasto import Finished, Settings, Stylizer, images

ROOT = Path(__file__).resolve().parent.parent
PICTURES, FIGURES = ROOT / "examples" / "pictures", ROOT / "docs" / "images"
SIZE = 256
PUBLISHED: dict[str, dict[str, Any]] = {
    "keras-lbfgs": {"iterations": 60, "rounds": 4},
    "tf-adam": {"iterations": 300},
    "coursera": {"iterations": 200},
    "gatys": {"iterations": 400},
    "neural-style": {"iterations": 300},
    "painterly": {},
}
LOOKS = ("painterly", "fast", "quality", "ink", "bold", "brushwork", "surface")
PAIRS = (("cat", "starry_night"), ("summer_palace", "great_wave"))


def painted(stylizer: Stylizer, pair: tuple[str, str], recipe: str, **choices: Any) -> impasto.Picture:
    """A photograph in a painting's style, by a recipe."""
    settings = Settings.model_validate({"recipe": recipe, "size": SIZE, **choices})
    photo, painting = (PICTURES / f"{name}.jpg" for name in pair)
    for event in stylizer.run(photo, [painting], settings):
        if isinstance(event, Finished):
            print(f"{recipe}: loss {event.loss:.4g} in {event.elapsed:.0f} s", flush=True)
            return event.picture
    raise AssertionError("a run ends with Finished")


def published(stylizer: Stylizer) -> None:
    """One photograph by the recipes of the papers."""
    pair = ("summer_palace", "starry_night")
    pictures = [painted(stylizer, pair, recipe, **choices) for recipe, choices in PUBLISHED.items()]
    labels = [f"{recipe} ({_effort(choices)})" for recipe, choices in PUBLISHED.items()]
    images.save(images.contact_sheet(pictures, labels, columns=3), FIGURES / "recipes.jpg", overwrite=True)


def looks(stylizer: Stylizer) -> None:
    """Two photographs by the recipes that painters choose among, each row with its photograph and painting."""
    pictures, labels = [], []
    for pair in PAIRS:
        shown = [_small(name) for name in pair] + [painted(stylizer, pair, recipe) for recipe in LOOKS]
        pictures += shown
        labels += [*pair, *LOOKS]
    sheet = images.contact_sheet(pictures, labels, columns=3)
    images.save(sheet, FIGURES / "looks.jpg", overwrite=True)


SHEETS: dict[str, Callable[[Stylizer], None]] = {"published": published, "looks": looks}


def _small(name: str) -> impasto.Picture:
    picture = images.read(PICTURES / f"{name}.jpg")
    share = SIZE / max(picture.width, picture.height)
    return images.resize(picture, round(picture.width * share), round(picture.height * share))


def _effort(choices: dict[str, Any]) -> str:
    if not choices:
        return "as it is"
    rounds = f"{choices['rounds']} x " if "rounds" in choices else ""
    return f"{rounds}{choices['iterations']} iterations"


def main(names: list[str]) -> None:
    """Paint and write."""
    stylizer = Stylizer()
    for name in names or SHEETS:
        SHEETS[name](stylizer)


if __name__ == "__main__":
    main(sys.argv[1:])
