"""What is painted, was painted and is waiting."""

import asyncio
import re
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse

from impasto import images
from impasto.errors import SettingsError
from impasto.studio import history, jobs, quota
from impasto.studio.jobs import MissingError, StateError
from impasto.studio.knobs import settings_of
from impasto.studio.schemas import JobId, JobIn, JobOut, JobPage, MoveIn, PictureOut, Steps
from impasto.studio.state import LATEST, State, Studio, answers, webp

router = APIRouter(prefix="/jobs")


Count = Annotated[int, Query(ge=0, le=2**53)]
Format = Literal["png", "jpeg", "webp"]


@router.post("", status_code=201, responses=answers(404, 422, 429, 507))
def add(asked: JobIn, studio: Studio) -> JobOut:
    """Ask for a picture; it is painted when its turn comes."""
    if not (asked.photo or asked.paintings):
        raise SettingsError("neither a photograph nor a painting was given", "Give at least one of them.")
    settings = settings_of(asked.settings)
    jobs.renew(studio.folder, [picture for picture in (asked.photo, *asked.paintings) if picture])
    quota.check(studio.folder, studio.limits.folder_bytes)
    return history.job(studio.folder, jobs.add(studio.folder, asked.photo, asked.paintings, settings))


@router.get("", responses=answers(422))
def page(studio: Studio, before: JobId | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 24) -> JobPage:
    """The history, the newest first."""
    return history.page(studio.folder, before, limit)


@router.get("/{job}", responses=answers(404, 422))
def one(job: JobId, studio: Studio) -> JobOut:
    """A job."""
    return history.job(studio.folder, job)


@router.get("/{job}/steps", responses=answers(404, 422))
def steps(job: JobId, studio: Studio, attempt: Count | None = None, after: Count = 0) -> Steps:
    """Its iterations, for the loss curve: those after one of an attempt, or all of a later attempt."""
    _, found = history.job_and_steps(studio.folder, job, attempt, after)
    return found


@router.post("/{job}/cancel", responses=answers(404, 409, 422))
def cancel(job: JobId, studio: Studio) -> JobOut:
    """Have no picture of it."""
    jobs.wish(studio.folder, job, "cancel")
    return history.job(studio.folder, job)


@router.post("/{job}/keep", responses=answers(404, 409, 422))
def keep(job: JobId, studio: Studio) -> JobOut:
    """End a running job with the picture as it is."""
    jobs.wish(studio.folder, job, "keep")
    return history.job(studio.folder, job)


@router.post("/{job}/retry", status_code=201, responses=answers(404, 422, 429, 507))
def retry(job: JobId, studio: Studio) -> JobOut:
    """Ask for the same once more, as a new job."""
    quota.check(studio.folder, studio.limits.folder_bytes)
    return history.job(studio.folder, jobs.again(studio.folder, job))


@router.post("/{job}/move", responses=answers(404, 409, 422))
def move(job: JobId, where: MoveIn, studio: Studio) -> JobOut:
    """Change a waiting job's place."""
    jobs.move(studio.folder, job, where.before)
    return history.job(studio.folder, job)


@router.delete("/{job}", status_code=204, responses=answers(404, 409, 422))
def remove(job: JobId, studio: Studio) -> None:
    """Take a job and its picture out of the history."""
    jobs.remove(studio.folder, job)


@router.post("/{job}/use", status_code=201, responses=answers(404, 409, 422, 507))
async def use(job: JobId, studio: Studio) -> PictureOut:
    """Put the finished picture among those that were given."""
    found = await asyncio.to_thread(_finished, studio, job)
    return await studio.intake.file(studio.folder.result(job), _name(found, "png"))


@router.get("/{job}/previews/{number}", response_class=FileResponse, responses=webp() | answers(404, 422))
def preview(job: JobId, number: Annotated[int, Path(ge=1, le=2**53)], studio: Studio) -> FileResponse:
    """A running job's picture as it was; only the latest are kept."""
    path = studio.folder.preview(job, number)
    if not path.exists():
        raise MissingError("this preview is gone", "Ask the job for its latest.")
    return FileResponse(path, media_type="image/webp", headers=LATEST)


@router.get("/{job}/thumbnail", response_class=FileResponse, responses=webp() | answers(404, 409, 422))
def thumbnail(job: JobId, studio: Studio) -> FileResponse:
    """The finished picture, small."""
    _finished(studio, job)
    return FileResponse(studio.folder.result_thumbnail(job), media_type="image/webp", headers=LATEST)


@router.get(
    "/{job}/result",
    response_class=Response,
    responses={200: {"content": {f"image/{kind}": {} for kind in ("png", "jpeg", "webp")}}, **answers(404, 409, 422)},
)
def result(
    job: JobId,
    studio: Studio,
    file_format: Annotated[Format, Query(alias="format")] = "png",
    download: bool = False,  # noqa: FBT001, FBT002 - a query's parameter
) -> Response:
    """The finished picture; as PNG it carries its settings."""
    found = _finished(studio, job)
    path = studio.folder.result(job)
    headers = LATEST | (_as_download(_name(found, file_format)) if download else {})
    if file_format == "png":
        return FileResponse(path, media_type="image/png", headers=headers)
    with studio.converting:
        data = images.encode(images.read(path), file_format)
    return Response(data, media_type=f"image/{file_format}", headers=headers)


def _finished(studio: State, job: int) -> JobOut:
    found = history.job(studio.folder, job)
    if found.state != "finished":
        raise StateError(f"job {job} is {found.state}", "Only a finished job has a picture.")
    return found


def _name(job: JobOut, suffix: str) -> str:
    """As the command would name it: photo-painting, of what every system takes in a file's name."""
    stems = [picture.name.rpartition(".")[0] or picture.name for picture in (job.photo, *job.paintings[:1]) if picture]
    plain = "-".join(re.sub(r'[\x00-\x1f\x7f"*/:<>?\\|]', "_", stem).strip(". ") for stem in stems)
    return f"{plain or 'picture'}.{suffix}"


def _as_download(name: str) -> dict[str, str]:
    """The name in two ways: as any browser reads it, and as it is (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return {"content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"}
