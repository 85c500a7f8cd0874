"""What the tests of batches share: folders of small pictures, and an executor that paints within this process."""

import json
import zlib
from pathlib import Path

import numpy as np
import PIL.Image

from impasto.batch.executor import TaskDone, TaskFailed, TaskStarted
from impasto.batch.painter import TaskPainter

QUICK_BATCH = [
    *("--recipe", "fast", "--size", "64", "--scales", "1", "--margin", "0", "--iterations", "1", "--init", "content"),
    *("--precision", "float32", "--style-layers", "relu1_1", "--content-layers", "relu2_1"),
]
"""Options that make a picture a matter of moments: a batch paints whatever the settings are."""


class InlineExecutor:
    """Paints one task after another, with the painter that the worker processes have."""

    painter, updates, tasks = None, [], []

    def __init__(self, workers, jobs, most):  # noqa: ARG002 - as `LocalExecutor`
        if InlineExecutor.painter is None:
            InlineExecutor.painter = TaskPainter(InlineExecutor.updates.append)

    def run(self, tasks, stop):
        for task in tasks:
            if stop():
                return
            if task is None:
                continue
            self.tasks.append(task)
            yield TaskStarted(task.number)
            self.painter.paint(task)
            found = list(self.updates)
            self.updates.clear()
            yield from found
            assert isinstance(found[-1], TaskDone | TaskFailed)


def save_photos(folder: Path, names, side=64) -> list[Path]:
    """Save photographs that all differ."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name in names:
        random = np.random.default_rng(zlib.crc32(str(folder / name).encode()))
        coarse = PIL.Image.fromarray(random.integers(0, 256, (5, 6, 3), np.uint8))
        coarse.resize((side, side * 3 // 4), PIL.Image.Resampling.BICUBIC).save(folder / name)
        made.append(folder / name)
    return made


def records_of(folder: Path) -> list[dict]:
    """The records of a manifest, by output, without what differs from run to run."""
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return sorted(({**it, "seconds": 0} for it in records), key=lambda it: (it["output"], str(it["sha256"])))


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file under a folder of results but the manifest, with its content."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.jsonl")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}
