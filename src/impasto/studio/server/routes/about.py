"""What the page needs before it starts."""

from importlib.metadata import version

from fastapi import APIRouter
from fastapi.responses import FileResponse

from impasto import images
from impasto.settings import DEFAULT_RECIPE
from impasto.studio import knobs, shelf
from impasto.studio.jobs import MissingError
from impasto.studio.schemas import MAX_PAINTINGS, About
from impasto.studio.state import FOREVER, Studio, answers, webp

router = APIRouter()


@router.get("/about", responses=answers())
def about(studio: Studio) -> About:
    """Limits, settings, recipes and pictures that ship."""
    return About(
        version=version("impasto"),
        max_bytes=studio.limits.upload_bytes,
        max_pixels=studio.limits.pixels,
        max_paintings=MAX_PAINTINGS,
        default_recipe=DEFAULT_RECIPE,
        suffixes=images.readable_suffixes(),
        knobs=knobs.knobs(),
        layers=knobs.layers(),
        recipes=knobs.recipe_list({name: f"/api/recipes/{name}/card" for name in shelf.cards()}),
        shelf=shelf.pictures(),
    )


@router.get("/recipes/{name}/card", response_class=FileResponse, responses=webp() | answers(404, 422))
def card(name: str) -> FileResponse:
    """A picture made by a recipe."""
    found = shelf.cards().get(name)
    if found is None:
        raise MissingError("there is no such card", "Ask /api/about for those that there are.")
    return FileResponse(found, media_type="image/webp", headers=FOREVER)
