"""Paint with masks, and lay photographs, masks, paintings and results on one sheet.

    python scripts/region_strip.py

Writes docs/images/regions.jpg: two paintings that each go to a side of the photograph, and below a part of the
photograph that stays as it is. The masks are drawn here.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from figures import PICTURES, painted, wide, written
from numpy.typing import NDArray

from impasto import Picture, Stylizer, images

CELL = 320
ITERATIONS = 60
PALACE, FLOWER = "summer_palace", "flower"
SKY, WAVE = "starry_night", "great_wave"


def sides() -> dict[str, NDArray[np.uint8]]:
    """The left and the right of a photograph, with a soft border between."""
    across = np.linspace(0, 1, CELL)
    left = np.broadcast_to(np.clip((0.55 - across) / 0.1, 0, 1), (CELL * 2 // 3, CELL))
    return {"left": _gray(left), "right": _gray(1 - left)}


def blossom() -> dict[str, NDArray[np.uint8]]:
    """The blossom in the middle of the photograph."""
    y, x = np.mgrid[0 : CELL * 2 // 3, 0:CELL] / CELL
    distance = np.hypot((x - 0.481) / 0.215, (y - 0.346) / 0.222)
    return {"blossom": _gray(np.clip((1 - distance) / 0.08 + 0.5, 0, 1))}


def masked(stylizer: Stylizer, photo: str, paintings: list[str], **masks: Any) -> Picture:
    """A photograph in the style of paintings, with masks."""
    return painted(stylizer, photo, paintings, size=CELL, iterations=ITERATIONS, **masks)


def main() -> None:
    """Paint and write."""
    stylizer = Stylizer()
    with tempfile.TemporaryDirectory() as folder:
        masks = {name: _written(Path(folder), name, plane) for name, plane in {**sides(), **blossom()}.items()}
        both = masked(stylizer, PALACE, [SKY, WAVE], mask=(masks["left"], masks["right"]))
        kept = masked(stylizer, FLOWER, [SKY], keep_mask=masks["blossom"])
        cells = [
            (_cell(_file(PALACE)), "photograph"),
            (_cell(masks["left"]), "left.png"),
            (_cell(_file(SKY)), "first painting"),
            (_cell(masks["right"]), "right.png"),
            (_cell(_file(WAVE)), "second painting"),
            (both, "--mask left.png,right.png"),
            (_cell(_file(FLOWER)), "photograph"),
            (_cell(masks["blossom"]), "blossom.png"),
            (_cell(_file(SKY)), "painting"),
            (kept, "--keep-mask blossom.png"),
        ]
    written("regions", [cell for cell, _ in cells], [label for _, label in cells], columns=6)


def _file(name: str) -> str:
    return str(PICTURES / f"{name}.jpg")


def _gray(plane: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.rint(plane * 255).astype(np.uint8)


def _written(folder: Path, name: str, plane: NDArray[np.uint8]) -> str:
    path = folder / f"{name}.png"
    images.save(images.read(plane), path)
    return str(path)


def _cell(file: str) -> Picture:
    return wide(images.read(file), CELL)


if __name__ == "__main__":
    main()
