"""One huge picture over many machines: its tiles as tasks on Ray actors, which hold the network.

What travels in an evaluation is, for each tile, its pixels, what is measured of them, and their gradient; and once,
what was compared. The targets of a tile travel once at each size. All of it goes through Ray's object store, which
keeps on each machine what it was sent, and sends it again to another where that is lost.

A tile has an owner among the actors, so that its targets stay where they are; an actor that has nothing left to do
takes tiles of others. One that dies is left out, its tiles go to those that are there, and Ray is asked for another.
"""

import io
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from impasto.cluster.connect import START_SECONDS, ClusterError, load_ray
from impasto.cluster.machine import ActorReport
from impasto.core.losses.mapped import LossTile, TileMap, TileMapper
from impasto.core.network.vgg import NetworkDefinition
from impasto.engine.device import PRECISIONS, ComputeSpec, configure, return_memory_eagerly, translate_oom
from impasto.engine.memory import tile_bytes
from impasto.errors import ImpastoError, OutOfMemoryError
from impasto.wording import argument

SIDE = 1024
"""Of a tile, pixels: with a halo of 32, as the default has, 1.13 times its pixels; to relu5_1, of 64, 1.27 times."""
IN_FLIGHT = 2
"""Tiles that an actor has at a time: one that it computes, and one that is on its way."""
MOST_CPUS = 8
"""Of an actor: a machine with more has several, as long as its memory allows."""
MOST_DEATHS = 3
"""Of actors over one tile, before the tile is given up: it is likely what they died of. A lost machine is one."""
_POLL_SECONDS = 1.0


class RayTiles:
    """Computes tiles on the machines of the cluster that this process is connected to; see `TileCluster`.

    For one connection; its actors are started when the first large picture comes to them, and end with it.

    Args:
        side: of a tile, pixels.
        start_seconds: how long to wait for an actor to start before giving up.
    """

    def __init__(self, side: int = SIDE, *, start_seconds: float = START_SECONDS) -> None:
        self.side = side
        self._start_seconds = start_seconds
        self._latest: tuple[Callable[[], NetworkDefinition], _TilePool] | None = None

    def with_network(self, load: Callable[[], NetworkDefinition]) -> TileMapper:
        """See `TileCluster.with_network`; loaders that are equal load the same network."""
        return _RayMapper(self, load)

    def open(self, load: Callable[[], NetworkDefinition], tiles: Iterable[LossTile]) -> TileMap:
        """Take the tiles of images of one size; the actors of the latest network stay from size to size.

        Raises:
            ClusterError: no machine has room for an actor.
        """
        if self._latest is None or self._latest[0] != load:
            self._latest = None  # its actors end first: there may be no room for both
            self._latest = load, _TilePool(RayActors(load(), self.side), self._start_seconds)
        return _RayTileMap(self._latest[1], tiles)


@dataclass(frozen=True)
class _RayMapper:
    """A network on the machines of a cluster."""

    cluster: RayTiles
    load: Callable[[], NetworkDefinition]

    @property
    def side(self) -> int:
        """See `TileMapper.side`."""
        return self.cluster.side

    def open(self, tiles: Iterable[LossTile]) -> TileMap:
        """See `TileMapper.open`."""
        return self.cluster.open(self.load, tiles)


class _RayTileMap:
    """The tiles of images of one size; see `TileMap`."""

    def __init__(self, pool: "_TilePool", tiles: Iterable[LossTile]) -> None:
        self._pool, self._ray = pool, load_ray()
        self._tiles = [self._ray.put(pack(tile)) for tile in tiles]
        self._pixels: list[Any] = []
        self._device = torch.device("cpu")

    def measure(self, pixels: Iterable[Tensor]) -> Iterator[list[tuple[str, Any]]]:
        """See `TileMap.measure`."""
        self._pixels = []  # before the next are put beside them
        for each in pixels:
            self._device = each.device
            self._pixels.append(self._ray.put(each.cpu().numpy()))
        for found in self._pool.run("measure", list(zip(self._tiles, self._pixels, strict=True))):
            yield unpack(found, self._device)

    def gradients(self, differences: Mapping[str, Any]) -> Iterator[Tensor]:
        """See `TileMap.gradients`."""
        sent = self._ray.put(pack(dict(differences)))
        calls = [(tile, pixels, sent) for tile, pixels in zip(self._tiles, self._pixels, strict=True)]
        for found in self._pool.run("gradient", calls):
            yield torch.tensor(found, device=self._device)  # a copy: what Ray gives cannot be written


