"""Pictures in labelled rows and columns, each at its own size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from impasto.images.picture import Picture, on_white
from impasto.images.sheets import INK, PAPER, Font, fit_label
from impasto.storage.names import to_text

_EMPTY = (190, 189, 186)
_MIN_SLOT = 120  # pixels: narrower columns leave no room for a label
_LINE = 1.3  # of the text's height

Place = tuple[int, int]
"""Row and column, from 0."""
Box = tuple[int, int, int, int]
"""Left, top, width and height, pixels."""


@dataclass(frozen=True)
class _Text:
    """Lines to be written around a point; `anchor` is Pillow's."""

    lines: Sequence[str]
    x: float
    y: float
    anchor: str


class Grid:
    """Where everything stands on a sheet of rows and columns; pictures stand in it as they are, pixel by pixel.

    Args:
        sizes: width and height of each picture, row by row; all rows are equally long.
        rows: a label for each row, left of it; empty ones take no room.
        columns: a label for each column, above the first row and above each row with a heading.
        headings: by the index of a row, what is written above it across the sheet.
        caption: written beneath everything.
    """

    def __init__(
        self,
        sizes: Sequence[Sequence[tuple[int, int]]],
        *,
        rows: Sequence[str],
        columns: Sequence[str],
        headings: Mapping[int, str],
        caption: str,
    ) -> None:
        rows, columns = ([to_text(label) for label in labels] for labels in (rows, columns))
        widths: list[int] = [max(_MIN_SLOT, *(width for width, _ in column)) for column in zip(*sizes, strict=True)]
        self._gap, size = max(12, max(widths) // 20), max(14, max(widths) // 18)
        self._line = size * _LINE
        self._font = ImageFont.load_default(size)
        self._texts: list[_Text] = []
        margin = self._margin(rows, max(widths))
        self._lefts = [margin + sum(widths[:index]) + self._gap * (index + 1) for index in range(len(widths))]
        self.width = self._lefts[-1] + widths[-1] + self._gap
        self.boxes: list[list[Box]] = []
        """Of each picture, row by row."""
        self.height = self._gap
        for index, row in enumerate(sizes):
            if index in headings or index == 0:
                self._head(to_text(headings.get(index, "")), columns, widths)
            self._row(row, rows[index], widths, margin)
        self._write_below(to_text(caption))

    def draw(self, pictures: Mapping[Place, Picture]) -> Picture:
        """The sheet; places without a picture are gray."""
        sheet = Image.new("RGB", (self.width, self.height), PAPER)
        draw = ImageDraw.Draw(sheet)
        for row, boxes in enumerate(self.boxes):
            for column, (left, top, width, height) in enumerate(boxes):
                picture = pictures.get((row, column))
                if picture is None:
                    draw.rectangle((left, top, left + width - 1, top + height - 1), fill=_EMPTY)
                else:
                    sheet.paste(Picture(on_white(picture)).to_pil(), (left, top))
        for text in self._texts:
            self._write(draw, text)
        return Picture(np.asarray(sheet), name="sheet")

    def _margin(self, rows: Sequence[str], width: int) -> int:
        """Width of the row labels: as they are, but no wider than a picture."""
        longest = max(self._font.getlength(label) for label in rows)
        return min(round(longest) + 1, width) + self._gap if longest else 0

    def _head(self, heading: str, columns: Sequence[str], widths: Sequence[int]) -> None:
        """A heading across the sheet, and the columns' labels."""
        if heading:
            self._write_below(heading)
        labels = [_wrap(label, self._font, width) for label, width in zip(columns, widths, strict=True)]
        room = self._tall(max(len(lines) for lines in labels))
        for lines, left, width in zip(labels, self._lefts, widths, strict=True):
            # The last lines of all labels stand on one line, next to the pictures.
            self._texts.append(_Text(lines, left + width / 2, self.height + room - self._tall(len(lines)) / 2, "mm"))
        self.height += round(room) + self._gap // 2

    def _row(self, sizes: Sequence[tuple[int, int]], label: str, widths: Sequence[int], margin: int) -> None:
        lines = _wrap(label, self._font, margin - self._gap)
        room = max(*(height for _, height in sizes), round(self._tall(len(lines))))
        self.boxes.append(
            [
                (left + (slot - width) // 2, self.height + (room - height) // 2, width, height)
                for (width, height), left, slot in zip(sizes, self._lefts, widths, strict=True)
            ]
        )
        self._texts.append(_Text(lines, margin, self.height + room / 2, "rm"))
        self.height += room + self._gap

    def _write_below(self, text: str) -> None:
        """Lines across the whole sheet."""
        lines = _wrap(text, self._font, self.width - 2 * self._gap)
        room = self._tall(len(lines))
        self._texts.append(_Text(lines, self._gap, self.height + room / 2, "lm"))
        self.height += round(room) + self._gap

    def _tall(self, lines: int) -> float:
        return lines * self._line

    def _write(self, draw: ImageDraw.ImageDraw, text: _Text) -> None:
        top = text.y - self._tall(len(text.lines) - 1) / 2
        for index, line in enumerate(text.lines):
            draw.text((text.x, top + self._tall(index)), line, fill=INK, font=self._font, anchor=text.anchor)


def _wrap(text: str, font: Font, width: float) -> list[str]:
    """Break text into lines of at most this width at blanks; a word that is wider is shortened in the middle."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(fit_label(word, font, width))
    return lines
