"""Reads jobs and pictures from the database in the form that the page receives."""

import itertools
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from impasto.studio import controls, samples
from impasto.studio.errors import MissingError, missing_job
from impasto.studio.limits import Limits
from impasto.studio.schemas import (
    Album,
    Axis,
    BatchOut,
    Changes,
    ClipOut,
    FilmOrder,
    FilmOut,
    JobOut,
    JobPage,
    Message,
    Origin,
    PictureOut,
    Progress,
    Refused,
    StepOut,
    Steps,
)
from impasto.studio.store import database, queue
from impasto.studio.store.folder import Folder

MAX_RECENT = 24
"""Number of recently used pictures to list."""
MAX_CHANGES = 50
"""Number of jobs in one event; a page that missed more receives the rest in the next."""
_STEP_BYTES = 100
"""Size of an iteration in JSON, about."""
_LAST_JOB = 2**62
_COVERS = 4
"""Results that a batch shows of itself."""
FILM_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif", "webp": "image/webp"}
"""Media types of films, by format."""
_STANDS_FOR_ALL = """(batch IS NULL OR id = (
    SELECT max(id) FROM jobs AS other WHERE other.batch = jobs_with_queue_position.batch AND other.trashed IS NULL))"""


@dataclass(frozen=True)
class JobFilter:
    """Which jobs are asked for; nothing for all, with one for each batch."""

    search: str = ""
    """Words that all have to occur in a picture's name or title, the recipe or the date (`2026-11-29`, `november`)."""
    album: str | None = None
    favorite: bool = False
    batch: int | None = None
    state: str | None = None

    def condition(self) -> tuple[str, dict[str, object]]:
        """Give it in SQL, with its values."""
        parts, values = [], dict[str, object]()
        for place, word in enumerate(queue.comparable(self.search).split()):
            parts.append(f"instr(words, :word{place})")
            values[f"word{place}"] = word
        if self.album is not None:
            parts.append("album = :album")
        if self.favorite:
            parts.append("favorite")
        if self.batch is not None:
            parts.append("batch = :batch")
        if self.state is not None:
            parts.append("state = :state")
        return " AND ".join(parts or [_STANDS_FOR_ALL]), values | {
            "album": self.album,
            "batch": self.batch,
            "state": self.state,
        }


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


def page(folder: Folder, before: int | None, limit: int, asked: JobFilter = JobFilter()) -> JobPage:
    """Read a page of the jobs that are asked for, newest first."""
    condition, values = asked.condition()
    with database.read_transaction(folder.database) as connection:
        rows = connection.execute(
            f"SELECT * FROM jobs_with_queue_position WHERE (:before IS NULL OR id < :before) AND {condition} "  # noqa: S608
            "ORDER BY id DESC LIMIT :limit",
            values | {"before": before, "limit": limit + 1},
        ).fetchall()
        following = rows[limit - 1]["id"] if len(rows) > limit else None
        return JobPage(
            jobs=_jobs(connection, rows[:limit]),
            batches=_batches(connection, rows[:limit]),
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
            batches=_batches(connection, rows[: len(jobs)]),
            deleted=[row["job"] for row in deleted],
            problems=_problems(connection),
        )
        return found, last


def batch(folder: Folder, number: int) -> BatchOut:
    """Read one batch.

    Raises:
        MissingError: there is no such batch.
    """
    with database.read_transaction(folder.database) as connection:
        found = _batches(connection, [{"batch": number}], with_refused=True)
    if not found or not found[0].counts:
        raise MissingError(f"there is no batch {number}", "It may have been deleted.")
    return found[0]


def results(folder: Folder, jobs: Sequence[int]) -> list[JobOut]:
    """Read those of some jobs that exist, in the order in which they are named."""
    with database.read_transaction(folder.database) as connection:
        rows = connection.execute(
            "SELECT * FROM jobs_with_queue_position WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(jobs)),),
        ).fetchall()
        found = {job.id: job for job in _jobs(connection, rows)}
    return [found[job] for job in dict.fromkeys(jobs) if job in found]


def jobs_of_batch(folder: Folder, number: int) -> list[JobOut]:
    """Read the jobs of a batch, in the order in which they were ordered."""
    with database.read_transaction(folder.database) as connection:
        rows = connection.execute("SELECT * FROM jobs_with_queue_position WHERE batch = ? ORDER BY id", (number,))
        return _jobs(connection, rows.fetchall())


