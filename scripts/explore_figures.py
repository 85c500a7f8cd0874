"""Make the figures of docs/quickstart.md that `impasto sweep` and `impasto rebuild` give.

    python scripts/explore_figures.py

Writes docs/images/sweep.jpg and docs/images/rebuild.jpg; takes some ten minutes on two cores.
"""

from pathlib import Path

from impasto import Finished, Picture, Settings, Stylizer, images
from impasto.cli import main as command

ROOT = Path(__file__).resolve().parent.parent
PICTURES, FIGURES = ROOT / "examples" / "pictures", ROOT / "docs" / "images"
PHOTO, PAINTING = PICTURES / "summer_palace.jpg", PICTURES / "starry_night.jpg"
OVER = ("content-weight=5,20,80", "style-scale=0.5,1,2")
LAYERS = ("relu1_2", "relu2_2", "relu3_2", "relu4_2", "relu5_2")
SIZE = 320


def sweep(target: Path) -> None:
    """The sheet, as the command makes it."""
    over = [part for axis in OVER for part in ("--over", axis)]
    if command(["sweep", str(PHOTO), str(PAINTING), *over, "-o", str(target), "--force"]):
        raise SystemExit("the sweep failed")


def rebuilt(stylizer: Stylizer, layer: str) -> Picture:
    """The photograph, from a layer alone."""
    settings = Settings.model_validate({"recipe": "rebuild", "content_layers": layer, "size": SIZE})
    for event in stylizer.run(PHOTO, settings=settings):
        if isinstance(event, Finished):
            print(f"{layer}: {event.elapsed:.0f} s", flush=True)
            return event.picture
    raise AssertionError("a run ends with Finished")


def main() -> None:
    """Make and write both."""
    sweep(FIGURES / "sweep.jpg")
    stylizer = Stylizer()
    photo = images.read(PHOTO)
    small = images.resize(photo, SIZE, round(photo.height * SIZE / photo.width))
    sheet = images.contact_sheet(
        [small, *(rebuilt(stylizer, layer) for layer in LAYERS)], ["photograph", *LAYERS], columns=3
    )
    images.save(sheet, FIGURES / "rebuild.jpg", overwrite=True)
    print(FIGURES / "rebuild.jpg")


if __name__ == "__main__":
    main()
