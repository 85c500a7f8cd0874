"""Studios to test: one in this process without a worker, and real ones in separate processes."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import CHROMIUM, QUIET
from playwright.sync_api import expect, sync_playwright
from starlette.testclient import TestClient
from studios import HOME, Running

from impasto.studio.limits import Limits
from impasto.studio.server import inspect_upload
from impasto.studio.server.app import create_app
from impasto.studio.server.uploads import UploadService
from impasto.studio.store.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "studio")


@pytest.fixture
def quick_uploads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inspects uploads in this process, for tests of something else: starting a process takes a second or two."""

    async def inspect(service: UploadService, incoming: Path, name: str) -> dict[str, object]:
        return await asyncio.to_thread(inspect_upload.inspect, incoming, name, service._limits)

    monkeypatch.setattr(UploadService, "_inspect", inspect)


@pytest.fixture
def opened(folder: Folder) -> Iterator[Callable[..., TestClient]]:
    """Opens a studio without a worker, with limits of the test's choice."""
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
    """One for all tests that only run jobs with it."""
    studio = Running(tmp_path_factory.mktemp("studio"))
    yield studio
    studio.close()


@pytest.fixture
def starts() -> Iterator[Callable[..., Running]]:
    """Starts studios for one test; they end with it."""
    studios: list[Running] = []

    def starts(data: Path, *options: str, port: int = 0) -> Running:
        studios.append(Running(data, *options, port=port))
        return studios[-1]

    yield starts
    for studio in studios:
        studio.close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def opens(browser, running):
    """Opens the page in a window of its own; at the end, sees to it that nothing was wrong or left the machine."""
    contexts, wrong, expected = [], [], []

    def opens(address=None, *, window=None, tolerate=(), **choices):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **choices) if window is None else window
        if window is None:
            contexts.append(context)
        expected.extend(tolerate)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: message.type in {"error", "warning"} and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        home = address or running.address
        page.on(
            "request", lambda request: request.url.startswith((home, "blob:", "data:")) or wrong.append(request.url)
        )
        page.goto(home)  # then wait until it has loaded
        expect(page.get_by_role("button", name="Example photograph: Chelsea")).to_be_visible()
        return page

    yield opens
    for context in contexts:
        context.close()
    assert [text for text in wrong if not any(part in text for part in expected)] == []