class TileWorker:
    """What an actor is: a network on a device of its machine.

    Args:
        definition: of the network.
        device: `cpu` or `cuda`.
        threads: on the CPU.
        side: of the tiles that will come, pixels.
    """

    def __init__(self, definition: NetworkDefinition, device: str, threads: int, side: int) -> None:
        precision: Any = next(name for name, dtype in PRECISIONS.items() if dtype == definition.weights.dtype)
        compute = configure(ComputeSpec(device, precision, threads))
        return_memory_eagerly(compute, side**2)
        self._device, self._network = compute.device, definition.build(compute.device)

    def describe(self) -> ActorReport:
        """Say where this is."""
        return ActorReport.of_this_process()

    def measure(self, tile: bytes, pixels: Any) -> bytes:
        """Do what `LossTile.measure` does, with packed values."""
        with translate_oom():
            return pack(self._open(tile).measure(self._network, self._image(pixels)))

    def gradient(self, tile: bytes, pixels: Any, differences: bytes) -> Any:
        """Do what `LossTile.gradient` does, with packed values."""
        with translate_oom():
            compared = unpack(differences, self._device)
            return self._open(tile).gradient(self._network, self._image(pixels), compared).cpu().numpy()

    def _open(self, tile: bytes) -> LossTile:
        found: LossTile = unpack(tile, self._device)
        return found

    def _image(self, pixels: Any) -> Tensor:
        return torch.tensor(pixels, device=self._device)


