"""What the command's tests share beside fixtures."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from impasto.cli import main

QUICK = ["--size", "64", "--precision", "float32", "--scales", "1", "--margin", "0", "--iterations", "3"]
"""Options that make any run a matter of half a second; to choose a precision would take as long again."""


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


def run_once(factory: pytest.TempPathFactory, *arguments: str) -> tuple[Path, str]:
    """Run the command in a folder of its own, once for all tests that read it: folder and stdout."""
    folder, out = factory.mktemp("run"), io.StringIO()
    save_pictures(folder)
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        patch.chdir(folder)
        patch.setenv("IMPASTO_HOME", str(factory.mktemp("home")))
        code = main([*arguments])
    assert (code, err.getvalue()) == (0, "")
    return folder, out.getvalue()
