"""Shared by the routes: the studio's context, cache headers, and the responses that the OpenAPI lists."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from impasto.studio.limits import Limits
from impasto.studio.schemas import Message
from impasto.studio.server.notifier import ChangeNotifier
from impasto.studio.server.uploads import UploadService
from impasto.studio.server.work import SharedWork, WaitingLine
from impasto.studio.store.alerts import MemoryAlerts
from impasto.studio.store.folder import Folder

REVALIDATE = {"cache-control": "private, no-cache"}
"""For what belongs to a job: another folder has jobs of the same numbers."""
IMMUTABLE = {"cache-control": "private, max-age=31536000, immutable"}
"""For content that never changes at its URL."""


@dataclass(frozen=True)
class StudioContext:
    """One studio."""

    folder: Folder
    uploads: UploadService
    notifier: ChangeNotifier
    alerts: MemoryAlerts
    limits: Limits
    conversions: WaitingLine
    """Of results to other formats: a large one takes much memory."""
    searches: WaitingLine
    """For regions of photographs."""
    streams: WaitingLine
    readings: SharedWork
    """Of the database, for streams."""
    thumbnails: SharedWork
    """Of samples."""


def _context(request: Request) -> StudioContext:
    context: StudioContext = request.app.state.context
    return context


Context = Annotated[StudioContext, Depends(_context)]


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """List the errors that a route may return, for the OpenAPI, together with those of the security middleware."""
    schema = {"$ref": f"#/components/schemas/{Message.__name__}"}
    # Not as a model: that would give the error the media type of a stream or a picture.
    message = {"content": {"application/json": {"schema": schema}}}
    return dict.fromkeys(sorted({400, 401, 403, 413, 421, *statuses}), message)


def zip_response() -> dict[int | str, dict[str, Any]]:
    """Describe an archive for the OpenAPI."""
    return {200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}}


def png_response() -> dict[int | str, dict[str, Any]]:
    """Describe a PNG response for the OpenAPI."""
    return {200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}}


def file_response(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Describe a file, or a part of it, for the OpenAPI."""
    content = {"content": {name: {"schema": {"type": "string", "format": "binary"}} for name in media_types}}
    return {200: content, 206: content}


def webp_response() -> dict[int | str, dict[str, Any]]:
    """Describe a WebP response for the OpenAPI."""
    return {200: {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}}}
