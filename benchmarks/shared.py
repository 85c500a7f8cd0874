"""What the benchmarks have in common: the pictures, sessions on them, and the file that each writes."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from impasto import Settings, images, weights
from impasto.engine.device import prepare
from impasto.engine.inputs import Inputs
from impasto.engine.session import Session
from impasto.engine.stylizer import load_weights
from impasto.weights.vgg_weights import VGGWeights

BENCHMARKS = Path(__file__).resolve().parent
PICTURES = BENCHMARKS.parent / "examples" / "pictures"
PHOTOS = ("summer_palace", "cat")
PAINTINGS = ("starry_night", "great_wave")


def picture(name: str) -> Path:
    """One of the example pictures."""
    return PICTURES / f"{name}.jpg"


def opened(settings: Settings, photo: str, painting: str) -> Session:
    """A session on two of the examples."""
    machine = prepare(settings)
    inputs = Inputs(images.read(picture(photo)), (images.read(picture(painting)),), settings)
    return Session(inputs, settings, machine, load_weights(settings, machine))


def bundled() -> VGGWeights:
    """The network that ships, in the types of its file."""
    return weights.load("vgg16")


def installed(requirement: str, folder: Path) -> Path | None:
    """Install a peer by itself, for PYTHONPATH; None, with a message, where that cannot be done."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), requirement]
    if subprocess.run(command, check=False).returncode:
        print(f"{requirement} cannot be installed here: left out", file=sys.stderr)
        return None
    return folder


def write(path: Path, about: dict[str, Any], **measured: Any) -> None:
    """Write what was measured, and on what."""
    machine = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "torch": version("torch"),
    }
    path.write_text(json.dumps({"about": machine | about, **measured}, indent=1) + "\n", encoding="utf-8")
