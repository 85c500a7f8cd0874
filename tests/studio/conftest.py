"""Studios to test: one in this process without a painter, and real ones in processes of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from studios import HOME, Running

from impasto.studio.app import create_app
from impasto.studio.folder import Folder
from impasto.studio.pictures import Limits


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "studio")


@pytest.fixture
def opened(folder: Folder) -> Iterator[Callable[..., TestClient]]:
    """Opens a studio that paints nothing, with limits of its own."""
    clients: list[TestClient] = []

    def opened(limits: Limits | None = None, **choices) -> TestClient:
        app = create_app(folder, limits=limits, **{"devices": (), **choices})
        clients.append(TestClient(app, base_url=HOME, raise_server_exceptions=False))
        return clients[-1].__enter__()

    yield opened
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(opened: Callable[..., TestClient]) -> TestClient:
    return opened()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests that only paint with it."""
    studio = Running(tmp_path_factory.mktemp("studio"))
    yield studio
    studio.close()


@pytest.fixture
def starts() -> Iterator[Callable[..., Running]]:
    """Starts studios of a test's own; they end with it."""
    studios: list[Running] = []

    def starts(data: Path, *options: str, port: int = 0) -> Running:
        studios.append(Running(data, *options, port=port))
        return studios[-1]

    yield starts
    for studio in studios:
        studio.close()
