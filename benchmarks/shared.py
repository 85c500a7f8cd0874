"""What the benchmarks have in common: the pictures, runs on them, and the file that each writes."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from impasto import Settings, Stylizer, weights
from impasto.engine.run import RunInputs
from impasto.weights.vgg_weights import VGGWeights

BENCHMARKS = Path(__file__).resolve().parent
PICTURES = BENCHMARKS.parent / "examples" / "pictures"
PHOTOS = ("summer_palace", "cat")
PAINTINGS = ("starry_night", "great_wave")


def picture(name: str) -> Path:
    """One of the example pictures."""
    return PICTURES / f"{name}.jpg"


def open_run(settings: Settings, photo: str, painting: str) -> RunInputs:
    """Set up a run on two of the examples."""
    return Stylizer().open(picture(photo), picture(painting), settings)


def bundled() -> VGGWeights:
    """The network that ships, ready for pixels."""
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
