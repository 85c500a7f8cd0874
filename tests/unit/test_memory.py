"""What a run takes in memory, and how it makes do with less."""

import pytest
import torch

from impasto import Settings
from impasto.core import VGG, Layer
from impasto.core.network.tiles import TiledVGG, TileSpec
from impasto.engine import memory
from impasto.engine.memory import FREE_SHARE, free_memory, parse_memory, physical_memory, plan_memory
from impasto.engine.sizing import memory_load
from impasto.errors import SettingsError

GIB = 2**30
PHOTO, PAINTING = (4096, 3072), (1280, 1000)


def plan(free, **choices):
    settings = Settings(**{"size": 4096, "precision": "float32", **choices})
    return plan_memory(memory_load(settings, PHOTO, [PAINTING], 4), int(free / FREE_SHARE))


def test_where_there_is_enough_memory_every_image_is_seen_in_one_piece():
    whole = plan(64 * GIB)
    assert (whole.side, whole.history) == (0, 12)
    assert 15 * GIB < whole.needed < 23 * GIB
    assert whole.tiles(*PHOTO) == 1


def test_a_photograph_counts_as_it_is_held_and_once_more_where_it_is_recolored():
    pixels = PHOTO[0] * PHOTO[1]
    small = {"size": 256, "precision": "float32"}
    load = memory_load(Settings(**small), PHOTO, [PAINTING], 4)
    tiny = memory_load(Settings(**small), (PHOTO[0] // 8, PHOTO[1] // 8), [PAINTING], 4)
    gray = memory_load(Settings(**small, color="photo"), PHOTO, [PAINTING], 4)
    needed, least, recolored = (plan_memory(it, 64 * GIB).needed for it in (load, tiny, gray))
    assert needed - least == pixels * 6 - pixels // 64 * 6
    assert recolored - needed == pixels * 12


@pytest.mark.parametrize("gib", [5, 7, 10])
def test_less_memory_is_made_do_with(gib):
    found = plan(gib * GIB)
    assert found.side
    assert found.needed <= gib * GIB
    assert found.tiles(*PHOTO) > 1
    assert found.tiles(320, 240) == 1


def test_the_less_memory_there_is_the_slower_the_plan_and_none_takes_more_than_one_with_more():
    plans = [plan(gib * GIB) for gib in (12, 8, 6, 5, 4, 3.5, 3)]
    costs = [it.cost for it in plans]
    assert costs == sorted(costs)
    assert len(set(costs)) > 3
    needed = [it.needed for it in plans]
    assert needed == sorted(needed, reverse=True)


def test_where_nothing_fits_the_most_frugal_plan_is_taken():
    least, less = plan(GIB), plan(GIB / 2)
    assert least == less
    assert least.keep == ()
    assert least.history == min(memory.HISTORIES)


def test_a_history_is_never_longer_than_it_was_to_be():
    assert plan(5 * GIB, history=4).history <= 4
    assert plan(5 * GIB, optimizer="adam").history == 12  # of which Adam knows nothing


@pytest.mark.parametrize(
    ("text", "count"),
    [("4GB", 4 * 10**9), ("4 gib", 4 * GIB), ("900MB", 900 * 10**6), ("1.5G", 1.5e9), ("700 MiB", 700 * 2**20)],
)
def test_memory_is_given_as_people_write_it(text, count):
    assert parse_memory(Settings(memory=text).memory) == count


def test_memory_may_be_left_open():
    assert parse_memory("auto") is None


@pytest.mark.parametrize("text", ["4", "GB", "-1GB", "4TB", "4 G B", "", "1e9GB", "0GB", "0.0 MB"])
def test_what_is_no_amount_of_memory_is_refused(text):
    with pytest.raises(SettingsError, match="4GB"):
        Settings(memory=text)


def test_a_container_has_no_more_memory_than_its_limit(tmp_path, monkeypatch):
    assert 0 < free_memory() <= physical_memory()
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("450000\n")
    (tmp_path / "memory.stat").write_text("anon 300000\ninactive_file 50000\nactive_file 9\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert physical_memory() == 1_000_000
    assert free_memory() == 600_000
    (tmp_path / "memory.max").write_text("max\n")
    assert physical_memory() > 1_000_000


@pytest.mark.parametrize("keep", memory.KEEPS)
def test_a_tile_of_the_first_blocks_has_no_more_around_it_than_is_counted(vgg_weights, keep):
    network = VGG(vgg_weights.to(torch.device("cpu"), torch.float32), [Layer.parse("relu5_1")])
    tiles = TiledVGG(network, TileSpec(side=320, keep=keep)).tiles(1600, 1600)
    halos = {tile.outer.rows.stop - tile.own.rows.stop for tile in tiles} - {0}  # 0 at the image's border
    assert len(halos) == 1
    assert memory.KEEPS[keep] / 4 <= halos.pop() <= memory.KEEPS[keep]
