"""Limits, controls, recipes and samples: all that the page needs before it starts."""

from importlib.metadata import version

from fastapi import APIRouter

from impasto import images
from impasto.settings import DEFAULT_RECIPE
from impasto.studio import controls, samples
from impasto.studio.schemas import About
from impasto.studio.server import looks
from impasto.studio.server.dependencies import Context, error_responses
from impasto.video.write.codecs import CONTAINERS

router = APIRouter()


@router.get("/about", responses=error_responses())
def about(context: Context) -> About:
    """Get the limits, controls, recipes and samples."""
    return About(
        version=version("impasto"),
        max_bytes=context.limits.upload_bytes,
        max_pixels=context.limits.pixels,
        max_clip_bytes=context.limits.clip_bytes,
        max_paintings=context.limits.paintings,
        max_batch=context.limits.batch_photos,
        max_cells=context.limits.sheet_cells,
        max_at_once=context.limits.edited_jobs,
        max_name=context.limits.name_length,
        max_side=context.limits.result_side,
        default_recipe=DEFAULT_RECIPE,
        suffixes=images.readable_suffixes(),
        clip_suffixes=list(CONTAINERS),
        controls=controls.controls(context.limits),
        layers=controls.layers(),
        recipes=looks.list_all(context.folder),
        samples=samples.pictures(),
    )
