"""Paint by the shipped recipes, and lay the results on two sheets.

    python scripts/recipe_sheet.py [published] [looks]

`published` writes docs/images/recipes.jpg: one photograph by the recipes of the papers and the default, with fewer
iterations than their own, so that the sheet takes minutes and not hours. `looks` writes docs/images/looks.jpg: two
photographs by the recipes that painters choose among, after each photograph and painting. Both are small.
"""

import sys
from collections.abc import Callable
from typing import Any

from figures import example, painted, written

from impasto import Stylizer

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


def published(stylizer: Stylizer) -> None:
    """One photograph by the recipes of the papers."""
    pictures = [
        painted(stylizer, "summer_palace", ["starry_night"], recipe=recipe, size=SIZE, **choices)
        for recipe, choices in PUBLISHED.items()
    ]
    labels = [f"{recipe} ({_effort(choices)})" for recipe, choices in PUBLISHED.items()]
    written("recipes", pictures, labels, columns=3)


def looks(stylizer: Stylizer) -> None:
    """Two photographs by the recipes that painters choose among."""
    pictures, labels = [], []
    for photo, painting in PAIRS:
        pictures += [example(photo, SIZE), example(painting, SIZE)]
        pictures += [painted(stylizer, photo, [painting], recipe=recipe, size=SIZE) for recipe in LOOKS]
        labels += [photo, painting, *LOOKS]
    written("looks", pictures, labels, columns=3)


SHEETS: dict[str, Callable[[Stylizer], None]] = {"published": published, "looks": looks}


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
