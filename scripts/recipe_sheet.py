"""Paint one photograph with every shipped recipe, and lay the results on one sheet.

    python scripts/recipe_sheet.py

Writes docs/images/recipes.jpg. The sizes are small and the published recipes run fewer iterations than their own, so
that the sheet takes minutes and not hours.
"""

from pathlib import Path

import impasto
from impasto import Finished, Settings, Stylizer, images

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "examples" / "pictures" / "summer_palace.jpg"
PAINTING = ROOT / "examples" / "pictures" / "starry_night.jpg"
SIZE = 256
ITERATIONS = {
    "keras-lbfgs": {"iterations": 60, "rounds": 4},
    "tf-adam": {"iterations": 300},
    "coursera": {"iterations": 200},
    "gatys": {"iterations": 400},
    "neural-style": {"iterations": 300},
    "painterly": {},
}


def painted(stylizer: Stylizer, recipe: str, choices: dict[str, int]) -> impasto.Picture:
    """The photograph in the painting's style, by a recipe."""
    settings = Settings.model_validate({"recipe": recipe, "size": SIZE, **choices})
    for event in stylizer.run(PHOTO, [PAINTING], settings):
        if isinstance(event, Finished):
            print(f"{recipe}: loss {event.loss:.4g} in {event.elapsed:.0f} s", flush=True)
            return event.picture
    raise AssertionError("a run ends with Finished")


def main() -> None:
    """Paint and write."""
    stylizer = Stylizer()
    pictures = [painted(stylizer, recipe, choices) for recipe, choices in ITERATIONS.items()]
    labels = [f"{recipe} ({_effort(choices)})" for recipe, choices in ITERATIONS.items()]
    target = ROOT / "docs" / "images" / "recipes.jpg"
    images.save(images.contact_sheet(pictures, labels, columns=3), target, overwrite=True)
    print(target)


def _effort(choices: dict[str, int]) -> str:
    if not choices:
        return "as it is"
    rounds = f"{choices['rounds']} x " if "rounds" in choices else ""
    return f"{rounds}{choices['iterations']} iterations"


if __name__ == "__main__":
    main()
