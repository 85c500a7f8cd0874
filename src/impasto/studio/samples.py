"""The sample pictures, to try the studio without uploading any, and a thumbnail for each recipe."""

import functools
import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from impasto.studio.errors import MissingError
from impasto.studio.schemas import SamplePicture

_STUDIO = Path(str(resources.files("impasto.studio")))


@dataclass(frozen=True)
class _Sample:
    title: str
    credit: str
    role: Literal["photo", "painting"]


_SAMPLES = {
    "summer_palace": _Sample("Summer Palace", "Photograph by danielbuechele, CC BY 2.0", "photo"),
    "cat": _Sample("Chelsea", "Photograph by Stéfan van der Walt, CC0", "photo"),
    "flower": _Sample("Dahlia", "Photograph by vultilion, CC BY 2.0", "photo"),
    "astronaut": _Sample("Eileen Collins", "NASA, public domain", "photo"),
    "coffee": _Sample("Coffee", "Photograph by Rachel Michetti, CC0", "photo"),
    "rocket": _Sample("Launch of CRS-6", "SpaceX, CC0", "photo"),
    "starry_night": _Sample("The Starry Night", "Vincent van Gogh, 1889", "painting"),
    "great_wave": _Sample("The Great Wave off Kanagawa", "Katsushika Hokusai, c. 1831", "painting"),
    "water_lilies": _Sample("Water Lilies", "Claude Monet, c. 1914-1919", "painting"),
    "the_scream": _Sample("The Scream", "Edvard Munch, 1893", "painting"),
    "wheat_field_with_cypresses": _Sample("Wheat Field with Cypresses", "Vincent van Gogh, 1889", "painting"),
    "wreck_of_a_transport_ship": _Sample("The Wreck of a Transport Ship", "J. M. W. Turner, c. 1810", "painting"),
}


def pictures() -> list[SamplePicture]:
    """List the samples."""
    return [
        SamplePicture(
            name=name,
            title=sample.title,
            credit=sample.credit,
            role=sample.role,
            thumbnail=f"/api/samples/{name}/thumbnail",
            display=f"/api/samples/{name}/display",
        )
        for name, sample in _SAMPLES.items()
    ]


def file(name: str) -> Path:
    """Return a sample's file.

    Raises:
        MissingError: there is no such sample.
    """
    if name not in _SAMPLES:
        raise MissingError(f"there is no sample '{name}'", "Choose one of those in /api/about.")
    return _folder() / f"{name}.jpg"


def name_of(picture: str) -> str | None:
    """Return the name of the sample whose file has this SHA-256; None if none has."""
    return _names().get(picture)


def title(picture: str) -> str:
    """Return the title of the sample whose file has this SHA-256; empty if none has."""
    name = name_of(picture)
    return _SAMPLES[name].title if name else ""


@functools.cache
def _names() -> dict[str, str]:
    present = (name for name in _SAMPLES if file(name).is_file())
    return {hashlib.sha256(file(name).read_bytes()).hexdigest(): name for name in present}


def recipe_thumbnails() -> dict[str, Path]:
    """Return the thumbnails of the recipes that have one, by the recipe's name."""
    return {path.stem: path for path in sorted((_STUDIO / "recipe_thumbnails").glob("*.webp"))}


def _folder() -> Path:
    """Return the folder of the samples: beside this file in the wheel, among the examples in the source tree."""
    installed = _STUDIO / "sample_pictures"
    return installed if installed.is_dir() else _STUDIO.parents[2] / "examples" / "pictures"
