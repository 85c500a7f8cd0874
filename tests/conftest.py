"""What the tests share: real pictures and the real network, at sizes that take a moment."""

import signal
from pathlib import Path

import hypothesis
import pytest
import torch

from impasto import weights

hypothesis.settings.register_profile("impasto", deadline=None)  # the first example loads what the others have
hypothesis.settings.load_profile("impasto")

PICTURES = Path(__file__).parent.parent / "examples" / "pictures"

LONGEST = (
    "test_load.py",
    "test_crashes.py",
    "test_openapi.py",
    "test_sweep.py",
    "test_stylizer.py",
    "test_docs.py",
    "test_digests.py",
    "test_convergence.py",
)
"""Files with long tests, the longest first."""


def pytest_collection_modifyitems(items):
    """Begin with the longest files, so that no worker is left alone with one at the end."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONGEST)))


def pytest_configure():
    """Have Ctrl-C and a closed terminal heard by what the tests start: `&` and `nohup` start jobs that ignore them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    """No test reads or writes what the person who runs it keeps."""
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def photo():
    return PICTURES / "summer_palace.jpg"


@pytest.fixture(scope="session")
def painting():
    return PICTURES / "starry_night.jpg"


@pytest.fixture(scope="session")
def vgg_weights():
    return weights.load("vgg16").to(torch.device("cpu"), torch.float32)
