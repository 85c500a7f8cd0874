"""A picture of 12 megapixels, its tiles on a cluster of several processes, against the same in this process."""

import time

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from impasto import Settings, Stylizer
from impasto.cluster.connect import connected, load_ray
from impasto.cluster.tiles import RayTiles, _Round
from impasto.core.losses.mapped import MappedObjective

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore"),  # Ray leaves sockets and processes to the collector
]
SIZE = 4000, 3000
SIDE = 1024
SETTINGS = {"scales": 1, "iterations": 1, "precision": "float32", "seed": 1, "threads": 2, "style_scale": 0.25}


def ray_processes():
    """Those of Ray that this process started, and those that they did."""
    names = []
    for process in psutil.Process().children(recursive=True):
        try:
            names.append(process.name() + " " + " ".join(process.cmdline()))
        except psutil.NoSuchProcess:
            continue
    return [name for name in names if "raylet" in name or "gcs_server" in name or "ray::" in name]


def wait_until_none_is_left():
    deadline = time.monotonic() + 30
    while ray_processes() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert ray_processes() == []


@pytest.fixture
def machines():
    """Three machines of one core each."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - half a second, for slow tests alone

    cluster = Cluster()
    for _ in range(3):
        cluster.add_node(num_cpus=1, object_store_memory=300_000_000, memory=3_000_000_000)
    yield cluster
    cluster.shutdown()
    wait_until_none_is_left()


@pytest.fixture
def disaster(monkeypatch):
    """Things that are done in the middle of a way through the network: `disaster["measure"] = end_a_machine`."""
    events, collect = {}, _Round._collect

    def collect_amid_disaster(self):
        collect(self)
        if len(self._done) + len(self._waiting) < len(self._calls) - 1 and self._method in events and self._done:
            events.pop(self._method)(self)

    monkeypatch.setattr(_Round, "_collect", collect_amid_disaster)
    return events


def busy_actor(tiles):
    return next(slot.actor for slot, _ in tiles._running.values())


def check(found, expected, tolerance):
    assert found.loss == pytest.approx(expected.loss, rel=tolerance)
    assert found.terms == pytest.approx(expected.terms, rel=tolerance)
    apart = torch.linalg.vector_norm(found.gradient - expected.gradient)
    assert apart <= tolerance * torch.linalg.vector_norm(expected.gradient)


def test_12_megapixels_over_three_machines_have_the_gradient_of_one_though_an_actor_and_a_machine_are_lost(
    photo, painting, machines, disaster
):
    picture = Image.open(photo).convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)
    run = Stylizer().open(picture, painting, Settings(size=max(SIZE), memory="6GB", **SETTINGS))
    assert run.transfer.spec.size == SIZE
    start, local = run.transfer.initial_image(*SIZE), run.transfer.objective(*SIZE)
    assert run.estimate().tiles > 1
    expected = local.evaluate(start)
    disaster["measure"] = lambda tiles: load_ray().kill(busy_actor(tiles))
    disaster["gradient"] = lambda _: machines.remove_node(min(machines.worker_nodes, key=str))
    with connected(machines.address):
        far = Stylizer(cluster=RayTiles(SIDE)).open(picture, painting, Settings(size=max(SIZE), **SETTINGS))
        size = start.shape[2:]
        mapped = MappedObjective(local._network.network, local.losses, tuple(size), far.transfer.spec.tile_mapper)
        found = mapped.evaluate(start)
        assert disaster == {}
        check(found, expected, 1e-4)


def test_a_cluster_of_this_machine_paints_what_this_process_paints_and_leaves_nothing_behind(photo, painting):
    settings = Settings(size=256, scales=2, iterations=3, precision="float32", seed=1)
    with connected("local"):
        far = Stylizer(cluster=RayTiles(side=160)).stylize(photo, painting, settings=settings)
        assert ray_processes()
    wait_until_none_is_left()
    near = Stylizer().stylize(photo, painting, settings=settings)
    assert sum(far.losses.values()) == pytest.approx(sum(near.losses.values()), rel=1e-3)
    pixels = [np.asarray(result.image, dtype=float) for result in (far, near)]
    assert np.abs(pixels[0] - pixels[1]).mean() < 0.5
