"""What happens to jobs: each function is one transaction, so that a job is never between two states."""

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from impasto.engine.events import Step
from impasto.errors import ImpastoError, InputError
from impasto.settings import Settings
from impasto.studio import database
from impasto.studio.folder import Folder
from impasto.studio.schemas import Progress

MOST_QUEUED = 500
MOST_DEATHS = 5
"""How often a job may take the painter down with it."""

_GRACE = 24 * 3600.0
"""Seconds that a picture is kept for whoever gave it, though no job uses it."""

Wish = Literal["keep", "cancel"]


class MissingError(InputError):
    """There is no such job or picture."""


class StateError(InputError):
    """The job is not in a state for that."""


class BusyError(InputError):
    """Too much is waiting already."""


@dataclass(frozen=True)
class Given:
    """A picture that somebody gave."""

    id: str
    name: str


@dataclass(frozen=True)
class Work:
    """A job that the painter has taken."""

    job: int
    attempt: int
    deaths: int
    """Of painters, at this job."""
    photo: Given | None
    paintings: tuple[Given, ...]
    settings: Settings


def add(folder: Folder, photo: str | None, paintings: Sequence[str], settings: Settings) -> int:
    """Queue a job; returns its number.

    Raises:
        MissingError: a picture is not in the studio.
        BusyError: the queue is full.
    """
    with database.writing(folder.database) as connection:
        if _count(connection, "queued") >= MOST_QUEUED:
            raise BusyError(f"{MOST_QUEUED} pictures are waiting already", "Wait for some of them, or cancel some.")
        last = connection.execute("SELECT coalesce(max(position), 0) FROM jobs").fetchone()[0]
        added = connection.execute(
            "INSERT INTO jobs (version, state, position, settings, created) VALUES (?, 'queued', ?, ?, ?)",
            (database.tick(connection), last + 1, settings.model_dump_json(), time.time()),
        )
        job = int(added.lastrowid or 0)
        inputs = [("photo", 0, photo)] if photo else []
        inputs += [("painting", place, painting) for place, painting in enumerate(paintings)]
        for role, place, picture in inputs:
            _check_picture(connection, picture)
            connection.execute("INSERT INTO inputs VALUES (?, ?, ?, ?)", (job, role, place, picture))
    return job


def renew(folder: Folder, pictures: Sequence[str]) -> bool:
    """Count pictures as having come now, so that they stay for a while; returns whether all are there."""
    with database.writing(folder.database) as connection:
        found = connection.execute(
            "UPDATE pictures SET added = ? WHERE id IN (SELECT value FROM json_each(?))",
            (time.time(), json.dumps(list(pictures))),
        )
    return found.rowcount == len(set(pictures))


def again(folder: Folder, job: int) -> int:
    """Queue the same once more; returns the new job's number.

    Raises:
        MissingError: there is no such job.
        BusyError: the queue is full.
    """
    with database.reading(folder.database) as connection:
        settings = _column(connection, job, "settings")
        photo, paintings = _inputs(connection, job)
    return add(
        folder,
        photo.id if photo else None,
        [painting.id for painting in paintings],
        Settings.model_validate_json(settings),
    )


def wish(folder: Folder, job: int, what: Wish) -> None:
    """Ask for a job's end: kept as it is, or cancelled. A queued one is cancelled at once.

    Raises:
        MissingError: there is no such job.
        StateError: it has ended; or it is to be kept and has not begun.
    """
    with database.writing(folder.database) as connection:
        state = _column(connection, job, "state")
        if state == "queued" and what == "cancel":
            _end(connection, job, "cancelled")
        elif state == "running":
            connection.execute(
                "UPDATE jobs SET wish = ?, version = ? WHERE id = ?", (what, database.tick(connection), job)
            )
        else:
            raise StateError(f"job {job} is {state}", "Only a job that is being painted can be ended.")


