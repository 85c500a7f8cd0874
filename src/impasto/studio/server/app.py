"""The ASGI application: its routes, its background tasks, and the translation of errors to HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from impasto.errors import ImpastoError, InputError, OutOfMemoryError, StorageError
from impasto.studio import controls
from impasto.studio.errors import BusyError, LeftError, MissingError, QuotaError, SlowError, StateError, TooLargeError
from impasto.studio.limits import Limits
from impasto.studio.server.dependencies import StudioContext
from impasto.studio.server.files import StoredFile
from impasto.studio.server.notifier import ChangeNotifier
from impasto.studio.server.routes import about, batches, jobs, pictures, recipes, samples, streams
from impasto.studio.server.security import HEADERS, SecurityMiddleware
from impasto.studio.server.uploads import UploadService
from impasto.studio.server.work import SharedWork, WaitingLine
from impasto.studio.store import cleanup, database, queue, quota, repair, trash
from impasto.studio.store.alerts import MemoryAlerts
from impasto.studio.store.folder import Folder
from impasto.studio.worker import supervisor

PAGE = Path(__file__).with_name("static")
"""The page as built by `make web`."""
_ROOT_FILES = {
    "manifest.webmanifest": "application/manifest+json",
    "sw.js": "text/javascript",
    "icon-192.png": "image/png",
    "icon-512.png": "image/png",
}
"""What makes the page an app that can be installed; browsers look for these beside it."""

_log = logging.getLogger(__name__)
_DISK_SECONDS = 2.0
"""Between looks at the free space."""
_DAMAGED = "the studio's database was damaged; what could be read of it was kept"

_STATUSES: tuple[tuple[type[ImpastoError], int], ...] = (
    (MissingError, 404),
    (SlowError, 408),
    (StateError, 409),
    (TooLargeError, 413),
    (BusyError, 429),
    (LeftError, 499),
    (QuotaError, 507),
    (StorageError, 507),
    (OutOfMemoryError, 422),
    (InputError, 422),
    (ImpastoError, 500),
)
"""The first class that an error is an instance of decides."""


def create_app(
    folder: Folder,
    *,
    limits: Limits | None = None,
    hosts: Iterable[str] = (),
    token: str | None = None,
    devices: Sequence[str] = ("auto",),
) -> FastAPI:
    """Create the studio as an ASGI application; no other server may use the folder.

    Args:
        folder: where everything is stored.
        limits: bounds on uploads and on the folder.
        hosts: host names that requests may use, beside this machine's loopback names.
        token: a secret that every request must present; None where only this machine can reach the studio.
        devices: one worker runs on each; none where another program runs the jobs.

    Raises:
        StorageError: the database cannot be used.
        OutputError: a worker of an earlier studio is still running.
    """
    limits, alerts = limits or Limits(), MemoryAlerts()
    if aside := repair.replace_if_damaged(folder):
        alerts.set("database", _DAMAGED, f"What is left over is in {aside}, with the database as it was.")
    database.migrate(folder.database)
    queue.complete_words(folder)
    repair.put_back(folder)
    folder.delete_incoming()
    if devices:
        cleanup.recover_on_startup(folder, limits)
    context = StudioContext(
        folder,
        UploadService(folder, limits),
        ChangeNotifier(alerts),
        alerts,
        limits,
        conversions=WaitingLine(limits.conversions, limits.waiting, "conversions"),
        searches=WaitingLine(1, limits.waiting, "searches for regions"),
        streams=WaitingLine(limits.streams, 0, "event streams"),
        readings=SharedWork(keep=False),
        thumbnails=SharedWork(),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # Each may have files of the database open: the limit of connections leaves room for so many.
        to_thread.current_default_thread_limiter().total_tokens = limits.threads
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(limits.threads))
        tasks = [asyncio.create_task(context.notifier.watch(folder.database))]
        tasks.append(asyncio.create_task(_watch_disk(folder, limits, alerts)))
        for worker, device in enumerate(devices):
            running = supervisor.run_worker(folder, worker, device, limits, alerts)
            tasks.append(asyncio.create_task(running))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(
        title="Impasto studio",
        version=version("impasto"),
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,  # these pages would load their scripts from the network
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = context
    for routes in (about, samples, pictures, streams, jobs, batches, recipes):
        app.include_router(routes.router, prefix="/api")
    app.add_api_route("/", _page, include_in_schema=False, methods=["GET", "HEAD"])
    for name in _ROOT_FILES:
        app.add_api_route(f"/{name}", _root_file, include_in_schema=False, methods=["GET", "HEAD"])
    app.mount("/assets", StaticFiles(directory=PAGE / "assets", check_dir=False))
    app.add_exception_handler(ImpastoError, _on_impasto_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unexpected_error)
    app.add_middleware(SecurityMiddleware, hosts=hosts, token=token, limits=limits)
    return app


async def _watch_disk(folder: Folder, limits: Limits, alerts: MemoryAlerts) -> None:
    """Empty the trash, and show a full disk on the page for as long as it is full; a worker could not store that."""
    while True:
        try:
            await asyncio.to_thread(trash.empty, folder, limits.undo_seconds)
            if shortage := await asyncio.to_thread(quota.full_disk, folder, limits):
                alerts.set("disk", *shortage)
            else:
                alerts.clear("disk")
        except (OSError, ImpastoError) as error:  # a disk that is gone or full for a while
            _log.warning("the disk could not be watched: %s", error)
        await asyncio.sleep(_DISK_SECONDS)


async def _page() -> FileResponse:
    return StoredFile(
        PAGE / "index.html", "text/html", {"cache-control": "no-cache"}, hint="Build the page with `make web`."
    )


async def _root_file(request: Request) -> FileResponse:
    name = request.url.path.removeprefix("/")
    return StoredFile(
        PAGE / name, _ROOT_FILES[name], {"cache-control": "no-cache"}, hint="Build the page with `make web`."
    )


def _message(status: int, problem: str, hint: str, headers: Any = None) -> JSONResponse:
    return JSONResponse({"problem": problem, "hint": hint}, status, headers)


async def _on_impasto_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ImpastoError)
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    return _message(status, *error.words_for(controls.PAGE))


async def _on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return _message(422, f"{where}: {first['msg'].lower()}", "See /api/openapi.json.")


async def _on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _message(error.status_code, str(error.detail).lower(), "See /api/openapi.json.", error.headers)


async def _on_unexpected_error(_request: Request, error: Exception) -> JSONResponse:
    """Respond with 500; this response is made outside the security middleware and needs its headers."""
    problem = f"unexpected {type(error).__name__}"
    return _message(500, problem, "Please report this, with the output in the studio's terminal.", HEADERS)
