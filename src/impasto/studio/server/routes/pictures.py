"""The uploaded pictures."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from impasto.errors import ImageError
from impasto.studio.errors import MissingError
from impasto.studio.schemas import ClipOut, PictureId, PictureOut, RegionOut
from impasto.studio.server import queries, regions
from impasto.studio.server.dependencies import (
    IMMUTABLE,
    Context,
    StudioContext,
    error_responses,
    file_response,
    png_response,
    webp_response,
)
from impasto.studio.server.files import StoredFile, missing_file
from impasto.studio.server.processes import run_module
from impasto.studio.server.work import run_while_connected

router = APIRouter(prefix="/pictures")

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("", status_code=201, responses=error_responses(408, 413, 422, 429, 507), openapi_extra=_BODY)
async def upload(
    request: Request,
    context: Context,
    name: Annotated[str, Query(description="The file's name, for display.")] = "picture",
) -> PictureOut:
    """Upload a picture, a film or an animation: the request's body is the file."""
    return await context.uploads.receive(name, request.stream())


@router.get("/recent", responses=error_responses(422))
def recent(role: Literal["photo", "painting"], context: Context) -> list[PictureOut]:
    """List the most recently used pictures."""
    return queries.recent(context.folder, role)


@router.get("/{picture}", responses=error_responses(404, 422))
def get_picture(picture: PictureId, context: Context) -> PictureOut:
    """Get an uploaded picture's details."""
    return queries.picture(context.folder, picture, context.limits)


@router.get("/{picture}/thumbnail", response_class=FileResponse, responses=webp_response() | error_responses(404, 422))
def picture_thumbnail(picture: PictureId, context: Context) -> FileResponse:
    """Get a 320 px WebP thumbnail."""
    queries.picture(context.folder, picture, context.limits)
    return StoredFile(context.folder.thumbnail(picture), "image/webp", IMMUTABLE)


@router.get("/{picture}/display", response_class=FileResponse, responses=webp_response() | error_responses(404, 422))
def picture_display(picture: PictureId, context: Context) -> FileResponse:
    """Get a WebP of at most 2048 px."""
    queries.picture(context.folder, picture, context.limits)
    return StoredFile(context.folder.display(picture), "image/webp", IMMUTABLE)


@router.get(
    "/{picture}/file",
    response_class=FileResponse,
    responses=file_response("video/mp4", "video/webm", "image/gif") | error_responses(404, 416, 422),
)
def picture_file(picture: PictureId, context: Context) -> FileResponse:
    """Get a film or an animation as it was uploaded, or a range of its bytes."""
    return StoredFile(context.folder.picture(picture), _clip(context, picture).media_type, IMMUTABLE)


@router.get("/{picture}/frame", response_class=Response, responses=webp_response() | error_responses(404, 422, 429))
async def picture_frame(
    request: Request,
    picture: PictureId,
    context: Context,
    at: Annotated[float, Query(ge=0, le=1e6, description="Seconds.", allow_inf_nan=False)] = 0.0,
) -> Response:
    """Get the frame of a clip that is shown at a time, as a WebP of at most 1024 px."""
    await asyncio.to_thread(_clip, context, picture)
    data = await run_while_connected(request, _decode_frame(context, picture, at))
    return Response(data, media_type="image/webp", headers=IMMUTABLE)


async def _decode_frame(context: StudioContext, picture: str, seconds: float) -> bytes:
    module, path = "impasto.studio.server.clip_frame", context.folder.picture(picture)
    async with context.conversions.turn():
        try:
            data, status = await run_module(module, str(path), f"{seconds:.6f}", limits=context.limits)
        except TimeoutError:
            status = -1
    if status and not await asyncio.to_thread(path.is_file):
        raise missing_file()
    if status:
        raise ImageError(f"the frame at {seconds:.2f} seconds cannot be shown", "Choose another one.")
    return data


def _clip(context: StudioContext, picture: str) -> ClipOut:
    found = queries.picture(context.folder, picture, context.limits)
    if found.clip is None:
        raise MissingError("this picture is no clip", "Get its display.")
    return found.clip


@router.get("/{picture}/regions", responses=error_responses(404, 422, 429, 507))
async def picture_regions(request: Request, picture: PictureId, context: Context) -> list[RegionOut]:
    """Find the faces, the busy and the empty places of a photograph; lists those that it has."""
    return await run_while_connected(request, regions.regions_of(context, picture))


@router.get(
    "/{picture}/regions/{name}", response_class=FileResponse, responses=png_response() | error_responses(404, 422)
)
def picture_region(picture: PictureId, name: str, context: Context) -> FileResponse:
    """Get the mask of a region: gray, white where it is."""
    return StoredFile(regions.region_file(context, picture, name), "image/png", IMMUTABLE)