def move(folder: Folder, job: int, before: int | None) -> None:
    """Move a queued job before another, or to the end of the queue.

    Raises:
        MissingError: there is no such job.
        StateError: one of the two is not queued.
    """
    with database.writing(folder.database) as connection:
        queue = [
            row["id"] for row in connection.execute("SELECT id FROM jobs WHERE state = 'queued' ORDER BY position")
        ]
        if job == before:
            raise StateError(f"job {job} cannot be moved before itself", "Name another one, or none for the end.")
        for one in (job, *([before] if before else [])):
            if one not in queue:
                state = _column(connection, one, "state")
                raise StateError(f"job {one} is {state}", "Only jobs that are waiting have an order.")
        queue.remove(job)
        queue.insert(queue.index(before) if before in queue else len(queue), job)
        last = connection.execute("SELECT coalesce(max(position), 0) FROM jobs WHERE state != 'queued'").fetchone()[0]
        version = database.tick(connection)
        connection.executemany(
            "UPDATE jobs SET position = ?, version = ? WHERE id = ?",
            [(last + place, version, one) for place, one in enumerate(queue, 1)],
        )


def remove(folder: Folder, job: int) -> None:
    """Take a job out of the history, and delete what it painted.

    Raises:
        MissingError: there is no such job.
        StateError: it is being painted.
    """
    with database.writing(folder.database) as connection:
        if _column(connection, job, "state") == "running":
            raise StateError(f"job {job} is being painted", "Cancel it first.")
        photo, paintings = _inputs(connection, job)
        connection.execute("INSERT INTO removed VALUES (?, ?)", (job, database.tick(connection)))
        connection.execute("DELETE FROM jobs WHERE id = ?", (job,))
        _touch_queue(connection)
        # The files in the same transaction: the same picture may be on its way in again.
        for picture in forget_unused(connection, [given.id for given in (photo, *paintings) if given]):
            folder.forget_picture(picture)
    folder.forget_job(job)


def forget_unused(
    connection: sqlite3.Connection, pictures: Sequence[str] | None = None, *, grace: float = _GRACE
) -> list[str]:
    """Take those of some pictures, or of all, that no job uses out of the database; returns them.

    Pictures that came in the last `grace` seconds stay: a page may have them in its form.
    """
    rows = connection.execute(
        "DELETE FROM pictures WHERE id NOT IN (SELECT picture FROM inputs) AND added < :latest "
        "AND (:pictures IS NULL OR id IN (SELECT value FROM json_each(:pictures))) RETURNING id",
        {"latest": time.time() - grace, "pictures": None if pictures is None else json.dumps(pictures)},
    )
    return [row["id"] for row in rows.fetchall()]


def any_waiting(folder: Folder) -> bool:
    """Whether there is something to paint."""
    with database.reading(folder.database) as connection:
        return connection.execute("SELECT 1 FROM jobs WHERE state = 'queued' LIMIT 1").fetchone() is not None