def albums(folder: Folder) -> list[Album]:
    """List the albums by name."""
    with database.read_transaction(folder.database) as connection:
        rows = connection.execute(
            "SELECT album AS name, count(*) AS jobs FROM jobs WHERE album != '' AND trashed IS NULL GROUP BY album "
            "ORDER BY album COLLATE NOCASE"
        ).fetchall()
    return [Album(**row) for row in rows]


def same_job(folder: Folder, order: queue.Order) -> int | None:
    """Find the latest finished or waiting job of the same order."""
    with database.read_transaction(folder.database) as connection:
        found = _same_job(connection, order, "state IN ('queued', 'running', 'finished')")
    return int(found["id"]) if found else None


def seconds_by_preview(folder: Folder, order: queue.Order) -> float | None:
    """Find how long a film takes according to the latest preview of it; None where there is none."""
    if order.film is None:
        return None
    preview = replace(order, film=order.film.model_copy(update={"preview": True}))
    with database.read_transaction(folder.database) as connection:
        found = _same_job(connection, preview, "whole_seconds IS NOT NULL")
    return float(found["whole_seconds"]) if found else None


def _same_job(connection: sqlite3.Connection, order: queue.Order, condition: str) -> sqlite3.Row | None:
    """Find the latest job with the same settings and the same inputs that meets a condition, in SQL."""
    rows: list[sqlite3.Row] = connection.execute(
        "SELECT id, whole_seconds FROM jobs WHERE settings = ? AND film IS ? AND trashed IS NULL AND NOT kept_early "  # noqa: S608
        f"AND {condition} ORDER BY id DESC",
        (order.settings.model_dump_json(), order.film and order.film.model_dump_json()),
    ).fetchall()
    for row in rows:
        found = connection.execute("SELECT role, position, picture FROM inputs WHERE job = ?", (row["id"],))
        if {tuple(it) for it in found.fetchall()} == set(order.inputs):
            return row
    return None


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


def clips(folder: Folder, pictures: Iterable[str]) -> dict[str, ClipOut]:
    """Read what there is to know of those of some uploaded pictures that are clips."""
    with database.read_transaction(folder.database) as connection:
        rows = connection.execute(
            "SELECT id, clip FROM pictures WHERE clip IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(set(pictures))),),
        ).fetchall()
    return {row["id"]: _clip(row) for row in rows}


