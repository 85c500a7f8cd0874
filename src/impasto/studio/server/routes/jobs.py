"""The jobs: queued, running and ended."""

import asyncio
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from impasto.errors import ImageError
from impasto.studio.errors import StateError
from impasto.studio.schemas import (
    EstimateOut,
    JobEdits,
    JobId,
    JobIn,
    JobOut,
    JobPage,
    JobsIn,
    JobState,
    MoveIn,
    PictureOut,
    Steps,
)
from impasto.studio.server import orders, queries
from impasto.studio.server.dependencies import (
    REVALIDATE,
    Context,
    StudioContext,
    error_responses,
    file_response,
    webp_response,
    zip_response,
)
from impasto.studio.server.downloads import as_download, file_name, result_name, result_path, zip_download
from impasto.studio.server.files import StoredFile, missing_file
from impasto.studio.server.processes import run_module
from impasto.studio.server.work import run_while_connected
from impasto.studio.store import queue, trash

router = APIRouter(prefix="/jobs")


Count = Annotated[int, Query(ge=0, le=2**53)]
Format = Literal["png", "jpeg", "webp"]
Search = Annotated[str, Query(max_length=80, description="Words of names, titles, recipe and date.")]


@dataclass(frozen=True)
class JobQuery:
    """Which jobs are asked for."""

    search: Search = ""
    album: Annotated[str | None, Query(max_length=80)] = None
    favorite: bool = False
    batch: JobId | None = None
    state: JobState | None = None

    @property
    def filter(self) -> queries.JobFilter:
        """The same for the database."""
        return queries.JobFilter(self.search, self.album, self.favorite, self.batch, self.state)


@router.post("", status_code=201, responses=error_responses(404, 422, 429, 507))
def add_job(new: JobIn, context: Context) -> JobOut:
    """Add a job to the queue."""
    return queries.job(context.folder, orders.add(context, new))


@router.post("/estimate", responses=error_responses(404, 422))
def estimate_job(new: JobIn, context: Context) -> EstimateOut:
    """Estimate what a job would take, without adding it; refused as that would be."""
    return orders.estimate(context, new)


@router.get("", responses=error_responses(422))
def list_jobs(
    context: Context,
    asked: Annotated[JobQuery, Depends()],
    before: JobId | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 24,
) -> JobPage:
    """List jobs, newest first: all, with one for each batch, or those that are asked for."""
    page = queries.page(context.folder, before, limit, asked.filter)
    page.problems = context.alerts.added_to(page.problems)
    return page


@router.post("/edit", status_code=204, responses=error_responses(404, 422))
def edit_jobs(edits: JobEdits, context: Context) -> None:
    """Mark jobs as favorites, or put them into an album."""
    orders.check_count(edits.jobs, context.limits)
    album = None if edits.album is None else orders.plain_name(edits.album, context.limits)
    queue.edit(context.folder, edits.jobs, favorite=edits.favorite, album=album)


@router.post("/trash", status_code=204, responses=error_responses(404, 409, 422))
def trash_jobs(some: JobsIn, context: Context) -> None:
    """Move jobs to the trash, from where they can be restored for a while; queued ones are cancelled."""
    orders.check_count(some.jobs, context.limits)
    trash.put(context.folder, some.jobs)


@router.post("/restore", status_code=204, responses=error_responses(404, 422))
def restore_jobs(some: JobsIn, context: Context) -> None:
    """Restore those of some jobs from the trash that are still there."""
    orders.check_count(some.jobs, context.limits)
    trash.restore(context.folder, some.jobs)


@router.get("/zip", response_class=StreamingResponse, responses=zip_response() | error_responses(404, 422))
def zip_jobs(context: Context, jobs: Annotated[list[JobId], Query(min_length=1)]) -> StreamingResponse:
    """Download the results of some jobs, with a manifest."""
    orders.check_count(jobs, context.limits)
    return zip_download(context.folder, queries.results(context.folder, jobs), "impasto.zip")


@router.get("/{job}", responses=error_responses(404, 422))
def get_job(job: JobId, context: Context) -> JobOut:
    """Get a job."""
    return queries.job(context.folder, job)


@router.get("/{job}/steps", responses=error_responses(404, 422))
def job_steps(job: JobId, context: Context, attempt: Count | None = None, after: Count = 0) -> Steps:
    """Get a job's iterations after a given one of an attempt, or all of a later attempt."""
    _, found, _ = queries.job_and_steps(context.folder, job, attempt, after)
    return found


@router.post("/{job}/cancel", responses=error_responses(404, 409, 422))
def cancel_job(job: JobId, context: Context) -> JobOut:
    """Cancel a job and discard its picture; of a film, what is painted is kept for a while."""
    queue.request_action(context.folder, job, "cancel")
    return queries.job(context.folder, job)


