"""The ASGI application: its routes, its background tasks, and the translation of errors to HTTP."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from impasto.errors import ImpastoError, InputError, OutOfMemoryError, StorageError
from impasto.studio.errors import BusyError, MissingError, QuotaError, SlowError, StateError, TooLargeError
from impasto.studio.server.dependencies import StudioContext
from impasto.studio.server.notifier import ChangeNotifier
from impasto.studio.server.routes import about, jobs, pictures, samples, streams
from impasto.studio.server.security import HEADERS, SecurityMiddleware
from impasto.studio.server.uploads import Limits, UploadService
from impasto.studio.store import cleanup, database
from impasto.studio.store.folder import Folder
from impasto.studio.worker import supervisor

PAGE = Path(__file__).with_name("static")
"""The page as built by `make web`."""

_STATUSES: tuple[tuple[type[ImpastoError], int], ...] = (
    (MissingError, 404),
    (SlowError, 408),
    (StateError, 409),
    (TooLargeError, 413),
    (BusyError, 429),
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
    database.migrate(folder.database)
    folder.delete_incoming()
    if devices:
        cleanup.recover_on_startup(folder)
    limits = limits or Limits()
    context = StudioContext(folder, UploadService(folder, limits), ChangeNotifier(), limits, threading.Semaphore(2))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(context.notifier.watch(folder.database))]
        for worker, device in enumerate(devices):
            running = supervisor.run_worker(folder, worker, device, limits.folder_bytes)
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
    for routes in (about, samples, pictures, streams, jobs):
        app.include_router(routes.router, prefix="/api")
    app.add_api_route("/", _page, include_in_schema=False, methods=["GET", "HEAD"])
    app.mount("/assets", StaticFiles(directory=PAGE / "assets", check_dir=False))
    app.add_exception_handler(ImpastoError, _on_impasto_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unexpected_error)
    app.add_middleware(SecurityMiddleware, hosts=hosts, token=token)
    return app


async def _page() -> FileResponse:
    return FileResponse(PAGE / "index.html", headers={"cache-control": "no-cache"})


def _message(status: int, problem: str, hint: str, headers: Any = None) -> JSONResponse:
    return JSONResponse({"problem": problem, "hint": hint}, status, headers)


async def _on_impasto_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ImpastoError)
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    return _message(status, error.problem, error.hint)


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
