"""Paint the picture on each recipe's card in the studio, one photograph and one painting by all of them.

    python scripts/recipe_cards.py [RECIPE ...]

Writes src/impasto/studio/recipe_thumbnails/RECIPE.webp; takes some minutes. The papers' recipes run fewer iterations
than their own, as on the sheet of `scripts/recipe_sheet.py`.
"""

import sys
from pathlib import Path

from figures import painted
from recipe_sheet import PUBLISHED

from impasto import Picture, Settings, Stylizer, images
from impasto.settings import recipes

CARDS = Path(__file__).resolve().parent.parent / "src" / "impasto" / "studio" / "recipe_thumbnails"
PHOTO, PAINTING = "summer_palace", "great_wave"
WIDTH, HEIGHT = 192, 128


def card(stylizer: Stylizer, recipe: str) -> Picture:
    """What a recipe makes of the photograph, whose aspect is the cards', or of the painting alone."""
    settings = Settings(recipe=recipe)
    photo = PHOTO if settings.has_content else None
    paintings = [PAINTING] if settings.has_style else []
    extent = {"size": WIDTH} if photo else {"frame": f"{WIDTH}x{HEIGHT}"}
    return painted(stylizer, photo, paintings, recipe=recipe, **extent, **PUBLISHED.get(recipe, {}))


def main(names: list[str]) -> None:
    """Paint and write."""
    stylizer = Stylizer()
    for recipe in names or recipes.shipped():
        images.save(card(stylizer, recipe), CARDS / f"{recipe}.webp", overwrite=True)


if __name__ == "__main__":
    main(sys.argv[1:])
