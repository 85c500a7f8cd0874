"""The recipes: those that ship, and looks of one's own."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from impasto.studio.errors import TooLargeError
from impasto.studio.schemas import RecipeIn, RecipeOut, RenameIn
from impasto.studio.server import looks
from impasto.studio.server.dependencies import IMMUTABLE, REVALIDATE, Context, error_responses, webp_response
from impasto.studio.server.downloads import as_download
from impasto.studio.server.files import StoredFile

router = APIRouter(prefix="/recipes")

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("", status_code=201, responses=error_responses(409, 422, 507))
def save_recipe(new: RecipeIn, context: Context) -> RecipeOut:
    """Save settings as a recipe of one's own."""
    return looks.save(context, new)


@router.post("/import", status_code=201, responses=error_responses(409, 422, 507), openapi_extra=_BODY)
async def import_recipe(
    request: Request,
    context: Context,
    name: Annotated[str, Query(description="Of a-z, 0-9 and -.", max_length=80)],
) -> RecipeOut:
    """Save the TOML file of a recipe as one's own: the request's body is the file."""
    data, most = bytearray(), context.limits.recipe_bytes
    async for part in request.stream():
        data += part
        if len(data) > most:
            raise TooLargeError("this file is too large for a look", f"A look has at most {most} bytes.")
    return await asyncio.to_thread(looks.import_toml, context, name, bytes(data))


@router.post("/{name}/rename", responses=error_responses(404, 409, 422))
def rename_recipe(name: str, new: RenameIn, context: Context) -> RecipeOut:
    """Rename a recipe of one's own."""
    return looks.rename(context, name, new.name)


@router.delete("/{name}", status_code=204, responses=error_responses(404, 409, 422))
def delete_recipe(name: str, context: Context) -> None:
    """Delete a recipe of one's own."""
    looks.delete(context, name)


@router.get(
    "/{name}/toml",
    response_class=Response,
    responses={200: {"content": {"application/toml": {"schema": {"type": "string"}}}}, **error_responses(404, 422)},
)
def export_recipe(name: str) -> Response:
    """Download a recipe as TOML."""
    headers = REVALIDATE | as_download(f"{name}.toml")
    return Response(looks.export_toml(name), media_type="application/toml", headers=headers)


@router.get("/{name}/thumbnail", response_class=FileResponse, responses=webp_response() | error_responses(404, 422))
def recipe_thumbnail(name: str, context: Context) -> FileResponse:
    """Get a picture made with a recipe."""
    return StoredFile(looks.thumbnail(context.folder, name), "image/webp", IMMUTABLE)
