"""Tiles on the machines of a cluster: who gets which, what happens when one dies, and in which order they come back."""

import os
import shutil
from collections import Counter
from dataclasses import replace
from random import Random
from types import SimpleNamespace

import pytest
import torch

from impasto import Settings, Stylizer, weights
from impasto.cluster.connect import ClusterError, load_ray
from impasto.cluster.machine import ActorReport, Versions
from impasto.cluster.tiles import IN_FLIGHT, ActorLostError, RayActors, _TilePool
from impasto.core.network.vgg import VGG
from impasto.engine.memory import plan_memory
from impasto.engine.sizing import memory_load
from impasto.errors import OutOfMemoryError

CALLS = [(tile,) for tile in range(20)]


class FakeActors:
    """Actors that answer in an order of their own; some die, when they are asked for something for the nth time.

    Args:
        machine: gives that of an actor, by its number from 1: one that dies takes all others of its machine along.
        knows_at_once: whether a machine that is gone is not among those alive when its first actor is missed.
    """

    needs = "a core and 2.4 GB of memory"

    def __init__(
        self,
        count,
        *,
        seed=0,
        dies=lambda _actor, _values, _asked: False,
        there=None,
        machine=None,
        knows_at_once=True,
    ):
        self.count, self.random, self.dies = count, Random(seed), dies
        self.versions, self.knows_at_once = there or Versions.installed(), knows_at_once
        self.machine, self.takes_machine = machine or (lambda _actor: "one"), machine is not None
        self.started, self.open, self.asked, self.most = 0, {}, Counter(), 0
        self.served, self.gone = [], set()

    def start(self, _number):
        self.started += 1
        return self.started

    def machines(self):
        every = {self.machine(actor) for actor in range(1, self.started + 1)}
        return every - self.gone if self.knows_at_once else every

    def call(self, actor, method, *values):
        call = object()
        self.open[call] = actor, method, values
        self.most = max(
            self.most, max(Counter(who for who, what, _ in self.open.values() if what == "work").values(), default=0)
        )
        return call

    def wait(self, calls):
        failed = [call for call in calls if self.machine(self.open[call][0]) in self.gone]
        return failed[-1:] or [self.random.choice(calls)]

    def result(self, call):
        actor, method, values = self.open.pop(call)
        if self.machine(actor) in self.gone:
            raise ActorLostError
        if method == "describe":
            return ActorReport(self.machine(actor), "host", self.versions)
        self.asked[actor] += 1
        if self.dies(actor, values, self.asked[actor]):
            self.gone |= {self.machine(actor)} if self.takes_machine else set()
            raise ActorLostError
        self.served.append((actor, *values))
        return values[0] ** 2


def paint(actors, start_seconds=60.0):
    return list(_TilePool(actors, start_seconds).run("work", CALLS))


SQUARES = [tile**2 for tile in range(20)]


@pytest.mark.parametrize("seed", range(5))
def test_results_are_in_the_order_of_the_tiles_whoever_is_finished_first(seed):
    actors = FakeActors(4, seed=seed)
    assert paint(actors) == SQUARES
    assert [tile for _, tile in actors.served] != sorted(tile for _, tile in actors.served)
    assert 0 < actors.most <= IN_FLIGHT


@pytest.mark.parametrize("seed", range(5))
def test_the_tiles_of_an_actor_that_dies_go_to_others_and_another_takes_its_place(seed):
    actors = FakeActors(3, seed=seed, dies=lambda actor, _, asked: actor == 2 and asked == 2)
    assert paint(actors) == SQUARES
    assert actors.started == 4
    assert not any(actor == 2 for actor, _ in actors.served[3:]) or actors.asked[2] == 2


def test_all_actors_die_and_the_picture_is_painted_by_those_that_come_after():
    actors = FakeActors(2, dies=lambda actor, _, asked: actor < 5 and asked == 3)
    assert paint(actors) == SQUARES
    assert actors.started == 6


