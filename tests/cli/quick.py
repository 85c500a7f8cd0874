"""What the command's tests share beside fixtures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image

QUICK = ["--size", "64", "--scales", "1", "--margin", "0", "--iterations", "3"]
"""Options that make any run a matter of a second."""


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


def listing(folder: Path) -> dict[str, bytes | None]:
    """Everything under a folder, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def save_pictures(folder: Path) -> None:
    """Save photo.jpg and painting.jpg, 96 x 72 pixels each."""
    y, x = np.mgrid[0:72, 0:96] / 96
    photo = np.stack([255 * x, 127 + 120 * np.sin(9 * y), 255 * (1 - x * y)], axis=-1)
    stroke = ((96 * x + 192 * y).astype(int) // 8 % 2)[..., None]
    painting = np.where(stroke, (230, 180, 40), (20, 40, 120))
    for name, pixels in (("photo.jpg", photo), ("painting.jpg", painting)):
        PIL.Image.fromarray(pixels.astype(np.uint8)).save(folder / name, quality=95)
