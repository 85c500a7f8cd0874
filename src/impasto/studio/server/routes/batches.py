"""The batches: many photographs painted alike, and sheets of one photograph painted in many ways."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from impasto.studio.schemas import Album, BatchIn, BatchOut, JobId
from impasto.studio.server import orders, queries
from impasto.studio.server.dependencies import Context, error_responses, zip_response
from impasto.studio.server.downloads import safe_stem, zip_download
from impasto.studio.store import batches

router = APIRouter()


@router.post("/batches", status_code=201, responses=error_responses(404, 422, 429, 507))
def add_batch(new: BatchIn, context: Context) -> BatchOut:
    """Add a batch: all of its jobs go to the queue, or none."""
    return queries.batch(context.folder, orders.add_batch(context, new))


@router.get("/batches/{batch}", responses=error_responses(404, 422))
def get_batch(batch: JobId, context: Context) -> BatchOut:
    """Get a batch; its jobs are listed by `/api/jobs?batch=`."""
    return queries.batch(context.folder, batch)


@router.post("/batches/{batch}/cancel", responses=error_responses(404, 422))
def cancel_batch(batch: JobId, context: Context) -> BatchOut:
    """Cancel the batch's unfinished jobs."""
    batches.cancel(context.folder, batch)
    return queries.batch(context.folder, batch)


@router.post("/batches/{batch}/retry", responses=error_responses(404, 422, 429))
def retry_batch(batch: JobId, context: Context) -> BatchOut:
    """Retry the batch's failed and cancelled jobs."""
    batches.retry(context.folder, batch, context.limits)
    return queries.batch(context.folder, batch)


@router.get(
    "/batches/{batch}/zip", response_class=StreamingResponse, responses=zip_response() | error_responses(404, 422)
)
def zip_batch(batch: JobId, context: Context) -> StreamingResponse:
    """Download the results of a batch, with a manifest."""
    found = queries.batch(context.folder, batch)
    jobs = queries.jobs_of_batch(context.folder, batch)
    return zip_download(context.folder, jobs, f"{safe_stem(found.name)}.zip", found.refused)


@router.get("/albums", responses=error_responses())
def list_albums(context: Context) -> list[Album]:
    """List the albums."""
    return queries.albums(context.folder)
