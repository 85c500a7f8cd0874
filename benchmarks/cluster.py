"""What a batch on a cluster costs: efficiency from one worker to two, bytes moved, and the driver's own time.

    python benchmarks/cluster.py [--size 256] [--pictures 12] [--blocks 3] [--small 200] [-o benchmarks/cluster.json]

The cluster is one of this machine. One worker and two take turns. Two workers on two cores of one machine share its
caches, its memory and its other programs, so efficiency is given twice: by wall time, and by what a picture costs its
worker in CPU seconds. Both count from the first picture that each worker has finished: until then, it loads the
network. What a picture costs the driver is measured with many small ones, since it mostly waits for others.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import shared
from batch import make_photos

from impasto.batch.cluster import ClusterExecutor
from impasto.batch.executor import Task, TaskDone, TaskFailed, TaskStarted, Update
from impasto.batch.files import FoundFile
from impasto.batch.manifest import Manifest
from impasto.batch.names import NameTemplate
from impasto.batch.plan import BatchJob, make_jobs, make_task, plan
from impasto.batch.run import Batch, BatchOptions
from impasto.cluster.connect import connected
from impasto.settings import Settings

_ACTOR = "ray::PictureActor"


@dataclass
class Costs:
    """Of pictures by one number of workers."""

    pictures: int = 0
    wall: float = 0.0
    """Seconds from the first picture that is finished to the last."""
    timed: int = 0
    """Pictures in that time."""
    actors: float = 0.0
    """CPU seconds of the workers in that time."""
    painting: list[float] = field(default_factory=list)
    """Seconds of each picture in its worker."""
    sent: int = 0
    """Bytes of photographs."""
    received: int = 0
    """Bytes of results."""


def list_jobs(folder: Path, settings: Settings, count: int) -> list[BatchJob]:
    """Give the jobs of a batch of as many photographs, as the command lists them."""
    photos = folder / f"photos{count}"
    photos.mkdir()
    found = [(FoundFile(photo), (shared.picture(shared.PAINTINGS[0]),)) for photo in make_photos(photos, count)]
    return make_jobs(iter(found), settings, NameTemplate("{photo}"), ".png")


def plan_tasks(folder: Path, settings: Settings, count: int) -> list[Task]:
    """Plan as the command does."""
    jobs = list_jobs(folder, settings, count)
    return [make_task(it, count) for it in plan(jobs, Manifest.read(folder / "out"), force=False)]


def measure_driver(folder: Path, count: int) -> float:
    """Give the CPU seconds a picture of this process in a batch of small ones: planning, sending, writing."""
    settings = Settings(recipe="fast", size=64, scales=1, margin=0, iterations=1, init="content", precision="float32")
    jobs = list_jobs(folder, settings, count)
    begin = own_seconds()
    with Manifest.open(folder / "small") as manifest:
        executor = ClusterExecutor("local", None, count)
        batch = Batch(manifest, executor, jobs=count, work=1.0, on_event=lambda _event: None, options=BatchOptions())
        tally = batch.run(plan(jobs, manifest, force=False), lambda: False)
    if tally.done != count:
        raise RuntimeError("the batch did not paint all pictures")
    return (own_seconds() - begin) / count


def cpu_seconds() -> float:
    """Of all workers so far."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            if process.cmdline()[:1] and process.cmdline()[0].startswith(_ACTOR):
                used = process.cpu_times()
                total += used.user + used.system
        except psutil.Error:
            continue
    return total


def own_seconds() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(tasks: list[Task], workers: int, costs: Costs) -> None:
    """Paint tasks, and add what that cost."""
    finished: list[tuple[float, float, TaskDone]] = []
    updates = []
    for update in ClusterExecutor("local", workers, len(tasks)).run(iter(tasks), lambda: False):
        updates.append(update)
        if isinstance(update, TaskFailed):
            raise update.error
        if isinstance(update, TaskDone):
            finished.append((time.perf_counter(), cpu_seconds(), update))
    begun = count_first(updates, workers)
    (first, first_cpu, _), (last, last_cpu, _) = finished[begun - 1], finished[-1]
    costs.pictures += len(tasks)
    costs.timed += len(tasks) - begun
    costs.wall += last - first
    costs.actors += last_cpu - first_cpu
    costs.painting += [update.seconds for _, _, update in finished[begun:]]
    costs.sent += sum(Path(task.photo).stat().st_size for task in tasks)
    costs.received += sum(len(update.data) for _, _, update in finished)


def count_first(updates: list[Update], workers: int) -> int:
    """Count the pictures that are finished until each worker has finished one.

    Which worker paints a picture is not said; but as many as there are workers, under way at once, are one of each.

    Raises:
        RuntimeError: that is so of all pictures, or never.
    """
    running: set[int] = set()
    firsts: set[int] | None = None
    done = []
    for update in updates:
        if isinstance(update, TaskStarted):
            running.add(update.number)
            firsts = set(running) if firsts is None and len(running) == workers else firsts
        elif isinstance(update, TaskDone):
            running.discard(update.number)
            done.append(update.number)
    count = 1 + max((done.index(number) for number in firsts or ()), default=len(done))
    if count >= len(done):
        raise RuntimeError("there are too few pictures for each worker to finish two")
    return count


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--pictures", type=int, default=12, help="by each number of workers, in each block")
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--small", type=int, default=200, help="pictures for the driver's share")
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "cluster.json")
    chosen = parser.parse_args()
    costs = {1: Costs(), 2: Costs()}
    with tempfile.TemporaryDirectory() as name, connected("local", in_flight=0):
        tasks = plan_tasks(Path(name), Settings(recipe="fast", size=chosen.size), chosen.pictures)
        driver = round(measure_driver(Path(name), chosen.small), 5)
        for _ in range(chosen.blocks):
            for workers, found in costs.items():
                run(tasks, workers, found)
                print(f"{workers}: {found.wall / found.timed:.2f} s a picture, {found.actors / found.timed:.2f} of CPU")
    runs = list(_summaries(costs))
    one, two = runs
    efficiency = {
        "wall": round(one["wall"] / two["wall"] / 2, 3),
        "cpu": round(one["cpu"] / two["cpu"], 3),
    }
    print(f"from one worker to two: {efficiency['wall']:.0%} by wall time, {efficiency['cpu']:.0%} by CPU time")
    print(f"the driver takes {1000 * driver:.1f} ms of CPU a picture")
    about = {name: getattr(chosen, name) for name in ("size", "pictures", "blocks", "small")}
    painting = shared.picture(shared.PAINTINGS[0]).stat().st_size
    shared.write(chosen.output, about, runs=runs, efficiency=efficiency, driver=driver, painting_bytes=painting)


def _summaries(costs: dict[int, Costs]) -> Iterator[dict[str, Any]]:
    for workers, found in costs.items():
        yield {
            "workers": workers,
            "wall": round(found.wall / found.timed, 4),
            "cpu": round(found.actors / found.timed, 4),
            "painting": round(sum(found.painting) / len(found.painting), 4),
            "sent": found.sent // found.pictures,
            "received": found.received // found.pictures,
        }


if __name__ == "__main__":
    main()
