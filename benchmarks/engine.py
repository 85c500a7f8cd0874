"""Seconds a step and peak memory: ours, the real `neural-style`, a tutorial's loop, and the convolutions alone.

    python benchmarks/engine.py [--sizes 256 512 1024] [--rounds 7] [--device cpu] [-o benchmarks/engine.json]

Every contender is a process of its own and takes a step when it is its turn, so that they are compared within one run:
whatever else the machine does meets all of them. Two steps warm up; medians count. `python scripts/generate_docs.py`
makes the table and the plot in docs/benchmarks.md of it.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peer_neural_style
import shared
import torch
from PIL import Image

from impasto.cli.main import TORCH_ENVIRONMENT
from impasto.engine.device import bfloat16_is_fast

SIZES = (256, 512, 1024)
SMALLEST = 64
"""Pixels: what a process needs at this size is taken for what it needs before any picture."""
WARM_UP = 2
OTHERS = ("neural-style", "tutorial")
PAINTERS = (*OTHERS, "float32", "auto")


class Contender:
    """A process that takes a step when it is told to."""

    def __init__(self, name: str, photo: Path, size: int, device: str, library: Path | None) -> None:
        self.name, self.seconds = name, list[float]()
        command = [sys.executable, str(shared.BENCHMARKS / "contenders.py"), name]
        command += [str(photo), str(shared.picture("starry_night")), str(size), device]
        environment = os.environ | {"PYTHONPATH": str(library or "")}
        if name not in OTHERS:
            environment = TORCH_ENVIRONMENT | environment  # as the command does for its user
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env=environment,
        )

    def step(self) -> float:
        """Take one step; seconds."""
        self._write("step\n")
        seconds = float(self._answer()["seconds"])
        self.seconds.append(seconds)
        return seconds

    def end(self) -> dict[str, Any]:
        """Peak memory and threads."""
        if self._process.stdin:
            self._process.stdin.close()
        told = self._answer()
        self._process.wait()
        return told

    def kill(self) -> None:
        """Leave nothing behind."""
        self._process.kill()

    def _write(self, text: str) -> None:
        if self._process.stdin:
            self._process.stdin.write(text)
            self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self._said.seek(0)
            raise SystemExit(f"{self.name} ended without an answer:\n{self._said.read()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def names(device: str, library: Path | None) -> list[str]:
    """Who takes part."""
    precisions = ["float32", "auto"] if bfloat16_is_fast(torch.device(device)) else ["float32"]
    kernels = [f"convolutions {kernel} {precision}" for precision in precisions for kernel in ("torch", "ours")]
    return [name for name in (*PAINTERS, *kernels) if library or name != "neural-style"]


def measured(size: int, photo: Path, chosen: argparse.Namespace, library: Path | None) -> list[dict[str, Any]]:
    """All contenders at one size, in turn."""
    with contextlib.ExitStack() as stack:
        contenders = []
        for name in names(chosen.device, library):
            contenders.append(Contender(name, photo, size, chosen.device, library))
            stack.callback(contenders[-1].kill)
        for round_ in range(WARM_UP + chosen.rounds):
            for contender in contenders:
                taken = contender.step()
                print(f"{size} px, round {round_}: {contender.name} {taken:.3f} s", file=sys.stderr, flush=True)
        return list(_results(contenders, size, photo))


def _results(contenders: list[Contender], size: int, photo: Path) -> Iterator[dict[str, Any]]:
    with Image.open(photo) as picture:
        width, height = (round(side * size / max(picture.size)) for side in picture.size)
    for contender in contenders:
        counted = contender.seconds[WARM_UP:]
        yield {
            "name": contender.name,
            "width": width,
            "height": height,
            "seconds": round(statistics.median(counted), 4),
            "all_seconds": [round(seconds, 4) for seconds in counted],
            **contender.end(),
        }


def cropped(folder: Path) -> Path:
    """The example photograph at 4 : 3, so that a size of 512 is 512 x 384."""
    with Image.open(shared.picture("summer_palace")) as picture:
        height = picture.height // 3 * 3
        left = (picture.width - height * 4 // 3) // 2
        target = folder / "photo.png"
        picture.crop((left, 0, left + height * 4 // 3, height)).resize((1024, 768)).save(target)
    return target


def processor() -> str:
    """The processor's name, where the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="long sides of 4 : 3 pictures")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "engine.json")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo, library = cropped(Path(folder)), shared.installed(peer_neural_style.REQUIREMENT, Path(folder) / "peer")
        runs = [run for size in (SMALLEST, *chosen.sizes) for run in measured(size, photo, chosen, library)]
    about = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "device": torch.cuda.get_device_name() if chosen.device.startswith("cuda") else chosen.device,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "bfloat16": bfloat16_is_fast(torch.device(chosen.device)),
        "peer": peer_neural_style.REQUIREMENT,
        "threads": runs[0]["threads"],
        "rounds": chosen.rounds,
        "warm_up": WARM_UP,
    }
    shared.write(chosen.output, about, runs=runs)


if __name__ == "__main__":
    main()
