"""Limits, controls, recipes and samples: all that the page needs before it starts."""

from importlib.metadata import version

from fastapi import APIRouter
from fastapi.responses import FileResponse

from impasto import images
from impasto.settings import DEFAULT_RECIPE
from impasto.studio import controls, samples
from impasto.studio.errors import MissingError
from impasto.studio.schemas import About
from impasto.studio.server.dependencies import IMMUTABLE, Context, error_responses, webp_response
from impasto.studio.server.files import StoredFile

router = APIRouter()


@router.get("/about", responses=error_responses())
def about(context: Context) -> About:
    """Get the limits, controls, recipes and samples."""
    return About(
        version=version("impasto"),
        max_bytes=context.limits.upload_bytes,
        max_pixels=context.limits.pixels,
        max_paintings=context.limits.paintings,
        max_batch=context.limits.batch_photos,
        max_side=context.limits.result_side,
        default_recipe=DEFAULT_RECIPE,
        suffixes=images.readable_suffixes(),
        controls=controls.controls(context.limits),
        layers=controls.layers(),
        recipes=controls.recipe_list({name: f"/api/recipes/{name}/thumbnail" for name in samples.recipe_thumbnails()}),
        samples=samples.pictures(),
    )


@router.get(
    "/recipes/{name}/thumbnail", response_class=FileResponse, responses=webp_response() | error_responses(404, 422)
)
def recipe_thumbnail(name: str) -> FileResponse:
    """Get a picture made with a recipe."""
    found = samples.recipe_thumbnails().get(name)
    if found is None:
        raise MissingError("there is no such thumbnail", "/api/about lists the thumbnails.")
    return StoredFile(found, "image/webp", IMMUTABLE)
