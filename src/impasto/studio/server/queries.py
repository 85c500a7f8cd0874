"""Reads jobs and pictures from the database in the form that the page receives."""

import itertools
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from impasto.studio import controls, samples
from impasto.studio.errors import MissingError, missing_job
from impasto.studio.limits import Limits
from impasto.studio.schemas import Changes, JobOut, JobPage, Message, Origin, PictureOut, Progress, StepOut, Steps
from impasto.studio.store import database
from impasto.studio.store.folder import Folder

MAX_RECENT = 24
"""Number of recently used pictures to list."""
MAX_CHANGES = 50
"""Number of jobs in one event; a page that missed more receives the rest in the next."""
_STEP_BYTES = 100
"""Size of an iteration in JSON, about."""
_LAST_JOB = 2**62


def job(folder: Folder, number: int) -> JobOut:
    """Read one job.

    Raises:
        MissingError: there is no such job.
    """
    with database.read_transaction(folder.database) as connection:
        return _one(connection, number)


def job_and_steps(
    folder: Folder, number: int, attempt: int | None, after: int, *, max_bytes: int | None = None
) -> tuple[JobOut, Steps, bool]:
    """Read one job, its iterations after one of an attempt (None: the latest), and whether these are all.

    Args:
        folder: the studio's folder.
        number: the job's.
        attempt: the attempt that `after` belongs to; all iterations of a later attempt are read.
        after: number of an iteration.
        max_bytes: about the size of as many iterations as may be read at once, as JSON; None for all.

    Raises:
        MissingError: there is no such job.
    """
    with database.read_transaction(folder.database) as connection:
        found = _one(connection, number)
        most = -1 if max_bytes is None else max(1, max_bytes // _STEP_BYTES)  # -1 is no limit to SQLite
        rows = connection.execute(
            "SELECT number, scale, iteration, loss, elapsed FROM steps WHERE job = ? AND number > ? ORDER BY number "
            "LIMIT ?",
            (number, after if attempt in {None, found.attempt} else 0, most),
        ).fetchall()
        return found, Steps(attempt=found.attempt, steps=[StepOut(**row) for row in rows]), len(rows) != most


def page(folder: Folder, before: int | None, limit: int) -> JobPage:
    """Read a page of jobs, newest first."""
    with database.read_transaction(folder.database) as connection:
        rows = connection.execute(
            "SELECT * FROM jobs_with_queue_position WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?",
            (before, before, limit + 1),
        ).fetchall()
        following = rows[limit - 1]["id"] if len(rows) > limit else None
        return JobPage(
            jobs=_jobs(connection, rows[:limit]),
            next=following,
            version=_version(connection),
            problems=_problems(connection),
        )


def changes(
    folder: Folder, after: int, job: int | None = None, *, max_bytes: int | None = None
) -> tuple[Changes, int | None]:
    """Read the changes since a version, or the first part of them.

    Args:
        folder: the studio's folder.
        after: a version whose changes are known.
        job: with a number, only the jobs of that version up to this one are known.
        max_bytes: about the size of the part, as JSON; it has at least one job. None for no limit.

    Returns:
        The changes, whose version is the latest of which they are all; and the last job known of the version after it,
        None if none is. Pass both on for the next part.
    """
    with database.read_transaction(folder.database) as connection:
        known = after - 1 if job is not None else after
        rows = connection.execute(
            "SELECT * FROM jobs_with_queue_position WHERE (version, id) > (?, ?) ORDER BY version, id LIMIT ?",
            (after, _LAST_JOB if job is None else job, MAX_CHANGES + 1),
        ).fetchall()
        jobs = _up_to(_jobs(connection, rows[:MAX_CHANGES]), max_bytes)
        version, last = _version(connection), None
        if len(jobs) < len(rows):
            version, following = jobs[-1].version, rows[len(jobs)]
            if following["version"] == version:  # it has changed further jobs
                version, last = version - 1, jobs[-1].id
        deleted = connection.execute(
            "SELECT job FROM deleted_jobs WHERE version > ? AND version <= ?", (known, version)
        ).fetchall()
        found = Changes(
            version=version,
            jobs=jobs,
            deleted=[row["job"] for row in deleted],
            problems=_problems(connection),
        )
        return found, last


def picture(folder: Folder, picture_id: str, limits: Limits) -> PictureOut:
    """Read one uploaded picture, with its origin as far as the studio's limits support it.

    Raises:
        MissingError: there is no such picture.
    """
    with database.read_transaction(folder.database) as connection:
        found = _pictures(connection, [picture_id], limits=limits)
    if not found:
        raise MissingError("there is no such picture", "Upload it again.")
    return found[picture_id]


def recent(folder: Folder, role: str) -> list[PictureOut]:
    """List the pictures used most recently in a role."""
    with database.read_transaction(folder.database) as connection:
        rows = connection.execute(
            "SELECT picture FROM inputs WHERE role = ? GROUP BY picture ORDER BY max(job) DESC LIMIT ?",
            (role, MAX_RECENT),
        ).fetchall()
        found = _pictures(connection, [row["picture"] for row in rows])
    return [found[row["picture"]] for row in rows]


def _up_to(jobs: Sequence[JobOut], max_bytes: int | None) -> list[JobOut]:
    """Return the first jobs whose JSON is not longer than that; at least one."""
    sizes = itertools.accumulate(len(job.model_dump_json()) for job in jobs)
    return [
        job for job, size in zip(jobs, sizes, strict=True) if max_bytes is None or size <= max_bytes or job is jobs[0]
    ]


def _one(connection: sqlite3.Connection, number: int) -> JobOut:
    row = connection.execute("SELECT * FROM jobs_with_queue_position WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise missing_job(number)
    return _jobs(connection, [row])[0]


def _problems(connection: sqlite3.Connection) -> list[Message]:
    rows = connection.execute("SELECT problem, hint FROM alerts GROUP BY problem, hint ORDER BY min(worker)").fetchall()
    return [Message(**row) for row in rows]


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT version FROM change_counter").fetchone()[0])


def _jobs(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[JobOut]:
    numbers = [row["id"] for row in rows]
    inputs = connection.execute(
        "SELECT * FROM inputs WHERE job IN (SELECT value FROM json_each(?)) ORDER BY role, position",
        (json.dumps(numbers),),
    ).fetchall()
    pictures = _pictures(connection, [row["picture"] for row in inputs])
    return [
        _job(row, [(it["role"], pictures[it["picture"]]) for it in inputs if it["job"] == row["id"]]) for row in rows
    ]


def _job(row: sqlite3.Row, inputs: Sequence[tuple[str, PictureOut]]) -> JobOut:
    url, finished = f"/api/jobs/{row['id']}", row["state"] == "finished"
    return JobOut(
        id=row["id"],
        version=row["version"],
        state=row["state"],
        queue_position=row["queue_position"],
        photo=next((picture for role, picture in inputs if role == "photo"), None),
        paintings=[picture for role, picture in inputs if role == "painting"],
        settings=json.loads(row["settings"]),
        attempt=row["attempt"],
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        progress=Progress.model_validate_json(row["progress"]) if row["progress"] else None,
        preview=f"{url}/previews/{row['preview']}" if row["preview"] else None,
        result=f"{url}/result" if finished else None,
        thumbnail=f"{url}/thumbnail" if finished else None,
        width=row["width"],
        height=row["height"],
        kept_early=bool(row["kept_early"]),
        error=Message(problem=row["problem"], hint=row["hint"]) if row["problem"] else None,
    )


def _pictures(
    connection: sqlite3.Connection, ids: Sequence[str], *, limits: Limits | None = None
) -> dict[str, PictureOut]:
    requested = (json.dumps(list(ids)),)
    rows = connection.execute(
        "SELECT * FROM pictures WHERE id IN (SELECT value FROM json_each(?))", requested
    ).fetchall()
    return {row["id"]: _picture(connection, row, limits) for row in rows}


def _picture(connection: sqlite3.Connection, row: sqlite3.Row, limits: Limits | None) -> PictureOut:
    """Describe a picture; with limits, also its origin as far as they support it."""
    return PictureOut(
        id=row["id"],
        name=row["name"],
        width=row["width"],
        height=row["height"],
        bytes=row["bytes"],
        thumbnail=f"/api/pictures/{row['id']}/thumbnail",
        display=f"/api/pictures/{row['id']}/display",
        sample=samples.name_of(row["id"]),
        origin=_origin(connection, json.loads(row["origin"]), limits) if limits and row["origin"] else None,
    )


def _origin(connection: sqlite3.Connection, stated: dict[str, Any], limits: Limits) -> Origin:
    """Describe how a picture was made according to its file; its inputs may or may not be stored here."""
    inputs = stated["inputs"]
    requested = (json.dumps([it["sha256"] for it in inputs]),)
    rows = connection.execute("SELECT id FROM pictures WHERE id IN (SELECT value FROM json_each(?))", requested)
    stored = {row["id"] for row in rows.fetchall()}
    settings, unsupported = controls.supported(stated["settings"], limits)
    photos = [it["sha256"] for it in inputs if it["role"] == "content" and it["sha256"] in stored]
    return Origin.model_validate(
        {
            "settings": settings,
            "unsupported": unsupported,
            "photo": photos[0] if photos else None,
            "paintings": [it["sha256"] if it["sha256"] in stored else None for it in inputs if it["role"] == "style"],
            "missing": [it["name"] for it in inputs if it["sha256"] not in stored],
        }
    )
