"""Pictures that are painted in tiles."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

FEW = ["--size", "160", "--scales", "1", "--iterations", "1", "--tolerance", "0", "--precision", "float32"]


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_little_memory_gives_the_same_picture_in_tiles(impasto, folder, monkeypatch):
    monkeypatch.setattr("impasto.engine.memory.SIDES", (96,))
    whole = impasto("photo.jpg", "painting.jpg", *FEW, "-o", "whole.png")
    tiled = impasto("photo.jpg", "painting.jpg", *FEW, "--memory", "550MB", "-o", "tiled.png")
    assert (whole.code, tiled.code) == (0, 0), tiled.err
    assert " tiles" not in whole.err
    assert "of memory in 4 tiles" in tiled.err
    np.testing.assert_allclose(pixels(folder / "tiled.png"), pixels(folder / "whole.png"), atol=2)


def test_json_and_a_dry_run_tell_the_tiles(impasto, monkeypatch):
    monkeypatch.setattr("impasto.engine.memory.SIDES", (96,))
    done = impasto("photo.jpg", "painting.jpg", *FEW, "--memory", "550MB", "--dry-run", "--json")
    assert json.loads(done.out.splitlines()[0])["estimate"]["tiles"] == 4


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


MOMENTS = [(1, 40), (1, 79), (2, 12), (3, 3), (3, 15)]
"""Scales and iterations at which a run is killed, the later in the run that resumed the earlier."""
KEPT_OFTEN = """
import sys
from impasto.cli import main
from impasto.engine import checkpoint
checkpoint.SECONDS_BETWEEN = 1.0
sys.exit(main())
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_picture_that_is_killed_five_times_comes_to_the_loss_of_one_that_is_not(folder):
    command = [sys.executable, "-c", KEPT_OFTEN, "photo.jpg", "painting.jpg", "--json", "--tolerance", "0"]
    undisturbed = subprocess.run([*command, "-o", "whole.png"], cwd=folder, capture_output=True, check=True).stdout
    wanted = json.loads(undisturbed.splitlines()[-1])["loss"]
    command += ["--checkpoint", "always", "-o", "killed.png"]
    resumed = []
    for moment in [*MOMENTS, None]:
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "started":
                    resumed.append(event["resumed"])
                if event["event"] == "step" and moment and (event["scale"], event["iteration"]) >= moment:
                    os.kill(process.pid, signal.SIGKILL)
        assert (folder / "killed.png").exists() == (moment is None)
    assert resumed[0] is None
    assert all(resumed[1:])
    assert event["event"] == "finished"
    assert event["loss"] == wanted
