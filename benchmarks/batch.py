"""How long a batch of small pictures takes, against a command for each of them.

    python benchmarks/batch.py [--pictures 200] [--blocks 5] [--singles 4] [-o benchmarks/batch.json]

Both take turns: in each block some pictures are painted by a command each, then a share of all by a batch, whose
start, contact sheet and manifest count. The seconds of the single commands are scaled to the number of pictures.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--singles", type=int, default=4, help="single commands in each block")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "batch.json")
    chosen = parser.parse_args()
    options = [*OPTIONS, "--size", str(chosen.size)]
    painting = str(shared.picture(shared.PAINTINGS[0]))
    each = chosen.pictures // chosen.blocks
    single, batch = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(str(make_photos(folder, 1)[0]), painting, "-o", str(folder / "first.png"), *options)  # fills the caches
        for block in range(chosen.blocks):
            photos = folder / str(block)
            photos.mkdir()
            made = make_photos(photos, each)
            for photo in made[: chosen.singles]:
                single.append(run(str(photo), painting, "-o", str(photo.with_suffix(".png")), *options))
                photo.with_suffix(".png").unlink()
            batch.append(run("batch", str(photos), "--style", painting, "-o", str(folder / "out"), *options))
            assert len(list((folder / "out").glob("*.png"))) == each
            shutil.rmtree(folder / "out")
            print(f"block {block + 1}: {single[-1]:.1f} s a command, {batch[-1] / each:.2f} s a picture of a batch")
    singles = sum(single) / len(single) * each * chosen.blocks
    ratio = sum(batch) / singles
    print(f"{each * chosen.blocks} pictures: {singles:.0f} s by commands, {sum(batch):.0f} s by batches: {ratio:.2f}")
    about = {name: getattr(chosen, name) for name in ("pictures", "blocks", "singles", "size")}
    seconds = {"single": [round(it, 2) for it in single], "batch": [round(it, 2) for it in batch]}
    shared.write(chosen.output, about, seconds=seconds, ratio=round(ratio, 3))


if __name__ == "__main__":
    main()
