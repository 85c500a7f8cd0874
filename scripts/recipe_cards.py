"""Paint the picture on each recipe's card in the studio: a detail, pixel for pixel, of what the recipe is for.

    python scripts/recipe_cards.py [RECIPE ...]

Writes src/impasto/studio/recipe_thumbnails/RECIPE.webp; takes some minutes a recipe. The papers' recipes share a
photograph and a painting, so that they compare, and run fewer iterations than their own, as on the sheet of
`scripts/recipe_sheet.py`.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from figures import painted
from recipe_sheet import PUBLISHED

from impasto import Picture, Stylizer, images
from impasto.settings import recipes

CARDS = Path(__file__).resolve().parent.parent / "src" / "impasto" / "studio" / "recipe_thumbnails"
WIDTH, HEIGHT = 192, 128


@dataclass(frozen=True)
class Card:
    """What is painted, and which part of it is shown."""

    photo: str | None
    painting: str | None
    x: float = 0.5
    """Middle of the part, as a share of the result's width."""
    y: float = 0.5
    size: int = 320
    """Long side of the whole result, pixels."""


CHOICES = {
    "painterly": Card("summer_palace", "starry_night", 0.3, 0.45),
    "fast": Card("flower", "wheat_field_with_cypresses", 0.5, 0.4),
    "quality": Card("cat", "the_scream", 0.5, 0.45),
    "bold": Card("coffee", "great_wave", 0.5, 0.4),
    "brushwork": Card("summer_palace", "water_lilies", 0.3, 0.45),
    "ink": Card("astronaut", "../drawings/ink", 0.45, 0.25),
    "surface": Card("coffee", "starry_night", 0.5, 0.4),
    "texture": Card(None, "great_wave"),
    "rebuild": Card("rocket", None, 0.4, 0.6),
}
PUBLISHED_CARD = Card("summer_palace", "starry_night", 0.3, 0.45, size=288)
"""Of the recipes that are not named above."""


def paint(stylizer: Stylizer, recipe: str) -> Picture:
    """Paint the whole result of a card, and cut the part out of it."""
    card = CHOICES.get(recipe, PUBLISHED_CARD)
    choices = PUBLISHED.get(recipe, {})
    paintings = [card.painting] if card.painting else []
    whole = painted(stylizer, card.photo, paintings, recipe=recipe, size=card.size, **choices)
    left = min(max(round(card.x * whole.width) - WIDTH // 2, 0), whole.width - WIDTH)
    top = min(max(round(card.y * whole.height) - HEIGHT // 2, 0), whole.height - HEIGHT)
    return Picture(whole.rgb[top : top + HEIGHT, left : left + WIDTH].copy())


def main(names: list[str]) -> None:
    """Paint and write."""
    stylizer = Stylizer()
    for recipe in names or recipes.shipped():
        images.save(paint(stylizer, recipe), CARDS / f"{recipe}.webp", overwrite=True)


if __name__ == "__main__":
    main(sys.argv[1:])
