"""Code may move and pictures may not: see digests.py."""

import json
import os
import subprocess
import sys

import pytest
from digests import CASES, FOLDER, PAIRS, PINNED, RECIPES, STORED

GOLDEN = json.loads(STORED.read_text(encoding="utf-8"))
EVERY = 20
"""Cases in one process: loading the network takes about as long as one of them."""
SEVERAL = {"gatys", "painterly", "texture"}
SLOW = {f"{recipe} {pair}" for recipe in RECIPES for pair in PAIRS if recipe not in SEVERAL or pair == "cat"}
SLOW |= {"float64", "keep mask at two scales", "two scales from noise", "two scales of adam", "rounds"}
SLOW |= {"two scales from a file", "gaussian start", "gray start", "transparency and color match", "strength 1"}
SLOW |= {
    "stopped at the first of two scales",
    "start of scattered colors",
    "crop",
    "masks at two scales",
    "last iterate of adam",
    "blend",
    "color match",
    "conv layers",
    "strength 0.8",
    "color photo",
    "transparency",
}
"""Cases for the slow tests: few that differ from the others, or long."""


def batches(names):
    names = list(names)
    return [names[start : start + EVERY] for start in range(0, len(names), EVERY)]


def check(names):
    """Paint some cases, in a process that has one thread and one kind of kernel from its first moment."""
    command = [sys.executable, str(FOLDER / "digests.py"), "--check", json.dumps(names)]
    done = subprocess.run(command, env={**os.environ, **PINNED}, check=True, stdout=subprocess.PIPE)
    painted = json.loads(done.stdout)
    same_kernels = painted["probe"] == GOLDEN["probe"]
    for name, ours in painted["cases"].items():
        golden = GOLDEN["cases"][name]
        assert ours["size"] == golden["size"], name
        # Other kernels round otherwise, and each step makes more of it.
        tolerance = 1e-6 if same_kernels else 1e-2
        assert ours["steps"] == pytest.approx(golden["steps"], rel=tolerance), name
        assert ours["terms"] == pytest.approx(golden["terms"], rel=tolerance), name
        if same_kernels:
            assert (ours["pixels"], ours["previews"]) == (golden["pixels"], golden["previews"]), name


@pytest.mark.parametrize("names", batches(name for name in CASES if name not in SLOW), ids=" | ".join)
def test_the_pictures_are_the_same_to_the_bit(names):
    check(names)


@pytest.mark.slow
@pytest.mark.parametrize("names", batches(sorted(SLOW)), ids=" | ".join)
def test_the_pictures_of_the_other_cases_are_the_same_to_the_bit(names):
    check(names)
