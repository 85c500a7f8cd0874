"""What a tile of a huge picture costs: where it is computed, on the network, and on the machine that hands it out.

    python benchmarks/cluster_tiles.py

The default recipe at one scale. Tiles are computed in this process, and timed there in seconds of one core; their bytes
are counted as they are sent. Then the same is evaluated on a cluster of this machine: the seconds of this process are
those of whoever hands out the tiles and adds up what comes back. The optimizer is timed by itself, with a history that
is full.
"""

import argparse
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import shared
import torch
from PIL import Image
from torch import Tensor

from impasto import Settings, Stylizer
from impasto.cluster.connect import connected
from impasto.cluster.tiles import RayTiles, pack
from impasto.core.losses import Evaluation
from impasto.core.losses.mapped import LossTile, MappedObjective
from impasto.core.network.vgg import VGG
from impasto.engine.run import RunInputs

REPEATS = 3


class MeteredTiles:
    """Computes tiles in this process; notes what they take and what would be sent."""

    def __init__(self, network: VGG, side: int) -> None:
        self.network, self.side = network, side
        self.seconds: dict[str, list[float]] = {"measure": [], "gradient": []}
        self.sent: dict[str, list[int]] = {name: [] for name in ("targets", "pixels", "measured", "gradient")}
        self.differences = 0

    def open(self, tiles: Iterable[LossTile]) -> "MeteredTiles":
        """See `TileMapper.open`."""
        self._tiles = list(tiles)
        self.sent["targets"] = [len(pack(tile)) for tile in self._tiles]
        return self

    def measure(self, pixels: Iterable[Tensor]) -> Iterator[list[tuple[str, Any]]]:
        """See `TileMap.measure`."""
        self._pixels = list(pixels)
        for tile, own in zip(self._tiles, self._pixels, strict=True):
            begin = time.process_time()
            found = tile.measure(self.network, own)
            self.seconds["measure"].append(time.process_time() - begin)
            self.sent["pixels"].append(own.nbytes)
            self.sent["measured"].append(len(pack(found)))
            yield found

    def gradients(self, differences: Mapping[str, Any]) -> Iterator[Tensor]:
        """See `TileMap.gradients`."""
        self.differences = len(pack(dict(differences)))
        for tile, own in zip(self._tiles, self._pixels, strict=True):
            begin = time.process_time()
            found = tile.gradient(self.network, own, differences)
            self.seconds["gradient"].append(time.process_time() - begin)
            self.sent["gradient"].append(found.nbytes)
            yield found


def open_run(stylizer: Stylizer, size: tuple[int, int], precision: str) -> RunInputs:
    """Set up a run on an example, brought to a size."""
    photo = Image.open(shared.picture(shared.PHOTOS[0])).convert("RGB").resize(size)
    settings = Settings(size=max(size), scales=1, precision=precision, style_scale=0.25, seed=1)
    return stylizer.open(photo, shared.picture(shared.PAINTINGS[0]), settings)


def measure(size: tuple[int, int], side: int, precision: str) -> dict[str, Any]:
    """Measure a precision."""
    run = open_run(Stylizer(), size, precision)
    start, objective = run.transfer.initial_image(*size), run.transfer.objective(*size)
    network = run.transfer.network
    metered = MeteredTiles(network, side)
    shape = start.shape[2], start.shape[3]
    MappedObjective(network, objective.losses, shape, metered).evaluate(start)
    with connected("local", in_flight=0):
        far = open_run(Stylizer(cluster=RayTiles(side)), size, precision)
        mapper = far.transfer.spec.tile_mapper
        assert mapper is not None
        mapped = MappedObjective(network, objective.losses, shape, mapper)
        mapped.evaluate(start)  # starts the actors
        begin = time.process_time()
        for _ in range(REPEATS):
            mapped.evaluate(start)
        driver = (time.process_time() - begin) / REPEATS
    tiles = len(metered.sent["pixels"])
    step = time_step(run, start)
    return {
        "precision": run.compute.precision,
        "tiles": tiles,
        "seconds": {name: round(sum(its) / tiles, 3) for name, its in metered.seconds.items()},
        "bytes": {name: round(sum(its) / tiles) for name, its in metered.sent.items()},
        "differences": metered.differences,
        "driver": round(driver / tiles, 4),
        "step": round(step / tiles, 4),
    }


def time_step(run: RunInputs, start: Tensor) -> float:
    """Give the seconds of one core that the optimizer takes for a step with a full history, beside its objective."""
    stiffness, within = torch.rand_like(start).add_(0.1), 0.0
    history = run.memory.history + 2

    def evaluate(image: Tensor) -> Evaluation:
        nonlocal within
        begin = time.process_time()
        apart = image - 128
        gradient = apart * stiffness
        loss = (apart * gradient).sum().item() / 2
        within += time.process_time() - begin
        return Evaluation(loss, (loss,), gradient)

    taken = []
    iterates = run.transfer.spec.optimizer().minimize(evaluate, start.clone(), history + REPEATS)
    for _ in range(history + REPEATS):
        begin, before = time.process_time(), within
        next(iterates)
        taken.append(time.process_time() - begin - (within - before))
    return sum(taken[-REPEATS:]) / REPEATS


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=[4000, 3000], help="width and height")
    parser.add_argument("--side", type=int, default=1024, help="of a tile")
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "cluster_tiles.json")
    chosen = parser.parse_args()
    width, height = chosen.size
    runs = []
    for precision in chosen.precisions:
        runs.append(measure((width, height), chosen.side, precision))
        print(runs[-1])
    about = {"width": width, "height": height, "side": chosen.side, "threads": torch.get_num_threads()}
    shared.write(chosen.output, about, runs=runs)


if __name__ == "__main__":
    main()
