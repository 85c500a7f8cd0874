"""The jobs: queued, running and ended."""

import asyncio
import re
from pathlib import Path as FilePath
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse

from impasto.errors import ImageError, SettingsError, count_noun
from impasto.settings.per_painting import check_counts
from impasto.studio.controls import check_sizes, settings_of
from impasto.studio.errors import StateError
from impasto.studio.schemas import JobId, JobIn, JobOut, JobPage, MoveIn, PictureOut, Steps
from impasto.studio.server import queries
from impasto.studio.server.dependencies import REVALIDATE, Context, StudioContext, error_responses, webp_response
from impasto.studio.server.files import StoredFile, missing_file
from impasto.studio.server.processes import run_module
from impasto.studio.server.work import run_while_connected
from impasto.studio.store import queue, quota

router = APIRouter(prefix="/jobs")


Count = Annotated[int, Query(ge=0, le=2**53)]
Format = Literal["png", "jpeg", "webp"]


@router.post("", status_code=201, responses=error_responses(404, 422, 429, 507))
def add_job(new: JobIn, context: Context) -> JobOut:
    """Add a job to the queue."""
    return _enqueue(context, new)


@router.get("", responses=error_responses(422))
def list_jobs(
    context: Context, before: JobId | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 24
) -> JobPage:
    """List the jobs, newest first."""
    page = queries.page(context.folder, before, limit)
    page.problems = context.alerts.added_to(page.problems)
    return page


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
    """Cancel a job and discard its picture."""
    queue.request_action(context.folder, job, "cancel")
    return queries.job(context.folder, job)


@router.post("/{job}/keep", responses=error_responses(404, 409, 422))
def keep_job(job: JobId, context: Context) -> JobOut:
    """Stop a running job and keep its picture as it is."""
    queue.request_action(context.folder, job, "keep")
    return queries.job(context.folder, job)


@router.post("/{job}/retry", status_code=201, responses=error_responses(404, 422, 429, 507))
def retry_job(job: JobId, context: Context) -> JobOut:
    """Add a new job with the same pictures and settings."""
    former = queries.job(context.folder, job)
    pictures = {"photo": former.photo and former.photo.id, "paintings": [it.id for it in former.paintings]}
    return _enqueue(context, JobIn(**pictures, settings=former.settings))


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
    adding = context.uploads.add_file(context.folder.result(job), _file_name(found, "png"))
    return await run_while_connected(request, adding)


@router.get(
    "/{job}/previews/{number}", response_class=FileResponse, responses=webp_response() | error_responses(404, 422)
)
def job_preview(job: JobId, number: Annotated[int, Path(ge=1, le=2**53)], context: Context) -> FileResponse:
    """Get a preview of a running job; only the latest ones are kept."""
    hint = "The job names its latest preview."
    return StoredFile(context.folder.preview(job, number), "image/webp", REVALIDATE, hint=hint)


@router.get("/{job}/thumbnail", response_class=FileResponse, responses=webp_response() | error_responses(404, 409, 422))
def job_thumbnail(job: JobId, context: Context) -> FileResponse:
    """Get a 320 px WebP thumbnail of the result."""
    _finished(context, job)
    return StoredFile(context.folder.result_thumbnail(job), "image/webp", REVALIDATE)


@router.get(
    "/{job}/result",
    response_class=Response,
    responses={
        200: {"content": {f"image/{kind}": {} for kind in ("png", "jpeg", "webp")}},
        **error_responses(404, 409, 422, 429),
    },
)
async def job_result(
    request: Request,
    job: JobId,
    context: Context,
    file_format: Annotated[Format, Query(alias="format")] = "png",
    download: bool = False,  # noqa: FBT001, FBT002 - a query's parameter
) -> Response:
    """Get the result; as PNG it contains the settings as metadata."""
    found = await asyncio.to_thread(_finished, context, job)
    path = context.folder.result(job)
    headers = REVALIDATE | (_as_download(_file_name(found, file_format)) if download else {})
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


def _enqueue(context: StudioContext, new: JobIn) -> JobOut:
    """Add a job to the queue, unless it could never be painted."""
    folder, limits = context.folder, context.limits
    if not (new.photo or new.paintings):
        raise SettingsError("neither a photograph nor a painting was given", "Give at least one of them.")
    if len(new.paintings) > limits.paintings:
        problem = f"a job takes at most {count_noun(limits.paintings, 'painting')}, not {len(new.paintings)}"
        raise SettingsError(problem, "Choose fewer of them.")
    settings = settings_of(new.settings, limits)
    check_counts(settings, len(new.paintings))
    queue.touch_pictures(folder, [picture for picture in (new.photo, *new.paintings) if picture])

    def size(picture: str) -> tuple[int, int]:
        found = queries.picture(folder, picture, limits)
        return found.width, found.height

    photo, paintings = size(new.photo) if new.photo else None, [size(painting) for painting in new.paintings]
    check_sizes(settings, photo, paintings, limits)
    quota.check(folder, limits)
    return queries.job(folder, queue.enqueue(folder, new.photo, new.paintings, settings, limits))


def _finished(context: StudioContext, job: int) -> JobOut:
    found = queries.job(context.folder, job)
    if found.state != "finished":
        raise StateError(f"job {job} is {found.state}", "Only a finished job has a result.")
    return found


def _file_name(job: JobOut, suffix: str) -> str:
    """Name a result like the command does, photo-painting, without characters that a file system may refuse."""
    stems = [picture.name.rpartition(".")[0] or picture.name for picture in (job.photo, *job.paintings[:1]) if picture]
    safe = "-".join(re.sub(r'[\x00-\x1f\x7f"*/:<>?\\|]', "_", stem).strip(". ") for stem in stems)
    return f"{safe or 'picture'}.{suffix}"


def _as_download(name: str) -> dict[str, str]:
    """Give the name twice: in ASCII for any browser, and in full (RFC 6266)."""
    ascii_name = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    encoded = quote(name, safe="")
    return {"content-disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{encoded}"}