@router.post("/{job}/keep", responses=error_responses(404, 409, 422))
def keep_job(job: JobId, context: Context) -> JobOut:
    """Stop a running job and keep its picture as it is."""
    queue.request_action(context.folder, job, "keep")
    return queries.job(context.folder, job)


@router.post("/{job}/resume", responses=error_responses(404, 409, 422, 429))
def resume_job(job: JobId, context: Context) -> JobOut:
    """Queue a film again that was cancelled or failed, to go on where it was."""
    queue.resume(context.folder, job, context.limits)
    return queries.job(context.folder, job)


@router.post("/{job}/retry", status_code=201, responses=error_responses(404, 422, 429, 507))
def retry_job(job: JobId, context: Context) -> JobOut:
    """Add a new job with the same pictures and settings."""
    return queries.job(context.folder, orders.add(context, orders.again(queries.job(context.folder, job))))


@router.post("/{job}/move", responses=error_responses(404, 409, 422))
def move_job(job: JobId, target: MoveIn, context: Context) -> JobOut:
    """Move a queued job to another position."""
    queue.move(context.folder, job, target.before)
    return queries.job(context.folder, job)


@router.delete("/{job}", status_code=204, responses=error_responses(404, 409, 422))
def delete_job(job: JobId, context: Context) -> None:
    """Delete a job and its picture."""
    queue.delete(context.folder, job)


@router.post("/{job}/use", status_code=201, responses=error_responses(404, 409, 422, 429, 507))
async def use_result(request: Request, job: JobId, context: Context) -> PictureOut:
    """Add the result to the uploaded pictures."""
    found = await asyncio.to_thread(_finished, context, job)
    adding = context.uploads.add_file(result_path(context.folder, found), result_name(found))
    return await run_while_connected(request, adding)


@router.get(
    "/{job}/previews/{number}", response_class=FileResponse, responses=webp_response() | error_responses(404, 422)
)
def job_preview(job: JobId, number: Annotated[int, Path(ge=1, le=2**53)], context: Context) -> FileResponse:
    """Get a preview of a running job; only the latest ones are kept."""
    hint = "The job names its latest preview."
    return StoredFile(context.folder.preview(job, number), "image/webp", REVALIDATE, hint=hint)


@router.get("/{job}/poster", response_class=FileResponse, responses=webp_response() | error_responses(404, 409, 422))
def job_poster(job: JobId, context: Context) -> FileResponse:
    """Get a WebP that stands for the job's film until it plays."""
    _finished(context, job)
    return StoredFile(context.folder.poster(job), "image/webp", REVALIDATE)


@router.get("/{job}/thumbnail", response_class=FileResponse, responses=webp_response() | error_responses(404, 409, 422))
def job_thumbnail(job: JobId, context: Context) -> FileResponse:
    """Get a 320 px WebP thumbnail of the result."""
    _finished(context, job)
    return StoredFile(context.folder.result_thumbnail(job), "image/webp", REVALIDATE)


@router.get(
    "/{job}/result",
    response_class=Response,
    responses={
        **file_response("image/png", "image/jpeg", "image/webp", "image/gif", "video/mp4", "video/webm"),
        **error_responses(404, 409, 416, 422, 429),
    },
)
async def job_result(
    request: Request,
    job: JobId,
    context: Context,
    file_format: Annotated[Format, Query(alias="format")] = "png",
    download: bool = False,  # noqa: FBT001, FBT002 - a query's parameter
) -> Response:
    """Get the result; as PNG it contains the settings as metadata. A film has the format that was ordered."""
    found = await asyncio.to_thread(_finished, context, job)
    path = result_path(context.folder, found)
    if found.film:
        name = as_download(result_name(found)) if download else {}
        return StoredFile(path, found.film.media_type, REVALIDATE | name)
    headers = REVALIDATE | (as_download(file_name(found, file_format)) if download else {})
    if file_format == "png":
        return StoredFile(path, "image/png", headers)
    data = await run_while_connected(request, _convert(context, path, file_format))
    return Response(data, media_type=f"image/{file_format}", headers=headers)


async def _convert(context: StudioContext, path: FilePath, file_format: Format) -> bytes:
    async with context.conversions.turn():
        try:
            module = "impasto.studio.server.convert"
            data, status = await run_module(module, str(path), file_format, limits=context.limits)
        except TimeoutError:
            status = -1
    if status and not await asyncio.to_thread(path.is_file):
        raise missing_file()
    if status:
        raise ImageError(f"the result could not be converted to {file_format}", "Download it as PNG.")
    return data


def _finished(context: StudioContext, job: int) -> JobOut:
    found = queries.job(context.folder, job)
    if found.state != "finished":
        raise StateError(f"job {job} is {found.state}", "Only a finished job has a result.")
    return found
