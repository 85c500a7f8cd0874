"""The objective falls, whatever the pictures and the number of threads."""

import importlib.util
import itertools
from pathlib import Path

import pytest
import torch


def load_benchmark():
    spec = importlib.util.spec_from_file_location(
        "convergence", Path(__file__).parent.parent / "benchmarks" / "convergence.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BENCHMARK = load_benchmark()
CASES = list(itertools.product(BENCHMARK.shared.PHOTOS, BENCHMARK.shared.PAINTINGS, BENCHMARK.THREADS))


@pytest.fixture(autouse=True)
def _threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize(("photo", "painting", "threads"), CASES[:1])
def test_sixty_evaluations_bring_the_loss_far_down_on_a_small_picture(photo, painting, threads):
    run = BENCHMARK.measured(photo, painting, threads, size=64, evaluations=60, optimizer="ours")
    assert run["fell"] > 20


@pytest.mark.slow
@pytest.mark.parametrize(("photo", "painting", "threads"), CASES)
def test_sixty_evaluations_bring_the_loss_under_a_thirtieth(photo, painting, threads):
    run = BENCHMARK.measured(photo, painting, threads, size=384, evaluations=60, optimizer="ours")
    assert run["fell"] > 30
