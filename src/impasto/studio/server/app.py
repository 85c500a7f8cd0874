"""The server: routes, and what runs beside them."""

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

from impasto.errors import ImpastoError, InputError, StorageError
from impasto.studio import database, foreman, housekeeping, pictures
from impasto.studio.feed import Feed
from impasto.studio.folder import Folder
from impasto.studio.guard import HEADERS, Guard
from impasto.studio.jobs import BusyError, MissingError, StateError
from impasto.studio.pictures import Intake, Limits, SlowError, TooLargeError
from impasto.studio.quota import QuotaError
from impasto.studio.routes import about, jobs, shelf, streams
from impasto.studio.routes import pictures as picture_routes
from impasto.studio.state import State

PAGE = Path(__file__).with_name("static")
"""The page as `make web` builds it."""

_STATUS: tuple[tuple[type[ImpastoError], int], ...] = (
    (MissingError, 404),
    (SlowError, 408),
    (StateError, 409),
    (TooLargeError, 413),
    (BusyError, 429),
    (QuotaError, 507),
    (StorageError, 507),
    (InputError, 422),
    (ImpastoError, 500),
)
"""The first kind that an error is of decides."""


def create_app(
    folder: Folder,
    *,
    limits: Limits | None = None,
    hosts: Iterable[str] = (),
    token: str | None = None,
    devices: Sequence[str] = ("auto",),
) -> FastAPI:
    """The studio as an ASGI application; it has the folder to itself.

    Args:
        folder: where everything is kept.
        limits: how much it takes in.
        hosts: names under which it may be asked for, beside those of this machine's loopback.
        token: a secret that every request needs; None where only this machine can reach it.
        devices: one painter paints on each; none where another program paints.

    Raises:
        StorageError: the database cannot be used.
        OutputError: a painter of an earlier studio is still there.
    """
    database.migrate(folder.database)
    pictures.forget_arriving(folder)
    if devices:
        housekeeping.begin(folder)
    limits = limits or Limits()
    state = State(folder, Intake(folder, limits), Feed(), limits, threading.Semaphore(2))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        beside = [asyncio.create_task(state.feed.watch(folder.database))]
        for painter, device in enumerate(devices):
            painted = foreman.keep_painting(folder, painter, device, limits.folder_bytes)
            beside.append(asyncio.create_task(painted))
        yield
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)

    app = FastAPI(
        title="Impasto studio",
        version=version("impasto"),
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,  # these pages would load their scripts from the network
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.studio = state
    for routes in (about, shelf, picture_routes, streams, jobs):
        app.include_router(routes.router, prefix="/api")
    app.add_api_route("/", _page, include_in_schema=False, methods=["GET", "HEAD"])
    app.mount("/assets", StaticFiles(directory=PAGE / "assets", check_dir=False))
    app.add_exception_handler(ImpastoError, _failed)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(Guard, hosts=hosts, token=token)
    return app


async def _page() -> FileResponse:
    return FileResponse(PAGE / "index.html", headers={"cache-control": "no-cache"})


def _message(status: int, problem: str, hint: str, headers: Any = None) -> JSONResponse:
    return JSONResponse({"problem": problem, "hint": hint}, status, headers)


async def _failed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ImpastoError)
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    return _message(status, error.problem, error.hint)


async def _not_understood(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return _message(422, f"{where}: {first['msg'].lower()}", "See /api/openapi.json.")


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _message(error.status_code, str(error.detail).lower(), "See /api/openapi.json.", error.headers)


async def _unexpected(_request: Request, error: Exception) -> JSONResponse:
    """Such an answer is made outside the guard."""
    problem = f"unexpected {type(error).__name__}"
    return _message(500, problem, "Please report this, with what the studio's terminal says.", HEADERS)