class RayActors:
    """Starts actors where the machines of the cluster have room for them, and speaks to them.

    One takes a GPU, where any machine has one, or up to `MOST_CPUS` cores of a machine.

    Args:
        definition: of the network that they hold.
        side: of the tiles, pixels.
    """

    def __init__(self, definition: NetworkDefinition, side: int) -> None:
        self._ray = load_ray()
        self._definition, self._side = self._ray.put(definition), side
        self._memory = tile_bytes(side, definition.weights.dtype.itemsize)
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        gpus = sum(int(node.get("GPU", 0)) for node in nodes)
        self._device = "cuda" if gpus else "cpu"
        self._cpus = [1] * gpus if gpus else [cpus for node in nodes for cpus in self._share(node)]
        self.count = len(self._cpus)
        self.needs = f"a core and {self._memory / 1e9:.1f} GB of memory"

    def start(self, number: int) -> Any:
        """Ask for an actor, by its number from 0 to `count`."""
        cpus, gpus = self._cpus[number], {"num_gpus": 1} if self._device == "cuda" else {}
        options = {"num_cpus": cpus, "memory": self._memory, "scheduling_strategy": "SPREAD", **gpus}
        return self._ray.remote(TileWorker).options(**options).remote(self._definition, self._device, cpus, self._side)

    def machines(self) -> set[str]:
        """Give the identifiers of the machines that are in the cluster now."""
        return {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}

    def call(self, actor: Any, method: str, *values: Any) -> Any:
        """Call an actor; gives what `wait` and `result` take."""
        return getattr(actor, method).remote(*values)

    def wait(self, calls: Sequence[Any]) -> Sequence[Any]:
        """Give a call that has ended, or none after a while."""
        ended: Sequence[Any] = self._ray.wait(list(calls), num_returns=1, timeout=_POLL_SECONDS)[0]
        return ended

    def result(self, call: Any) -> Any:
        """Give what a call that has ended gave.

        Raises:
            ActorLostError: whoever was called is no more.
            ImpastoError: as the actor raised it.
            ClusterError: it failed in another way, such as for want of the package on its machine.
        """
        try:
            return self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, ImpastoError):
                raise error.cause from None
            raise _failure(error) from error
        except self._ray.exceptions.RayError as error:
            if getattr(error, "actor_init_failed", False):
                raise _failure(error) from error
            raise ActorLostError from error

    def _share(self, node: Mapping[str, float]) -> list[int]:
        """Share the cores of a machine out among actors, as many as it has memory for."""
        cores = int(node.get("CPU", 0))
        cpus = min(cores, MOST_CPUS)
        return [cpus] * min(cores // cpus, int(node.get("memory", 0) // self._memory)) if cpus else []


class ActorLostError(Exception):
    """An actor died, with its process or its machine: every day on a cluster, and dealt with here."""


@dataclass(eq=False)
class _Slot:
    """A place for an actor; when one dies, another takes it."""

    number: int
    actor: Any
    greeting: Any
    """The call to which it answers once it is there, or still there; None when it has."""
    machine: str | None = None
    """None until it has answered."""


class _TilePool:
    """The actors that compute tiles.

    Args:
        actors: starts them, and speaks to them: `RayActors`.
        start_seconds: for the first to be there.
    """

    def __init__(self, actors: Any, start_seconds: float) -> None:
        self.actors, self.start_seconds = actors, start_seconds
        self.slots: list[_Slot] = []
        for number in range(actors.count):
            self.slots.append(self._fill(number))

    def run(self, method: str, calls: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """Call a method of any actor for each tile, and yield what they give in the order of the tiles.

        Args:
            method: of the actors.
            calls: what it is given for each tile.

        Raises:
            ClusterError: no actor is there, for long.
            OutOfMemoryError: one actor after the other died of a tile.
        """
        return _Round(self, method, calls).results()

    def lose(self, slot: _Slot) -> list[_Slot]:
        """Ask for another actor in place of one that died, and of each whose machine is no more.

        All others have to answer once more before they get anything: they may have died with it.

        Returns:
            Those that are lost.
        """
        machines = self.actors.machines()
        lost = [slot, *(each for each in self.slots if each.machine and each.machine not in machines)]
        for each in list(self.slots):
            if each in lost:
                self.slots[each.number] = self._fill(each.number)
            elif each.greeting is None:
                each.greeting = self.actors.call(each.actor, "describe")
        return lost

    def admit(self, slot: _Slot) -> None:
        """Let an actor that answered be of those that are there.

        Raises:
            ClusterError: it has another version of Impasto or torch.
        """
        try:
            report: ActorReport = self.actors.result(slot.greeting)
        except ActorLostError:
            self.lose(slot)
            return
        report.check_versions()
        slot.greeting, slot.machine = None, report.node

    def _fill(self, number: int) -> _Slot:
        actor = self.actors.start(number)
        return _Slot(number, actor, self.actors.call(actor, "describe"))


class _Round:
    """One call for each tile, a few at a time with each actor."""

    def __init__(self, pool: _TilePool, method: str, calls: Sequence[tuple[Any, ...]]) -> None:
        self._pool, self._actors, self._method, self._calls = pool, pool.actors, method, calls
        self._waiting = list(range(len(calls)))
        self._running: dict[Any, tuple[_Slot, int]] = {}
        """The actor and the tile of each call."""
        self._done: dict[int, Any] = {}
        self._deaths = defaultdict[int, Counter[str | None]](Counter)
        """Of each tile: of how many actors, on each machine."""
        self._last_seen = time.monotonic()

    def results(self) -> Iterator[Any]:
        """Yield what the calls give, in their order."""
        for number in range(len(self._calls)):
            while number not in self._done:
                self._hand_out()
                self._collect()
            yield self._done.pop(number)

    def _hand_out(self) -> None:
        """Give tiles to the actors that are there: to each its own first, then those of others."""
        busy = Counter(slot.number for slot, _ in self._running.values())
        for slot in self._pool.slots:
            while self._waiting and slot.greeting is None and busy[slot.number] < IN_FLIGHT:
                own = (tile for tile in self._waiting if tile % len(self._pool.slots) == slot.number)
                tile = next(own, self._waiting[0])
                self._waiting.remove(tile)
                self._running[self._actors.call(slot.actor, self._method, *self._calls[tile])] = slot, tile
                busy[slot.number] += 1

    def _collect(self) -> None:
        """Wait for an actor to answer or to come, or for a while."""
        self._check_alone()
        greetings = {slot.greeting: slot for slot in self._pool.slots if slot.greeting is not None}
        for call in self._actors.wait([*self._running, *greetings]):
            if call in greetings:
                self._pool.admit(greetings[call])
                continue
            slot, tile = self._running.pop(call)
            try:
                self._done[tile] = self._actors.result(call)
            except ActorLostError:
                self._drop(slot, tile)

    def _drop(self, slot: _Slot, tile: int) -> None:
        """Give the tiles of an actor that died to others, and those of all that were lost with it.

        Raises:
            OutOfMemoryError: its tile was the end of others, too.
        """
        lost = self._pool.lose(slot)
        self._deaths[tile][slot.machine] += 1
        if self._count_deaths(tile) >= MOST_DEATHS:
            problem = f"{MOST_DEATHS} processes of the cluster ended with the same part of the picture"
            raise OutOfMemoryError(problem, "They likely had too little memory: use machines with more.")
        for call, (owner, its) in list(self._running.items()):
            if owner in lost:
                del self._running[call]
                self._waiting.append(its)
        self._waiting = sorted([*self._waiting, tile])

    def _count_deaths(self, tile: int) -> int:
        """Count the actors that died of a tile; all of a machine that is no more as one."""
        machines = self._actors.machines()
        return sum(count if machine in machines else 1 for machine, count in self._deaths[tile].items())

    def _check_alone(self) -> None:
        """Give up where no actor is there.

        Raises:
            ClusterError: none is, for long.
        """
        if self._running:
            self._last_seen = time.monotonic()
        elif not self._pool.slots or time.monotonic() - self._last_seen > self._pool.start_seconds:
            problem = f"no machine of the cluster has room for a process that paints: {self._actors.needs}"
            raise ClusterError(problem, f"See what is free with `ray status`, or paint without {argument('cluster')}.")


def _failure(error: Exception) -> ClusterError:
    """Make one line of what went wrong in another process, whose last line says it."""
    problem = f"a process of the cluster failed: {str(error).strip().splitlines()[-1]:.300}"
    return ClusterError(problem, "See that all machines have Impasto, in the version of this one, and its packages.")


def pack(value: Any) -> bytes:
    """Pack values that hold tensors of any device and type."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def unpack(packed: bytes, device: torch.device) -> Any:
    """Give the values, with their tensors on a device; of processes of one cluster, which trust each other."""
    return torch.load(io.BytesIO(packed), map_location=device, weights_only=False)
