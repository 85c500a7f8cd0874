"""`impasto PHOTO PAINTING --cluster`."""

from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
import pytest
from batches import QUICK_BATCH
from PIL import Image

from impasto.cli import runner
from impasto.cluster.connect import ClusterError, choose_store_bytes
from impasto.cluster.tiles import RayTiles


@pytest.mark.parametrize(
    ("address", "words"),
    [("nowhere", "--cluster takes local, auto or an address such as"), ("127.0.0.1:1", "does not answer")],
)
def test_a_cluster_that_is_none_is_refused_in_one_line_before_anything_is_painted(impasto, folder, address, words):
    before = sorted(folder.iterdir())
    done = impasto("photo.jpg", "painting.jpg", "--size", "1400", "--cluster", address)
    assert done.code in (1, 2)
    assert words in done.err
    assert len(done.err.splitlines()) == 1
    assert sorted(folder.iterdir()) == before


def test_a_result_that_exists_is_told_before_a_cluster_is_looked_for(impasto, folder):
    (folder / "there.png").write_bytes(b"mine")
    done = impasto("photo.jpg", "painting.jpg", "-o", "there.png", "--cluster", "127.0.0.1:1")
    assert "there.png" in done.err
    assert "answer" not in done.err


def test_a_cluster_is_not_looked_for_where_it_would_have_nothing_to_do(impasto, folder, monkeypatch):
    monkeypatch.setattr("impasto.cluster.tiles.RayTiles", partial(RayTiles, side=100))
    command = ["photo.jpg", "painting.jpg", *QUICK_BATCH, "--cluster", "127.0.0.1:1", "-o", "small.png"]
    large = ["256" if it == "64" else it for it in command]
    planned = impasto(*large, "--dry-run")
    assert planned.code == 0, planned.err
    assert "tiles" in planned.out + planned.err
    assert "does not answer" in impasto(*large).err
    done = impasto(*command)
    assert done.code == 0, done.err
    assert (folder / "small.png").exists()


@pytest.mark.usefixtures("folder")
def test_a_cluster_that_is_lost_amid_a_picture_is_no_wrong_use(impasto, monkeypatch):
    class Lost(RayTiles):
        def open(self, load, tiles):  # noqa: ARG002 - as `RayTiles`
            raise ClusterError("the cluster is gone", "Start it.")

    monkeypatch.setattr("impasto.cluster.tiles.RayTiles", partial(Lost, side=150))
    monkeypatch.setattr(runner, "connected", lambda _address, _in_flight: nullcontext())
    command = ["photo.jpg", "painting.jpg", *QUICK_BATCH, "--cluster", "local"]
    command[command.index("--size") + 1] = "256"
    at_first = impasto(*command)
    command[command.index("--scales") + 1] = "2"
    later = impasto(*command)
    assert (at_first.code, later.code) == (2, 1), later.err
    assert "the cluster is gone. Start it." in later.err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_this_machine_gives_the_picture_of_this_process(impasto, folder, monkeypatch):
    monkeypatch.setattr("impasto.cluster.tiles.RayTiles", partial(RayTiles, side=160))
    few = ["--size", "256", "--iterations", "2", "--tolerance", "0", "--precision", "float32"]
    here = impasto("photo.jpg", "painting.jpg", *few, "-o", "here.png")
    there = impasto("photo.jpg", "painting.jpg", *few, "-o", "there.png", "--cluster", "local")
    assert (here.code, there.code) == (0, 0), there.err
    assert "of memory in 4 tiles" in there.err
    pixels = [np.asarray(Image.open(folder / name).convert("RGB")).astype(int) for name in ("here.png", "there.png")]
    np.testing.assert_allclose(*pixels, atol=2)


@pytest.mark.parametrize(("size", "least", "most"), [("4000", 0.8e9, 1.2e9), ("12000", 6e9, 9e9)])
def test_a_cluster_of_this_machine_has_shared_memory_for_all_tiles_of_the_picture(
    impasto, monkeypatch, size, least, most
):
    asked = []

    @contextmanager
    def note(address, in_flight):
        asked.append((address, in_flight))
        raise ClusterError("it is not there", "Start it.")
        yield

    monkeypatch.setattr(runner, "connected", note)
    impasto("photo.jpg", "painting.jpg", "--size", size, "--cluster", "local")
    ((address, in_flight),) = asked
    assert address == "local"
    assert least <= in_flight <= most


@pytest.mark.parametrize(
    ("in_flight", "free", "store"),
    [(0, 16e9, 0.5e9), (10**9, 16e9, 1.5e9), (10**10, 16e9, 4.8e9), (None, 16e9, 4.8e9), (10**9, 1e9, 0.5e9)],
)
def test_the_shared_memory_is_what_is_in_flight_as_long_as_the_processes_have_theirs(in_flight, free, store):
    assert choose_store_bytes(in_flight, int(free)) == store
