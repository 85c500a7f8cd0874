"""What the benchmarks have in common: the pictures, runs on them, and the file that each writes."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from impasto import Settings, Stylizer, weights
from impasto.cli.main import TORCH_ENVIRONMENT
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
    """VGG-16, ready for pixels."""
    return weights.load("vgg16")


def installed(requirement: str, folder: Path) -> Path | None:
    """Install a peer by itself, for PYTHONPATH; None, with a message, where that cannot be done."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), requirement]
    if subprocess.run(command, check=False).returncode:
        print(f"{requirement} cannot be installed here: left out", file=sys.stderr)
        return None
    return folder


@dataclass(frozen=True)
class Measured:
    """What a command said and took."""

    started: dict[str, Any]
    """Its first event."""
    finished: dict[str, Any]
    """Its last."""
    peak: int
    """Bytes: the process's largest resident size."""


def measure_run(photo: str, painting: str, *options: str) -> Measured:
    """Paint a pair of the examples by the command, in an empty home."""
    files = [str(picture(name)) for name in (photo, painting)]
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "impasto", *files, *options, "--json", "-o", str(Path(home) / "out.png")]
        environment = os.environ | TORCH_ENVIRONMENT | {"IMPASTO_HOME": home}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout is not None
            first, *_, last = process.stdout
            _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Measured(json.loads(first), json.loads(last), usage.ru_maxrss * unit)


def write(path: Path, about: dict[str, Any], **measured: Any) -> None:
    """Write what was measured, and on what."""
    machine = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "torch": version("torch"),
    }
    path.write_text(json.dumps({"about": machine | about, **measured}, indent=1) + "\n", encoding="utf-8")
