"""What the database says of jobs and pictures, as the page is told."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from impasto.studio import database, knobs, shelf
from impasto.studio.folder import Folder
from impasto.studio.jobs import MissingError, missing_job
from impasto.studio.schemas import Changes, JobOut, JobPage, Message, Origin, PictureOut, Progress, StepOut, Steps

RECENT = 24
"""How many pictures that were used before are shown."""
MANY_CHANGES = 100
"""About as many jobs as one event tells of; a page that missed more is told the rest in the next."""


def job(folder: Folder, number: int) -> JobOut:
    """One job.

    Raises:
        MissingError: there is no such job.
    """
    with database.reading(folder.database) as connection:
        return _one(connection, number)


def job_and_steps(folder: Folder, number: int, attempt: int | None, after: int) -> tuple[JobOut, Steps]:
    """One job, and its iterations after one of an attempt (None: the latest); if it has begun another, all of that.

    Raises:
        MissingError: there is no such job.
    """
    with database.reading(folder.database) as connection:
        found = _one(connection, number)
        rows = connection.execute(
            "SELECT number, scale, iteration, loss, elapsed FROM steps WHERE job = ? AND number > ? ORDER BY number",
            (number, after if attempt in {None, found.attempt} else 0),
        ).fetchall()
        return found, Steps(attempt=found.attempt, steps=[StepOut(**row) for row in rows])


def page(folder: Folder, before: int | None, limit: int) -> JobPage:
    """Some jobs, the newest first."""
    with database.reading(folder.database) as connection:
        rows = connection.execute(
            "SELECT * FROM placed_jobs WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?", (before, before, limit + 1)
        ).fetchall()
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        return JobPage(
            jobs=_jobs(connection, rows[:limit]),
            next=more,
            version=_version(connection),
            troubles=_troubles(connection),
        )


def changes(folder: Folder, after: int) -> Changes:
    """What has changed since a version."""
    with database.reading(folder.database) as connection:
        # Several jobs may share a version: an answer ends with all of those.
        full = connection.execute(
            "SELECT version FROM jobs WHERE version > ? ORDER BY version LIMIT 1 OFFSET ?", (after, MANY_CHANGES)
        ).fetchone()
        version = full["version"] if full else _version(connection)
        rows = connection.execute(
            "SELECT * FROM placed_jobs WHERE version > ? AND version <= ? ORDER BY id", (after, version)
        ).fetchall()
        removed = connection.execute("SELECT job FROM removed WHERE version > ?", (after,)).fetchall()
        return Changes(
            version=version,
            jobs=_jobs(connection, rows),
            removed=[row["job"] for row in removed],
            troubles=_troubles(connection),
        )


def picture(folder: Folder, picture_id: str) -> PictureOut:
    """One picture.

    Raises:
        MissingError: there is no such picture.
    """
    with database.reading(folder.database) as connection:
        found = _pictures(connection, [picture_id], origins=True)
    if not found:
        raise MissingError("there is no such picture", "Give it to the studio once more.")
    return found[picture_id]


def recent(folder: Folder, role: str) -> list[PictureOut]:
    """The pictures that were used last in a role."""
    with database.reading(folder.database) as connection:
        rows = connection.execute(
            "SELECT picture FROM inputs WHERE role = ? GROUP BY picture ORDER BY max(job) DESC LIMIT ?", (role, RECENT)
        ).fetchall()
        found = _pictures(connection, [row["picture"] for row in rows])
    return [found[row["picture"]] for row in rows]


def _one(connection: sqlite3.Connection, number: int) -> JobOut:
    row = connection.execute("SELECT * FROM placed_jobs WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise missing_job(number)
    return _jobs(connection, [row])[0]


def _troubles(connection: sqlite3.Connection) -> list[Message]:
    rows = connection.execute(
        "SELECT problem, hint FROM troubles GROUP BY problem, hint ORDER BY min(painter)"
    ).fetchall()
    return [Message(**row) for row in rows]


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT version FROM clock").fetchone()[0])


def _jobs(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[JobOut]:
    numbers = [row["id"] for row in rows]
    inputs = connection.execute(
        "SELECT * FROM inputs WHERE job IN (SELECT value FROM json_each(?)) ORDER BY role, place",
        (json.dumps(numbers),),
    ).fetchall()
    pictures = _pictures(connection, [row["picture"] for row in inputs])
    return [
        _job(row, [(it["role"], pictures[it["picture"]]) for it in inputs if it["job"] == row["id"]]) for row in rows
    ]


def _job(row: sqlite3.Row, inputs: Sequence[tuple[str, PictureOut]]) -> JobOut:
    here, finished = f"/api/jobs/{row['id']}", row["state"] == "finished"
    return JobOut(
        id=row["id"],
        version=row["version"],
        state=row["state"],
        place=row["place"],
        photo=next((picture for role, picture in inputs if role == "photo"), None),
        paintings=[picture for role, picture in inputs if role == "painting"],
        settings=json.loads(row["settings"]),
        attempt=row["attempt"],
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        progress=Progress.model_validate_json(row["progress"]) if row["progress"] else None,
        preview=f"{here}/previews/{row['preview']}" if row["preview"] else None,
        result=f"{here}/result" if finished else None,
        thumbnail=f"{here}/thumbnail" if finished else None,
        width=row["width"],
        height=row["height"],
        kept_early=bool(row["kept_early"]),
        error=Message(problem=row["problem"], hint=row["hint"]) if row["problem"] else None,
    )


def _pictures(connection: sqlite3.Connection, ids: Sequence[str], *, origins: bool = False) -> dict[str, PictureOut]:
    wanted = (json.dumps(list(ids)),)
    rows = connection.execute("SELECT * FROM pictures WHERE id IN (SELECT value FROM json_each(?))", wanted).fetchall()
    return {row["id"]: _picture(connection, row, with_origin=origins) for row in rows}


def _picture(connection: sqlite3.Connection, row: sqlite3.Row, *, with_origin: bool) -> PictureOut:
    return PictureOut(
        id=row["id"],
        name=row["name"],
        width=row["width"],
        height=row["height"],
        bytes=row["bytes"],
        thumbnail=f"/api/pictures/{row['id']}/thumbnail",
        display=f"/api/pictures/{row['id']}/display",
        shelf=shelf.name_of(row["id"]),
        origin=_origin(connection, json.loads(row["origin"])) if with_origin and row["origin"] else None,
    )


def _origin(connection: sqlite3.Connection, stated: dict[str, Any]) -> Origin:
    """Where a picture came from, by what its file says; its inputs may or may not be here."""
    inputs = stated["inputs"]
    wanted = (json.dumps([it["sha256"] for it in inputs]),)
    rows = connection.execute("SELECT id FROM pictures WHERE id IN (SELECT value FROM json_each(?))", wanted).fetchall()
    here = {row["id"] for row in rows}
    settings, left_out = knobs.usable(stated["settings"])
    photos = [it["sha256"] for it in inputs if it["role"] == "content" and it["sha256"] in here]
    return Origin.model_validate(
        {
            "settings": settings,
            "left_out": left_out,
            "photo": photos[0] if photos else None,
            "paintings": [it["sha256"] if it["sha256"] in here else None for it in inputs if it["role"] == "style"],
            "missing": [it["name"] for it in inputs if it["sha256"] not in here],
        }
    )
