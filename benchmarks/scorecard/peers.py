"""Pictures of the peers: `neural-style` 0.5.7 on six pairs at three content weights, kept beside this file.

    PYTHONPATH=benchmarks python -m scorecard.peers [--threads 2]

Pictures that are there already are not painted again: all eighteen take hours. Beside each is what it took
on a machine that did other work meanwhile; `scorecard.cost` measures the speed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import peer_neural_style
import shared
from PIL import Image

from scorecard import pairs

KEPT = Path(__file__).parent / "neural-style"
SIZE = 384
ITERATIONS = 300
CONTENT_WEIGHTS = (5.0, 15.0, 1.5)


def kept(pair: pairs.Pair, content_weight: float) -> Path:
    """Where a picture is."""
    return KEPT / f"{pairs.name(pair)}-{content_weight:g}.webp"


def paint(pair: pairs.Pair, content_weight: float, library: Path, threads: int) -> None:
    """Paint one picture and note what it took."""
    target = kept(pair, content_weight)
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "out.png"
        options = ["--size", str(SIZE), "--iterations", str(ITERATIONS), "--content-weight", str(content_weight)]
        took = run(pair, picture, library, options, {"OMP_NUM_THREADS": str(threads)})
        with Image.open(picture) as painted:
            painted.save(target, lossless=True)
    target.with_suffix(".json").write_text(json.dumps(took) + "\n", encoding="utf-8")
    print(target.name, took, file=sys.stderr, flush=True)


def run(
    pair: pairs.Pair, picture: Path, library: Path, options: Sequence[str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Have `neural-style` paint a picture in a process of its own; what it took."""
    photo, painting = (str(shared.picture(name)) for name in pair)
    command = [sys.executable, peer_neural_style.__file__, photo, painting, str(picture), *options]
    found = os.environ | environment | {"PYTHONPATH": str(library)}
    said = subprocess.run(command, env=found, stdout=subprocess.PIPE, text=True, check=True).stdout
    took: dict[str, Any] = json.loads(said.splitlines()[-1])
    return took


def main() -> None:
    """Paint what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        library = shared.installed(peer_neural_style.REQUIREMENT, Path(folder))
        for weight in CONTENT_WEIGHTS if library else ():
            for pair in pairs.ONCE:
                if not kept(pair, weight).exists():
                    paint(pair, weight, library or Path(), chosen.threads)


if __name__ == "__main__":
    main()
