"""The pictures that were given."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from impasto.studio import history
from impasto.studio.schemas import PictureId, PictureOut
from impasto.studio.state import FOREVER, Studio, answers, webp

router = APIRouter(prefix="/pictures")

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("", status_code=201, responses=answers(408, 413, 422, 429, 507), openapi_extra=_BODY)
async def upload(
    request: Request,
    studio: Studio,
    name: Annotated[str, Query(description="The file's name, for people.")] = "picture",
) -> PictureOut:
    """Give a picture: the body is the file."""
    return await studio.intake.upload(name, request.stream())


@router.get("/recent", responses=answers(422))
def recent(role: Literal["photo", "painting"], studio: Studio) -> list[PictureOut]:
    """The pictures that were used last."""
    return history.recent(studio.folder, role)


@router.get("/{picture}", responses=answers(404, 422))
def one(picture: PictureId, studio: Studio) -> PictureOut:
    """A picture."""
    return history.picture(studio.folder, picture)


@router.get("/{picture}/thumbnail", response_class=FileResponse, responses=webp() | answers(404, 422))
def thumbnail(picture: PictureId, studio: Studio) -> FileResponse:
    """A small one."""
    history.picture(studio.folder, picture)
    return FileResponse(studio.folder.thumbnail(picture), media_type="image/webp", headers=FOREVER)


@router.get("/{picture}/display", response_class=FileResponse, responses=webp() | answers(404, 422))
def display(picture: PictureId, studio: Studio) -> FileResponse:
    """One that any browser shows."""
    history.picture(studio.folder, picture)
    return FileResponse(studio.folder.display(picture), media_type="image/webp", headers=FOREVER)
