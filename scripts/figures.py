"""What the scripts that make the documentation's pictures share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from impasto import Finished, Picture, Settings, Stylizer, images

ROOT = Path(__file__).resolve().parent.parent
PICTURES, FIGURES = ROOT / "examples" / "pictures", ROOT / "docs" / "images"


def example(name: str, side: int) -> Picture:
    """One of the example pictures, with so many pixels along its long side."""
    picture = images.read(PICTURES / f"{name}.jpg")
    share = side / max(picture.width, picture.height)
    return images.resize(picture, round(picture.width * share), round(picture.height * share))


def wide(picture: Picture, width: int) -> Picture:
    """A picture of so many pixels across."""
    return images.resize(picture, width, round(picture.height * width / picture.width))


def painted(stylizer: Stylizer, photo: str | None, paintings: Sequence[str], **choices: Any) -> Picture:
    """An example photograph, if any, in the style of example paintings."""
    settings = Settings.model_validate(choices)
    files = [PICTURES / f"{name}.jpg" for name in paintings]
    for event in stylizer.run(PICTURES / f"{photo}.jpg" if photo else None, files, settings):
        if isinstance(event, Finished):
            print(f"{photo}: {choices}: loss {event.loss:.4g} in {event.elapsed:.0f} s", flush=True)
            return event.picture
    raise AssertionError("a run ends with Finished")


def written(name: str, pictures: Sequence[Picture], labels: Sequence[str], columns: int) -> None:
    """Lay labelled pictures on a sheet of the documentation."""
    target = FIGURES / f"{name}.jpg"
    images.save(images.contact_sheet(pictures, labels, columns=columns), target, overwrite=True)
    print(target)
