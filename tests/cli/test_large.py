"""Pictures that are painted in tiles."""

import json

import numpy as np
import pytest
from PIL import Image

FEW = ["--size", "256", "--iterations", "2", "--tolerance", "0", "--precision", "float32"]


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_little_memory_gives_the_same_picture_in_tiles(impasto, folder, monkeypatch):
    monkeypatch.setattr("impasto.engine.memory.SIDES", (128,))
    whole = impasto("photo.jpg", "painting.jpg", *FEW, "-o", "whole.png")
    tiled = impasto("photo.jpg", "painting.jpg", *FEW, "--memory", "590MB", "-o", "tiled.png")
    assert (whole.code, tiled.code) == (0, 0), tiled.err
    assert " tiles" not in whole.err
    assert "of memory in 6 tiles" in tiled.err
    np.testing.assert_allclose(pixels(folder / "tiled.png"), pixels(folder / "whole.png"), atol=2)


def test_json_and_a_dry_run_tell_the_tiles(impasto, monkeypatch):
    monkeypatch.setattr("impasto.engine.memory.SIDES", (128,))
    done = impasto("photo.jpg", "painting.jpg", *FEW, "--memory", "590MB", "--dry-run", "--json")
    assert json.loads(done.out.splitlines()[0])["estimate"]["tiles"] == 6


@pytest.mark.parametrize("amount", ["1MB", "530MB"])
def test_what_no_tiles_can_keep_within_the_memory_is_refused_in_one_line(impasto, folder, amount):
    done = impasto("photo.jpg", "painting.jpg", "--size", "2048", "--memory", amount)
    assert done.code == 1
    assert "a result of 2048 x 1536: 3 megapixels need about" in done.err
    assert "smaller --size" in done.err
    assert not list(folder.glob("photo-painting*"))


def test_an_amount_that_is_none_is_named(impasto):
    done = impasto("photo.jpg", "painting.jpg", "--memory", "lots")
    assert done.code == 2
    assert "--memory" in done.err
    assert "4GB" in done.err