def take(folder: Folder, painter: int = 0) -> Work | None:
    """The next job, from now on running and a painter's; None if none is waiting."""
    with database.writing(folder.database) as connection:
        row = connection.execute(
            "SELECT id, attempt, deaths, settings FROM jobs WHERE state = 'queued' ORDER BY position LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        job = int(row["id"])
        connection.execute("DELETE FROM steps WHERE job = ?", (job,))
        connection.execute(
            "UPDATE jobs SET state = 'running', painter = ?, wish = NULL, version = ?, started = ?, progress = NULL, "
            "preview = 0 WHERE id = ?",
            (painter, database.tick(connection), time.time(), job),
        )
        _touch_queue(connection)
        try:
            settings = Settings.model_validate_json(row["settings"])
        except (ImpastoError, ValueError) as error:  # of another version, or by a recipe that is gone
            _fail(connection, job, f"the settings cannot be used any more: {error}", "Choose them anew.")
            return None
        return Work(job, row["attempt"], row["deaths"], *_inputs(connection, job), settings)


def step(folder: Folder, job: int, number: int, event: Step) -> Wish | None:
    """Note an iteration; returns what is wished of the job."""
    progress = Progress(**{name: getattr(event, name) for name in Progress.model_fields})
    with database.writing(folder.database) as connection:
        connection.execute(
            "INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?)",
            (job, number, event.scale, event.iteration, event.loss, event.elapsed),
        )
        row = connection.execute(
            "UPDATE jobs SET progress = ?, version = ? WHERE id = ? RETURNING wish",
            (progress.model_dump_json(), database.tick(connection), job),
        ).fetchone()
    found: Wish | None = row["wish"]
    return found


def preview(folder: Folder, job: int, number: int) -> None:
    """Note that there is a new preview."""
    with database.writing(folder.database) as connection:
        connection.execute(
            "UPDATE jobs SET preview = ?, version = ? WHERE id = ?", (number, database.tick(connection), job)
        )


def finish(folder: Folder, job: int, size: tuple[int, int], *, kept_early: bool) -> None:
    """The result is there; unless somebody has cancelled the job meanwhile."""
    with database.writing(folder.database) as connection:
        if _column(connection, job, "wish") == "cancel":
            _end(connection, job, "cancelled")
            return
        connection.execute(
            "UPDATE jobs SET width = ?, height = ?, kept_early = ? WHERE id = ?", (*size, int(kept_early), job)
        )
        _end(connection, job, "finished")


def cancelled(folder: Folder, job: int) -> None:
    """A running job has stopped because that was wished."""
    with database.writing(folder.database) as connection:
        _end(connection, job, "cancelled")


def fail(folder: Folder, job: int, problem: str, hint: str) -> None:
    """A job cannot be painted."""
    with database.writing(folder.database) as connection:
        _fail(connection, job, problem, hint)


def recover(folder: Folder, painter: int | None = None, *, blame: bool) -> None:
    """Put jobs whose painter is gone back at the head of the queue.

    Args:
        folder: the studio's.
        painter: whose jobs; None for those of all, while none runs.
        blame: whether the painter died alone, perhaps of its job; and not with the server.
    """
    with database.writing(folder.database) as connection:
        running = connection.execute(
            "SELECT id, wish, deaths FROM jobs WHERE state = 'running' AND (:painter IS NULL OR painter = :painter)",
            {"painter": painter},
        ).fetchall()
        for row in running:
            if row["wish"] == "cancel":
                _end(connection, row["id"], "cancelled")
            elif blame and row["deaths"] + 1 >= MOST_DEATHS:
                problem = f"the painter stopped {MOST_DEATHS} times at this picture"
                _fail(connection, row["id"], problem, "Try a smaller size, or close other programs.")
            else:
                connection.execute(
                    "UPDATE jobs SET state = 'queued', attempt = attempt + 1, deaths = deaths + ?, wish = NULL, "
                    "progress = NULL, preview = 0, started = NULL, version = ? WHERE id = ?",
                    (int(blame), database.tick(connection), row["id"]),
                )
                _touch_queue(connection)
            folder.forget_previews(row["id"])  # before another painter can begin with it


def _end(connection: sqlite3.Connection, job: int, state: Literal["finished", "cancelled", "failed"]) -> None:
    connection.execute(
        "UPDATE jobs SET state = ?, ended = ?, wish = NULL, progress = NULL, preview = 0, version = ? WHERE id = ?",
        (state, time.time(), database.tick(connection), job),
    )
    _touch_queue(connection)


def _fail(connection: sqlite3.Connection, job: int, problem: str, hint: str) -> None:
    connection.execute("UPDATE jobs SET problem = ?, hint = ? WHERE id = ?", (problem, hint, job))
    _end(connection, job, "failed")


def _touch_queue(connection: sqlite3.Connection) -> None:
    """Those who wait have other places now."""
    connection.execute("UPDATE jobs SET version = ? WHERE state = 'queued'", (database.tick(connection),))


def _count(connection: sqlite3.Connection, state: str) -> int:
    return int(connection.execute("SELECT count(*) FROM jobs WHERE state = ?", (state,)).fetchone()[0])


def _column(connection: sqlite3.Connection, job: int, name: Literal["state", "settings", "wish"]) -> Any:
    row = connection.execute("SELECT state, settings, wish FROM jobs WHERE id = ?", (job,)).fetchone()
    if row is None:
        raise missing_job(job)
    return row[name]


def missing_job(job: int) -> MissingError:
    """What to raise where there is no such job."""
    return MissingError(f"there is no job {job}", "It may have been deleted from the history.")


def _check_picture(connection: sqlite3.Connection, picture: str | None) -> None:
    if connection.execute("SELECT 1 FROM pictures WHERE id = ?", (picture,)).fetchone() is None:
        raise MissingError("a picture is not in the studio any more", "Give it to the studio once more.")


def _inputs(connection: sqlite3.Connection, job: int) -> tuple[Given | None, tuple[Given, ...]]:
    rows = connection.execute(
        "SELECT role, id, name FROM inputs JOIN pictures ON picture = id WHERE job = ? ORDER BY place",
        (job,),
    ).fetchall()
    given: dict[str, list[Given]] = {"photo": [], "painting": []}
    for row in rows:
        given[row["role"]].append(Given(row["id"], row["name"]))
    return next(iter(given["photo"]), None), tuple(given["painting"])