def sizes(folder: Folder, pictures: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Read the width and height of uploaded pictures.

    Raises:
        MissingError: there is no such picture.
    """
    asked = set(pictures)
    with database.read_transaction(folder.database) as connection:
        rows = connection.execute(
            "SELECT id, width, height FROM pictures WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(asked)),),
        ).fetchall()
    found = {row["id"]: (row["width"], row["height"]) for row in rows}
    if len(found) < len(asked):
        raise MissingError("there is no such picture", "Upload it again.")
    return found


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


def _batches(
    connection: sqlite3.Connection, rows: Sequence[Mapping[str, Any] | sqlite3.Row], *, with_refused: bool = False
) -> list[BatchOut]:
    """Read the batches that jobs belong to."""
    wanted = (json.dumps(sorted({row["batch"] for row in rows if row["batch"] is not None})),)
    found = connection.execute("SELECT * FROM batches WHERE id IN (SELECT value FROM json_each(?))", wanted).fetchall()
    counts: dict[int, dict[str, int]] = {row["id"]: {} for row in found}
    for row in connection.execute(
        "SELECT batch, state, count(*) AS jobs FROM jobs WHERE trashed IS NULL "
        "AND batch IN (SELECT value FROM json_each(?)) GROUP BY batch, state",
        wanted,
    ).fetchall():
        counts[row["batch"]][row["state"]] = row["jobs"]
    return [_batch(connection, row, counts[row["id"]], with_refused=with_refused) for row in found]


def _batch(connection: sqlite3.Connection, row: sqlite3.Row, counts: dict[str, int], *, with_refused: bool) -> BatchOut:
    refused = json.loads(row["refused"])
    finished = connection.execute(
        "SELECT id FROM jobs WHERE batch = ? AND state = 'finished' AND trashed IS NULL ORDER BY id LIMIT ?",
        (row["id"], _COVERS),
    ).fetchall()
    newest = connection.execute(
        "SELECT max(id) FROM jobs WHERE batch = ? AND trashed IS NULL", (row["id"],)
    ).fetchone()[0]
    return BatchOut.model_validate(
        {
            "id": row["id"],
            "kind": row["kind"],
            "name": row["name"],
            "created": row["created"],
            "axes": [Axis(**it) for it in json.loads(row["axes"])],
            "unreadable": len(refused),
            "refused": [Refused(**it) for it in refused] if with_refused else [],
            "counts": counts,
            "covers": [f"/api/jobs/{it['id']}/thumbnail" for it in finished],
            "newest": newest,
        }
    )


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
    by_job: dict[int, list[tuple[str, PictureOut]]] = {number: [] for number in numbers}
    for it in inputs:
        by_job[it["job"]].append((it["role"], pictures[it["picture"]]))
    return [_job(row, by_job[row["id"]]) for row in rows]


def _job(row: sqlite3.Row, inputs: Sequence[tuple[str, PictureOut]]) -> JobOut:
    url, finished = f"/api/jobs/{row['id']}", row["state"] == "finished"
    return JobOut(
        id=row["id"],
        version=row["version"],
        state=row["state"],
        queue_position=row["queue_position"],
        photo=next((picture for role, picture in inputs if role == "photo"), None),
        paintings=[picture for role, picture in inputs if role == "painting"],
        masks=[picture for role, picture in inputs if role == "mask"],
        keep=next((picture for role, picture in inputs if role == "keep"), None),
        batch=row["batch"],
        favorite=bool(row["favorite"]),
        album=row["album"],
        settings=json.loads(row["settings"]),
        film=_film(row, next((picture.clip for role, picture in inputs if role == "photo"), None)),
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


def _film(row: sqlite3.Row, clip: ClipOut | None) -> FilmOut | None:
    if row["film"] is None:
        return None
    order = FilmOrder.model_validate_json(row["film"])
    whole = clip.seconds if clip else 0.0
    return FilmOut(
        **order.model_dump(),
        seconds=max(0.0, min(order.end or whole, whole) - order.start),
        frames=row["frames"],
        painted=row["painted"],
        remaining=row["remaining"],
        whole_seconds=row["whole_seconds"],
        media_type=FILM_TYPES[order.format],
        poster=f"/api/jobs/{row['id']}/poster" if row["state"] == "finished" else None,
    )


def _clip(row: sqlite3.Row) -> ClipOut:
    found = json.loads(row["clip"])
    return ClipOut(**found, url=f"/api/pictures/{row['id']}/file")


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
        clip=_clip(row) if row["clip"] else None,
        origin=_origin(connection, json.loads(row["origin"]), limits) if limits and row["origin"] else None,
    )


def _origin(connection: sqlite3.Connection, stated: dict[str, Any], limits: Limits) -> Origin:
    """Describe how a picture was made according to its file; its inputs may or may not be stored here."""
    inputs = stated["inputs"]
    # The worker names masks by their digests: what is here of these comes back, as the other inputs do.
    named, keep = stated["settings"].get("mask"), stated["settings"].get("keep_mask")
    named = [str(it) for it in named] if isinstance(named, list) else []
    requested = (json.dumps([*(it["sha256"] for it in inputs), *named, str(keep)]),)
    rows = connection.execute("SELECT id FROM pictures WHERE id IN (SELECT value FROM json_each(?))", requested)
    stored = {row["id"] for row in rows.fetchall()}
    masks = named if stored.issuperset(named) else []
    keep = keep if isinstance(keep, str) and keep in stored else None
    found = {"mask": masks, "keep_mask": keep}
    own = {name: value for name, value in stated["settings"].items() if not found.get(name)}
    settings, unsupported = controls.supported(own, limits)
    photos = [it["sha256"] for it in inputs if it["role"] == "content" and it["sha256"] in stored]
    return Origin.model_validate(
        {
            "settings": settings,
            "unsupported": unsupported,
            "photo": photos[0] if photos else None,
            "masks": masks,
            "keep": keep,
            "paintings": [it["sha256"] if it["sha256"] in stored else None for it in inputs if it["role"] == "style"],
            "missing": [it["name"] for it in inputs if it["sha256"] not in stored],
        }
    )
