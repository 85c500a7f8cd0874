"""The pictures that ship."""

import asyncio
import functools

from fastapi import APIRouter
from fastapi.responses import Response

from impasto import images
from impasto.studio import reading, shelf
from impasto.studio.schemas import PictureOut
from impasto.studio.state import FOREVER, Studio, answers, webp

router = APIRouter(prefix="/shelf/{name}")


@router.post("", status_code=201, responses=answers(404, 422, 507))
async def take(name: str, studio: Studio) -> PictureOut:
    """Put one among the pictures that were given."""
    file = shelf.file(name)
    return await studio.intake.file(file, file.name)


@router.get("/thumbnail", response_class=Response, responses=webp() | answers(404, 422))
async def thumbnail(name: str) -> Response:
    """A small one."""
    return await _answer(name, reading.THUMBNAIL)


@router.get("/display", response_class=Response, responses=webp() | answers(404, 422))
async def display(name: str) -> Response:
    """A large one."""
    return await _answer(name, reading.DISPLAY)


async def _answer(name: str, side: int) -> Response:
    shelf.file(name)
    return Response(await asyncio.to_thread(_small, name, side), media_type="image/webp", headers=FOREVER)


@functools.cache
def _small(name: str, side: int) -> bytes:
    return reading.small(images.read(shelf.file(name)), side)
