"""The sample pictures."""

import asyncio
import functools

from fastapi import APIRouter
from fastapi.responses import Response

from impasto import images
from impasto.studio import samples
from impasto.studio.schemas import PictureOut
from impasto.studio.server.dependencies import IMMUTABLE, Context, error_responses, webp_response
from impasto.studio.store.thumbnails import DISPLAY_SIDE, THUMBNAIL_SIDE, encode_webp

router = APIRouter(prefix="/samples/{name}")


@router.post("", status_code=201, responses=error_responses(404, 422, 507))
async def add_sample(name: str, context: Context) -> PictureOut:
    """Add a sample to the uploaded pictures."""
    file = samples.file(name)
    return await context.uploads.add_file(file, file.name)


@router.get("/thumbnail", response_class=Response, responses=webp_response() | error_responses(404, 422))
async def sample_thumbnail(name: str) -> Response:
    """Get a 320 px WebP thumbnail."""
    return await _respond(name, THUMBNAIL_SIDE)


@router.get("/display", response_class=Response, responses=webp_response() | error_responses(404, 422))
async def sample_display(name: str) -> Response:
    """Get a WebP of at most 2048 px."""
    return await _respond(name, DISPLAY_SIDE)


async def _respond(name: str, side: int) -> Response:
    samples.file(name)
    return Response(await asyncio.to_thread(_encode, name, side), media_type="image/webp", headers=IMMUTABLE)


@functools.cache
def _encode(name: str, side: int) -> bytes:
    return encode_webp(images.read(samples.file(name)), side)
