"""The pictures that ship: a shelf to paint from without any of one's own, and a card for each recipe."""

import functools
import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from impasto.studio.jobs import MissingError
from impasto.studio.schemas import ShelfPicture

_STUDIO = Path(str(resources.files("impasto.studio")))


@dataclass(frozen=True)
class _Shown:
    title: str
    credit: str
    role: Literal["photo", "painting"]


_SHELF = {
    "summer_palace": _Shown("Summer Palace", "Photograph by danielbuechele, CC BY 2.0", "photo"),
    "cat": _Shown("Chelsea", "Photograph by Stéfan van der Walt, CC0", "photo"),
    "flower": _Shown("Dahlia", "Photograph by vultilion, CC BY 2.0", "photo"),
    "astronaut": _Shown("Eileen Collins", "NASA, public domain", "photo"),
    "coffee": _Shown("Coffee", "Photograph by Rachel Michetti, CC0", "photo"),
    "rocket": _Shown("Launch of CRS-6", "SpaceX, CC0", "photo"),
    "starry_night": _Shown("The Starry Night", "Vincent van Gogh, 1889", "painting"),
    "great_wave": _Shown("The Great Wave off Kanagawa", "Katsushika Hokusai, c. 1831", "painting"),
    "water_lilies": _Shown("Water Lilies", "Claude Monet, c. 1914-1919", "painting"),
    "the_scream": _Shown("The Scream", "Edvard Munch, 1893", "painting"),
    "wheat_field_with_cypresses": _Shown("Wheat Field with Cypresses", "Vincent van Gogh, 1889", "painting"),
    "wreck_of_a_transport_ship": _Shown("The Wreck of a Transport Ship", "J. M. W. Turner, c. 1810", "painting"),
}


def pictures() -> list[ShelfPicture]:
    """What is on the shelf."""
    return [
        ShelfPicture(
            name=name,
            title=shown.title,
            credit=shown.credit,
            role=shown.role,
            thumbnail=f"/api/shelf/{name}/thumbnail",
            display=f"/api/shelf/{name}/display",
        )
        for name, shown in _SHELF.items()
    ]


def file(name: str) -> Path:
    """A picture's file.

    Raises:
        MissingError: there is no such picture on the shelf.
    """
    if name not in _SHELF:
        raise MissingError(f"there is no '{name}' on the shelf", "Choose one that the page shows.")
    return _folder() / f"{name}.jpg"


def name_of(picture: str) -> str | None:
    """The name of the picture whose file has a SHA-256; None if it is not one of the shelf's."""
    return _names().get(picture)


@functools.cache
def _names() -> dict[str, str]:
    there = (name for name in _SHELF if file(name).is_file())
    return {hashlib.sha256(file(name).read_bytes()).hexdigest(): name for name in there}


def cards() -> dict[str, Path]:
    """Pictures of the recipes that have one, by the recipe's name."""
    return {path.stem: path for path in sorted((_STUDIO / "cards").glob("*.webp"))}


def _folder() -> Path:
    """In the wheel they lie beside this file; where the source is installed in place, among the examples."""
    installed = _STUDIO / "shelf"
    return installed if installed.is_dir() else _STUDIO.parents[2] / "examples" / "pictures"
