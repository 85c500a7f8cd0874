"""Several pictures on one sheet, with labels."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from impasto.errors import ImageError
from impasto.images.picture import Picture, on_white
from impasto.images.resize import resize, shrink
from impasto.storage.names import to_text

PAPER = (246, 245, 242)
INK = (62, 60, 56)
_MIN_HEIGHT = 320  # less leaves no room for a label that can be read
_MAX_CELL = 480
_MIN_CELL = 160
_ELLIPSIS = "..."

Cell = tuple[Image.Image, str]


def side_by_side(pictures: Sequence[Picture], labels: Sequence[str] = ()) -> Picture:
    """All pictures in a row, at the height of the lowest (but at least 320 pixels), each over its label.

    Raises:
        ImageError: there is no picture.
    """
    _check_any(pictures)
    height = max(_MIN_HEIGHT, min(picture.height for picture in pictures))
    sized = [
        _opaque(resize(picture, max(1, round(picture.width * height / picture.height)), height)) for picture in pictures
    ]
    return _sheet([_cells(sized, labels)], gap=max(12, height // 28), text=max(14, height // 28))


def contact_sheet(pictures: Sequence[Picture], labels: Sequence[str], *, columns: int) -> Picture:
    """A grid of equally wide cells, filled row by row, each picture over its label.

    Raises:
        ImageError: there is no picture.
    """
    _check_any(pictures)
    width = max(_MIN_CELL, min(_MAX_CELL, max(picture.width for picture in pictures)))
    sized = [
        _opaque(resize(picture, width, max(1, round(picture.height * width / picture.width)))) for picture in pictures
    ]
    cells = _cells(sized, labels)
    columns = max(1, min(columns, len(cells)))
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    return _sheet(rows, gap=max(12, width // 20), text=max(14, width // 24))


LabeledPicture = tuple[Picture | None, str]
"""A picture, or None where there is none to be shown, and its label."""


def labeled_rows(rows: Iterable[Sequence[LabeledPicture]], *, side: int) -> Image.Image:
    """Rows of pictures in columns; each picture fits into a square of `side` pixels, over its label.

    The last of each row stands in the last column, whatever the length of the row.

    Raises:
        ImageError: there is no row.
    """
    # One picture after another becomes 8 bits: there may be many.
    cells = [[(None if it is None else _opaque(shrink(it, side)), name) for it, name in row] for row in rows]
    if not cells:
        raise ImageError("there are no pictures to put onto a sheet", "Give at least one.")
    columns, gap, text = max(len(row) for row in cells), max(12, side // 16), max(14, side // 18)
    heights = [max((image.height for image, _ in row if image), default=text) for row in cells]
    step = gap + 2 * text
    sheet = Image.new("RGB", (columns * (side + gap) + gap, sum(heights) + step * len(cells) + gap // 2), PAPER)
    draw, font, baseline = ImageDraw.Draw(sheet), ImageFont.load_default(text), 0
    for row, height in zip(cells, heights, strict=True):
        baseline += gap + height
        for index, (image, name) in enumerate(row):
            column = columns - 1 if index == len(row) - 1 else index
            middle = gap + column * (side + gap) + side // 2
            if image:
                sheet.paste(image, (middle - image.width // 2, baseline - image.height))
            _write(draw, (middle, baseline + text), fit_label(name, font, side), font)
        baseline += 2 * text
    return sheet


def _check_any(pictures: Sequence[Picture]) -> None:
    if not pictures:
        raise ImageError("there are no pictures to put onto a sheet", "Give at least one.")


def _opaque(picture: Picture) -> Image.Image:
    return Picture(on_white(picture)).to_pil()


def _cells(images: Sequence[Image.Image], labels: Sequence[str]) -> list[Cell]:
    return list(zip_longest(images, labels[: len(images)], fillvalue=""))  # type: ignore[arg-type]  # labels fill up


def _sheet(rows: Sequence[Sequence[Cell]], *, gap: int, text: int) -> Picture:
    """Lay rows of cells onto paper: pictures stand on a common line, their labels centered beneath."""
    label = 2 * text if any(name for row in rows for _, name in row) else 0
    heights = [max(image.height for image, _ in row) for row in rows]
    width = max(sum(image.width + gap for image, _ in row) for row in rows) + gap
    sheet = Image.new("RGB", (width, sum(heights) + (gap + label) * len(rows) + (gap // 2 if label else gap)), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(text)
    baseline = 0
    for row, height in zip(rows, heights, strict=True):
        baseline += gap + height
        left = gap
        for image, name in row:
            sheet.paste(image, (left, baseline - image.height))
            _write(draw, (left + image.width / 2, baseline + label / 2), fit_label(name, font, image.width), font)
            left += image.width + gap
        baseline += label
    return Picture(np.asarray(sheet), name="sheet")


def _write(draw: ImageDraw.ImageDraw, center: tuple[float, float], name: str, font: "Font") -> None:
    draw.text(center, name, fill=INK, font=font, anchor="mm")


def fit_label(name: str, font: "Font", width: float) -> str:
    """Put the label on one line, shortened in the middle where it is wider than its picture."""
    name = " ".join(to_text(name).split())
    keep = len(name)
    short = name
    while keep > 2 and font.getlength(short) > width:  # noqa: PLR2004 -- one character on either side
        keep -= 1
        short = name[: (keep + 1) // 2] + _ELLIPSIS + name[len(name) - keep // 2 :]
    return short


Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
