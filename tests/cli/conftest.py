"""A folder with a small photograph and painting, and two ways to run the real command in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from clusters import ENVIRONMENT, MACHINE
from fork_server import Forked, ForkServer
from quick import Outcome, save_pictures

from impasto.cli import main

Impasto = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """The current folder, with photo.jpg and painting.jpg in it, and a home of its own."""
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("IMPASTO_DEBUG", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    save_pictures(work)
    return work


@pytest.fixture
def impasto(capfd) -> Impasto:
    """Run the command in this process: as the shell would, but for the second that starting Python takes."""

    def run(*arguments: str | Path) -> Outcome:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture
def impasto_process(folder, fork_server) -> Iterator[Callable[..., Forked]]:
    """Start the command as a process of its own; what it still holds at the end of the test is ended."""
    started = []

    def start(*arguments: str | Path, **streams: int | IO[bytes]) -> Forked:
        started.append(fork_server.start([str(argument) for argument in arguments], folder, **streams))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def cluster(monkeypatch) -> Iterator[Any]:
    """Three machines of one core each."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 -- an extra, and half a second to load

    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    made = Cluster(initialize_head=True, head_node_args=MACHINE)
    for _ in range(2):
        made.add_node(**MACHINE)
    yield made
    made.shutdown()