@pytest.mark.parametrize("knows_at_once", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_a_machine_that_is_lost_with_all_its_actors_is_one_loss(seed, knows_at_once):
    actors = FakeActors(
        7,
        seed=seed,
        dies=lambda actor, *_: actor <= 5 and len(actors.served) >= 17,  # when others have nothing left to do
        machine=lambda actor: "a" if actor <= 5 else "b",
        knows_at_once=knows_at_once,
    )
    assert paint(actors) == SQUARES
    assert actors.gone == {"a"}


@pytest.mark.parametrize("knows_at_once", [True, False])
def test_machines_that_are_lost_while_nothing_is_painted_are_no_loss_of_a_tile(knows_at_once):
    actors = FakeActors(5, machine=lambda actor: "abcde"[actor - 1] if actor <= 5 else "f", knows_at_once=knows_at_once)
    pool = _TilePool(actors, 60.0)
    assert list(pool.run("work", CALLS)) == SQUARES
    actors.gone = set("abcd")
    assert list(pool.run("work", CALLS[:1])) == SQUARES[:1]


def test_a_tile_that_every_process_dies_of_ends_the_run_in_one_line():
    actors = FakeActors(2, dies=lambda _actor, values, _asked: values == (7,))
    with pytest.raises(OutOfMemoryError, match=r"3 processes of the cluster ended with the same part of the picture"):
        paint(actors)


def test_a_cluster_without_room_is_refused_in_one_line():
    with pytest.raises(ClusterError, match=r"no machine of the cluster has room .* a core and 2\.4 GB of memory"):
        paint(FakeActors(0))


def test_a_cluster_whose_room_is_taken_is_not_waited_for_without_end():
    actors = FakeActors(2)
    actors.wait = lambda _calls: []
    with pytest.raises(ClusterError, match=r"no machine of the cluster has room"):
        paint(actors, start_seconds=0.01)


def test_a_machine_with_another_version_is_refused_in_one_line():
    with pytest.raises(ClusterError, match=r"host has Impasto 0\.0\.9 with torch"):
        paint(FakeActors(2, there=replace(Versions.installed(), impasto="0.0.9")))


def test_a_machine_with_another_torch_is_refused_as_in_a_batch():
    with pytest.raises(ClusterError, match=r"host has Impasto .* with torch 1\.0, and this machine Impasto"):
        paint(FakeActors(2, there=replace(Versions.installed(), torch="1.0")))


def test_each_actor_keeps_its_own_tiles_where_all_are_as_fast():
    actors = FakeActors(4)
    actors.wait = lambda calls: [
        min(calls, key=lambda call: (actors.open[call][1] == "work", actors.asked[actors.open[call][0]]))
    ]
    pool = _TilePool(actors, 60.0)
    for _ in range(2):
        list(pool.run("work", CALLS))
    owners = {tile: {actor for actor, its in actors.served if its == tile} for tile in range(20)}
    assert sum(len(found) == 1 for found in owners.values()) >= 16, owners


@pytest.mark.parametrize(
    ("node", "shares"),
    [
        ({"CPU": 2.0, "memory": 9e9}, [2]),
        ({"CPU": 16.0, "memory": 64e9}, [8, 8]),
        ({"CPU": 64.0, "memory": 9e9}, [8, 8, 8]),
        ({"CPU": 4.0, "memory": 2e9}, []),
        ({"memory": 9e9}, []),
    ],
)
def test_a_machine_gets_as_many_actors_as_it_has_cores_and_memory_for(node, shares):
    actors = RayActors.__new__(RayActors)
    actors._memory = 2_600_000_000
    assert actors._share(node) == shares


@pytest.fixture(scope="module")
def exceptions():
    return load_ray().exceptions


def ask(exceptions, error):
    """Ask for the result of a call that failed with an error of Ray's."""

    def fail(_call):
        raise error

    actors = RayActors.__new__(RayActors)
    actors._ray = SimpleNamespace(get=fail, exceptions=exceptions)
    return actors.result(None)


def test_what_an_actor_refuses_is_told_in_its_own_words(exceptions):
    cause = OutOfMemoryError("there is not enough memory", "Use less.")
    with pytest.raises(OutOfMemoryError, match=r"^there is not enough memory\. Use less\.$"):
        ask(exceptions, exceptions.RayTaskError("measure", "Traceback ...", cause).as_instanceof_cause())


@pytest.mark.parametrize("starting", [False, True])
def test_another_error_of_an_actor_is_told_in_one_line(exceptions, starting):
    error = exceptions.RayTaskError(
        "load", "Traceback\n  ...\nModuleNotFoundError: No module named 'impasto'", ValueError()
    )
    with pytest.raises(ClusterError, match=r"^a process of the cluster failed: ModuleNotFoundError: No module named"):
        ask(exceptions, exceptions.ActorDiedError(error) if starting else error)


def test_an_actor_that_died_is_known_by_that(exceptions):
    with pytest.raises(ActorLostError):
        ask(exceptions, exceptions.ActorDiedError())


class InProcess:
    """A cluster that is this process."""

    def __init__(self, side):
        self.side, self.network, self.count, self.loaders = side, None, 0, []

    def with_network(self, load):
        self.load = load
        self.loaders.append(load)
        return self

    def open(self, tiles):
        self.network, self.tiles = self.load().build(torch.device("cpu")), list(tiles)
        assert isinstance(self.network, VGG)
        return self

    def measure(self, pixels):
        self.pixels = list(pixels)
        return (tile.measure(self.network, its) for tile, its in zip(self.tiles, self.pixels, strict=True))

    def gradients(self, differences):
        pairs = zip(self.tiles, self.pixels, strict=True)
        return (tile.gradient(self.network, its, differences) for tile, its in pairs)


def test_a_stylizer_hands_large_pictures_to_its_cluster_and_small_ones_not(photo, painting):
    settings = Settings(size=80, scales=2, iterations=1, precision="float32", seed=3)
    cluster = InProcess(64)
    far, near = (it.open(photo, painting, settings) for it in (Stylizer(cluster=cluster), Stylizer()))
    start = near.transfer.initial_image(80, 54)
    theirs, ours = (it.transfer.objective(80, 54).evaluate(start) for it in (far, near))
    assert len(cluster.tiles) == 4
    assert theirs.loss == pytest.approx(ours.loss, rel=1e-5)
    assert torch.linalg.vector_norm(theirs.gradient - ours.gradient) < 1e-5 * torch.linalg.vector_norm(ours.gradient)
    cluster.tiles = []
    far.transfer.objective(40, 27)
    assert cluster.tiles == []
    assert (far.estimate().tiles, near.estimate().tiles) == (4, 1)


def test_a_network_that_was_replaced_is_another_for_a_cluster(photo, painting, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    stored = tmp_path / "home" / "weights" / "own.safetensors"
    stored.parent.mkdir(parents=True)
    shutil.copyfile(weights.path("vgg16"), stored)
    cluster = InProcess(64)
    stylizer, settings = Stylizer(cluster=cluster), Settings(size=64, network="own", precision="float32")
    for _ in range(2):
        stylizer.open(photo, painting, settings)
    os.utime(stored, ns=(1, 1))
    stylizer.open(photo, painting, settings)
    first, second, third = cluster.loaders
    assert first == second != third


def test_a_step_that_is_computed_elsewhere_takes_less_memory_here():
    load = memory_load(Settings(size=4000), (4000, 3000), [(4000, 3000)], 4)
    here, elsewhere = (plan_memory(it, 40 * 10**9) for it in (load, replace(load, remote_tile_side=1024)))
    assert elsewhere.needed < here.needed
    assert elsewhere.history == here.history
    assert (elsewhere.tiles(4000, 3000), elsewhere.tiles(1000, 1000)) == (12, 1)
