"""The uploaded pictures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from impasto.studio.errors import MissingError
from impasto.studio.schemas import PictureId, PictureOut, RegionOut
from impasto.studio.server import queries, regions
from impasto.studio.server.dependencies import (
    IMMUTABLE,
    Context,
    error_responses,
    file_response,
    png_response,
    webp_response,
)
from impasto.studio.server.files import StoredFile
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
    found = queries.picture(context.folder, picture, context.limits)
    if found.clip is None:
        raise MissingError("this picture is no clip", "Get its display.")
    return StoredFile(context.folder.picture(picture), found.clip.media_type, IMMUTABLE)


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
