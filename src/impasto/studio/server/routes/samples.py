"""The sample pictures."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from impasto import images
from impasto.studio import samples
from impasto.studio.schemas import PictureOut
from impasto.studio.server.dependencies import IMMUTABLE, Context, StudioContext, error_responses, webp_response
from impasto.studio.server.work import run_while_connected
from impasto.studio.store.thumbnails import DISPLAY_SIDE, THUMBNAIL_SIDE, encode_webp

router = APIRouter(prefix="/samples/{name}")


@router.post("", status_code=201, responses=error_responses(404, 422, 429, 507))
async def add_sample(request: Request, name: str, context: Context) -> PictureOut:
    """Add a sample to the uploaded pictures."""
    file = samples.file(name)
    return await run_while_connected(request, context.uploads.add_file(file, file.name))


@router.get("/thumbnail", response_class=Response, responses=webp_response() | error_responses(404, 422))
async def sample_thumbnail(name: str, context: Context) -> Response:
    """Get a 320 px WebP thumbnail."""
    return await _respond(context, name, THUMBNAIL_SIDE)


@router.get("/display", response_class=Response, responses=webp_response() | error_responses(404, 422))
async def sample_display(name: str, context: Context) -> Response:
    """Get a WebP of at most 2048 px."""
    return await _respond(context, name, DISPLAY_SIDE)


async def _respond(context: StudioContext, name: str, side: int) -> Response:
    data = await context.thumbnails.get((name, side), _encode, samples.file(name), side)
    return Response(data, media_type="image/webp", headers=IMMUTABLE)


def _encode(file: Path, side: int) -> bytes:
    return encode_webp(images.read(file), side)
