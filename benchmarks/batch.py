"""How long a batch of small pictures takes, against a command for each of them.

    python benchmarks/batch.py [--sizes 64 96] [--pictures 120] [--blocks 3] [--singles 4] [-o benchmarks/batch.json]

They take turns: in each block some pictures are painted by a command each, then a share of all by a batch, whose start,
contact sheet and manifest count. The seconds of the single commands are scaled to the number of pictures.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import shared
from PIL import Image

from impasto.cli.main import TORCH_ENVIRONMENT

OPTIONS = ["--recipe", "fast", "--quiet"]
SIDE = 320


def make_photos(folder: Path, count: int) -> list[Path]:
    """Cut as many different photographs out of the examples."""
    photos = []
    for number in range(count):
        with Image.open(shared.picture(shared.PHOTOS[number % len(shared.PHOTOS)])) as whole:
            left = number % (whole.width - SIDE)
            part = whole.crop((left, 0, left + SIDE, min(SIDE * 3 // 4, whole.height)))
        photos.append(folder / f"photo{number}.jpg")
        part.save(photos[-1])
    return photos


def run(*arguments: str) -> float:
    """Run the command; returns the seconds that it took."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-m", "impasto", *arguments], env=os.environ | TORCH_ENVIRONMENT, check=True)
    return time.perf_counter() - begin


def measure_block(folder: Path, size: int, count: int, singles: int) -> tuple[list[float], float]:
    """Give the seconds of some single commands, and of a batch of a number of pictures."""
    painting = str(shared.picture(shared.PAINTINGS[0]))
    options = [*OPTIONS, "--size", str(size)]
    photos, out = folder / "photos", folder / "out"
    photos.mkdir()
    made = make_photos(photos, count)
    single = [run(str(photo), painting, "-o", str(folder / f"{photo.stem}.png"), *options) for photo in made[:singles]]
    batch = run("batch", str(photos), "--style", painting, "-o", str(out), *options)
    if len(list(out.glob("*.png"))) != count:
        raise RuntimeError("the batch did not paint all pictures")
    for path in (photos, out):
        shutil.rmtree(path)
    for photo in made[:singles]:
        (folder / f"{photo.stem}.png").unlink()
    return single, batch


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 96])
    parser.add_argument("--pictures", type=int, default=120, help="of each size")
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--singles", type=int, default=4, help="single commands in each block")
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "batch.json")
    chosen = parser.parse_args()
    count = chosen.pictures // chosen.blocks
    single: dict[int, list[float]] = {size: [] for size in chosen.sizes}
    batch: dict[int, list[float]] = {size: [] for size in chosen.sizes}
    with tempfile.TemporaryDirectory() as name:
        measure_block(Path(name), chosen.sizes[0], 1, 1)  # fills the caches
        for _ in range(chosen.blocks):
            for size in chosen.sizes:
                singles, together = measure_block(Path(name), size, count, chosen.singles)
                single[size] += singles
                batch[size].append(together)
                print(f"{size} px: {singles[-1]:.1f} s a command, {together / count:.2f} s a picture of a batch")
    runs = [_summarize(size, single[size], batch[size], count * chosen.blocks) for size in chosen.sizes]
    for found in runs:
        print(f"{found['size']} px: a batch takes {found['ratio']:.2f} of the time of single commands")
    about = {name: getattr(chosen, name) for name in ("pictures", "blocks", "singles")}
    shared.write(chosen.output, about, runs=runs)


def _summarize(size: int, single: list[float], batch: list[float], pictures: int) -> dict[str, Any]:
    command, picture = sum(single) / len(single), sum(batch) / pictures
    seconds = {"single": [round(it, 2) for it in single], "batch": [round(it, 2) for it in batch]}
    return {
        "size": size,
        "seconds": seconds,
        "command": round(command, 2),
        "picture": round(picture, 2),
        "ratio": round(picture / command, 3),
    }


if __name__ == "__main__":
    main()
