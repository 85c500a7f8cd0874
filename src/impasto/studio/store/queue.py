"""The job queue: each function is one transaction, so that a job is never between two states."""

import json
import sqlite3
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from impasto.engine.events import Step
from impasto.errors import ImpastoError
from impasto.settings import Settings
from impasto.studio import samples
from impasto.studio.controls import PAGE
from impasto.studio.errors import BusyError, MissingError, StateError, missing_job
from impasto.studio.limits import Limits
from impasto.studio.schemas import FilmOrder, Progress
from impasto.studio.store import database
from impasto.studio.store.folder import Folder

_GRACE = 24 * 3600.0
"""Seconds that an uploaded picture is kept without a job that uses it."""

Action = Literal["keep", "cancel"]
"""The action requested of a running job: stop and keep its picture, or stop and discard it."""

Exit = Literal["server", "crash", "storage"]
"""Why a worker exited: with its server, by itself, perhaps because of its job, or because no file could be written."""


@dataclass(frozen=True)
class UploadRef:
    """An uploaded picture that a job uses."""

    id: str
    name: str


@dataclass(frozen=True)
class JobInputs:
    """The pictures that a job uses."""

    photo: UploadRef | None
    paintings: tuple[UploadRef, ...]
    masks: tuple[UploadRef, ...] = ()
    """One for each painting, or none."""
    keep: UploadRef | None = None

    @property
    def all(self) -> list[UploadRef]:
        """Every one of them."""
        return [ref for ref in (self.photo, *self.paintings, *self.masks, self.keep) if ref]


@dataclass(frozen=True)
class ClaimedJob:
    """A job that a worker has claimed."""

    id: int
    attempt: int
    crash_count: int
    """How often the worker crashed while running this job."""
    inputs: JobInputs
    settings: Settings
    film: FilmOrder | None


@dataclass(frozen=True)
class Order:
    """A job that is to be added: its pictures by their ids, and its settings."""

    photo: str | None
    paintings: Sequence[str]
    settings: Settings
    masks: Sequence[str] = ()
    keep: str | None = None
    film: FilmOrder | None = None
    """What of the photograph, which is a clip then."""
    frames: int = 0
    """Of the film, about."""

    @property
    def inputs(self) -> list[tuple[str, int, str]]:
        """Role, position and id of every picture."""
        given = {"photo": [self.photo], "painting": self.paintings, "mask": self.masks, "keep": [self.keep]}
        return [(role, place, it) for role, them in given.items() for place, it in enumerate(them) if it]


def enqueue(folder: Folder, order: Order, limits: Limits) -> int:
    """Add a job to the end of the queue, the preview of a film to its head; returns its number.

    Raises:
        MissingError: a picture has expired.
        BusyError: the queue is full.
    """
    with database.write_transaction(folder.database) as connection:
        check_room_within(connection, 1, limits)
        return add(connection, order, None)


def check_room(folder: Folder, jobs: int, limits: Limits) -> None:
    """Refuse what the queue has no room for, before it is checked in detail.

    Raises:
        BusyError: so many jobs do not fit.
    """
    with database.read_transaction(folder.database) as connection:
        check_room_within(connection, jobs, limits)


def check_room_within(connection: sqlite3.Connection, jobs: int, limits: Limits) -> None:
    """Refuse what the queue has no room for, within a transaction.

    Raises:
        BusyError: so many jobs do not fit.
    """
    queued = connection.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()[0]
    if queued + jobs > limits.queued_jobs:
        problem = f"the queue is full with {queued} jobs"
        if queued < limits.queued_jobs:
            problem = f"the queue takes {limits.queued_jobs - queued} more jobs, not {jobs}"
        raise BusyError(problem, "Wait until some are finished, or cancel some.")


def add(connection: sqlite3.Connection, order: Order, batch: int | None) -> int:
    """Add a job to the queue, perhaps to a batch; returns its number.

    Raises:
        MissingError: a picture has expired.
    """
    is_preview = order.film is not None and order.film.preview
    position = _first_position(connection) if is_preview else _last_position(connection)
    film = order.film and order.film.model_dump_json()
    settings = order.settings.model_dump_json()
    version = database.next_version(connection)
    added = connection.execute(
        "INSERT INTO jobs (version, state, position, settings, created, batch, film, frames) "
        "VALUES (?, 'queued', ?, ?, ?, ?, ?, ?)",
        (version, position, settings, time.time(), batch, film, order.frames),
    )
    if is_preview:
        touch_queue(connection)
    job = int(added.lastrowid or 0)
    for role, place, picture in order.inputs:
        _check_picture(connection, picture)
        connection.execute(
            "INSERT INTO inputs (job, role, position, picture) VALUES (?, ?, ?, ?)", (job, role, place, picture)
        )
    connection.execute("UPDATE jobs SET words = ? WHERE id = ?", (_words(connection, job, order.settings.recipe), job))
    return job


def _last_position(connection: sqlite3.Connection) -> float:
    return float(connection.execute("SELECT coalesce(max(position), 0) + 1 FROM jobs").fetchone()[0])


def _first_position(connection: sqlite3.Connection) -> float:
    return float(connection.execute("SELECT coalesce(min(position), 0) - 1 FROM jobs").fetchone()[0])


def comparable(text: str) -> str:
    """Give what words have in common that are the same to a reader, whatever their case and encoding."""
    return unicodedata.normalize("NFKC", text).casefold()


def _words(connection: sqlite3.Connection, job: int, recipe: str, created: float | None = None) -> str:
    """Give what a job is found by: its pictures' names and titles, the recipe and the date."""
    inputs = _inputs(connection, job)
    names = [text for ref in (inputs.photo, *inputs.paintings) if ref for text in (ref.name, samples.title(ref.id))]
    date = time.strftime("%Y-%m-%d %d %B %Y", time.localtime(created))
    return comparable(" ".join([*names, recipe, date]))


def complete_words(folder: Folder) -> None:
    """Give jobs of earlier versions what they are found by."""
    with database.write_transaction(folder.database) as connection:
        for row in connection.execute("SELECT id, settings, created FROM jobs WHERE words = ''").fetchall():
            recipe = str(json.loads(row["settings"]).get("recipe", ""))
            words = _words(connection, row["id"], recipe, row["created"])
            connection.execute("UPDATE jobs SET words = ? WHERE id = ?", (words, row["id"]))


def touch_pictures(folder: Folder, pictures: Sequence[str]) -> bool:
    """Restart the time that pictures are kept without a job; returns whether all of them exist."""
    with database.write_transaction(folder.database) as connection:
        found = connection.execute(
            "UPDATE pictures SET added = ? WHERE id IN (SELECT value FROM json_each(?))",
            (time.time(), json.dumps(list(pictures))),
        )
    return found.rowcount == len(set(pictures))


def request_action(folder: Folder, job: int, action: Action) -> None:
    """Request that a job stop, keeping or discarding its picture. A queued job is cancelled at once.

    Raises:
        MissingError: there is no such job.
        StateError: the job has ended, or is queued and cannot be kept.
    """
    with database.write_transaction(folder.database) as connection:
        state = column(connection, job, "state")
        film = connection.execute("SELECT film FROM jobs WHERE id = ?", (job,)).fetchone()["film"]
        if film and action == "keep":
            raise StateError(f"job {job} is a film, which is kept whole", "Cancel it: it can be resumed.")
        if state == "queued" and action == "cancel":
            _end(connection, job, "cancelled")
        elif state == "running":
            connection.execute(
                "UPDATE jobs SET requested_action = ?, version = ? WHERE id = ?",
                (action, database.next_version(connection), job),
            )
        else:
            raise StateError(f"job {job} is {state}", "Only a running job can be stopped.")


def resume(folder: Folder, job: int, limits: Limits) -> None:
    """Queue a film again that was cancelled or failed; what is painted of it is kept.

    Raises:
        MissingError: there is no such job.
        StateError: it is no film, or has not been stopped.
        BusyError: the queue is full.
    """
    with database.write_transaction(folder.database) as connection:
        state = column(connection, job, "state")
        film = connection.execute("SELECT film FROM jobs WHERE id = ? AND trashed IS NULL", (job,)).fetchone()
        if state not in {"cancelled", "failed"} or film is None or film["film"] is None:
            raise StateError(f"job {job} cannot be resumed", "Only a film that was cancelled or failed can be.")
        check_room_within(connection, 1, limits)
        connection.execute(
            "UPDATE jobs SET state = 'queued', position = ?, attempt = attempt + 1, crash_count = 0, "
            "write_failures = 0, requested_action = NULL, started = NULL, ended = NULL, problem = NULL, hint = NULL, "
            "version = ? WHERE id = ?",
            (_last_position(connection), database.next_version(connection), job),
        )
        touch_queue(connection)


def move(folder: Folder, job: int, before: int | None) -> None:
    """Move a queued job before another, or to the end of the queue.

    Raises:
        MissingError: there is no such job.
        StateError: one of the two is not queued.
    """
    with database.write_transaction(folder.database) as connection:
        queued = [
            row["id"] for row in connection.execute("SELECT id FROM jobs WHERE state = 'queued' ORDER BY position")
        ]
        if job == before:
            raise StateError(f"job {job} cannot be moved before itself", "Name another job, or none for the end.")
        for one in (job, *([before] if before else [])):
            if one not in queued:
                state = column(connection, one, "state")
                raise StateError(f"job {one} is {state}", "Only queued jobs can be reordered.")
        queued.remove(job)
        queued.insert(queued.index(before) if before in queued else len(queued), job)
        last = connection.execute("SELECT coalesce(max(position), 0) FROM jobs WHERE state != 'queued'").fetchone()[0]
        version = database.next_version(connection)
        connection.executemany(
            "UPDATE jobs SET position = ?, version = ? WHERE id = ?",
            [(last + index, version, one) for index, one in enumerate(queued, 1)],
        )


def delete(folder: Folder, job: int, *, trashed_before: float | None = None) -> None:
    """Delete a job with its result and the pictures that only it used.

    Args:
        folder: the studio's folder.
        job: its number.
        trashed_before: with a time, only if it has been in the trash since then.

    Raises:
        MissingError: there is no such job.
        StateError: it is running.
    """
    with database.write_transaction(folder.database) as connection:
        if column(connection, job, "state") == "running":
            raise StateError(f"job {job} is running", "Cancel it first.")
        since = connection.execute("SELECT trashed FROM jobs WHERE id = ?", (job,)).fetchone()["trashed"]
        if trashed_before is not None and (since is None or since > trashed_before):
            return  # it was brought back meanwhile
        inputs = _inputs(connection, job)
        batches = batches_of(connection, [job])
        connection.execute(
            "INSERT OR REPLACE INTO deleted_jobs (job, version) VALUES (?, ?)", (job, database.next_version(connection))
        )
        connection.execute("DELETE FROM jobs WHERE id = ?", (job,))
        connection.execute("DELETE FROM batches WHERE id NOT IN (SELECT batch FROM jobs WHERE batch IS NOT NULL)")
        touch_newest(connection, batches)
        touch_queue(connection)
        # Within the transaction, because the same picture may just be uploaded again.
        for picture in delete_unreferenced(connection, [ref.id for ref in inputs.all]):
            folder.delete_picture(picture)
    folder.delete_job(job)


def batches_of(connection: sqlite3.Connection, jobs: Sequence[int]) -> list[int]:
    """Return the batches that jobs belong to."""
    rows = connection.execute(
        "SELECT DISTINCT batch FROM jobs WHERE batch IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(jobs)),),
    )
    return [row["batch"] for row in rows.fetchall()]


def touch_newest(connection: sqlite3.Connection, batches: Sequence[int]) -> None:
    """Give the newest job of each batch, which stands for it in lists, a new version: the batch has changed."""
    connection.execute(
        "UPDATE jobs SET version = ? WHERE id IN (SELECT max(id) FROM jobs WHERE trashed IS NULL "
        "AND batch IN (SELECT value FROM json_each(?)) GROUP BY batch)",
        (database.next_version(connection), json.dumps(list(batches))),
    )


def edit(folder: Folder, jobs: Sequence[int], *, favorite: bool | None, album: str | None) -> None:
    """Mark jobs as favorites, or put them into an album; None leaves that as it is.

    Raises:
        MissingError: one does not exist.
    """
    with database.write_transaction(folder.database) as connection:
        version = database.next_version(connection)
        for job in jobs:
            column(connection, job, "state")
            connection.execute(
                "UPDATE jobs SET favorite = coalesce(?, favorite), album = coalesce(?, album), version = ? "
                "WHERE id = ?",
                (favorite, album, version, job),
            )


def delete_unreferenced(
    connection: sqlite3.Connection, pictures: Sequence[str] | None = None, *, grace: float = _GRACE
) -> list[str]:
    """Delete the rows of pictures that no job uses, among some or all of them; returns their ids.

    Pictures added in the last `grace` seconds are kept: a page may have them in its form.
    """
    rows = connection.execute(
        "DELETE FROM pictures WHERE id NOT IN (SELECT picture FROM inputs) AND added < :latest "
        "AND (:pictures IS NULL OR id IN (SELECT value FROM json_each(:pictures))) RETURNING id",
        {"latest": time.time() - grace, "pictures": None if pictures is None else json.dumps(pictures)},
    )
    return [row["id"] for row in rows.fetchall()]


def has_queued(folder: Folder) -> bool:
    """Tell whether a job is waiting."""
    with database.read_transaction(folder.database) as connection:
        return connection.execute("SELECT 1 FROM jobs WHERE state = 'queued' LIMIT 1").fetchone() is not None


def claim(folder: Folder, worker: int = 0) -> ClaimedJob | None:
    """Claim the next job for a worker and mark it as running; None if no job is waiting, or if it cannot be run."""
    with database.write_transaction(folder.database) as connection:
        row = connection.execute(
            "SELECT id, attempt, crash_count, settings, film FROM jobs WHERE state = 'queued' AND trashed IS NULL "
            "ORDER BY position LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        job = int(row["id"])
        connection.execute("DELETE FROM steps WHERE job = ?", (job,))
        connection.execute(
            "UPDATE jobs SET state = 'running', worker = ?, requested_action = NULL, version = ?, started = ?, "
            "progress = NULL, preview = 0 WHERE id = ?",
            (worker, database.next_version(connection), time.time(), job),
        )
        touch_queue(connection)
        try:
            settings = Settings.model_validate_json(row["settings"])
        except (ImpastoError, ValueError) as error:  # of another version, or by a recipe that was deleted
            reason = error.words_for(PAGE)[0] if isinstance(error, ImpastoError) else "they cannot be read"
            _fail(connection, job, f"the settings can no longer be used: {reason}", "Choose the settings again.")
            return None
        film = FilmOrder.model_validate_json(row["film"]) if row["film"] else None
        return ClaimedJob(job, row["attempt"], row["crash_count"], _inputs(connection, job), settings, film)


def record_step(folder: Folder, job: int, number: int, event: Step) -> Action | None:
    """Store an iteration; returns the action that was requested of the job."""
    progress = Progress(**{name: getattr(event, name) for name in Progress.model_fields})
    with database.write_transaction(folder.database) as connection:
        connection.execute(
            "INSERT INTO steps (job, number, scale, iteration, loss, elapsed) VALUES (?, ?, ?, ?, ?, ?)",
            (job, number, event.scale, event.iteration, event.loss, event.elapsed),
        )
        row = connection.execute(
            "UPDATE jobs SET progress = ?, version = ? WHERE id = ? RETURNING requested_action",
            (progress.model_dump_json(), database.next_version(connection), job),
        ).fetchone()
    action: Action | None = row["requested_action"]
    return action


def record_frames(folder: Folder, job: int, *, painted: int, frames: int, remaining: float | None) -> None:
    """Store how far a film is painted. What gets on is not to blame for crashes."""
    with database.write_transaction(folder.database) as connection:
        connection.execute(
            "UPDATE jobs SET crash_count = CASE WHEN painted < :painted THEN 0 ELSE crash_count END, "
            "painted = :painted, frames = :frames, remaining = :remaining, version = :version WHERE id = :job",
            {
                "painted": painted,
                "frames": frames,
                "remaining": remaining,
                "version": database.next_version(connection),
                "job": job,
            },
        )


def requested_action(folder: Folder, job: int) -> Action | None:
    """Return the action that was requested of a running job."""
    with database.read_transaction(folder.database) as connection:
        action: Action | None = column(connection, job, "requested_action")
        return action


def record_preview(folder: Folder, job: int, number: int) -> None:
    """Store the number of the latest preview."""
    with database.write_transaction(folder.database) as connection:
        connection.execute(
            "UPDATE jobs SET preview = ?, version = ? WHERE id = ?", (number, database.next_version(connection), job)
        )


def finish(
    folder: Folder, job: int, size: tuple[int, int], *, kept_early: bool = False, whole_seconds: float | None = None
) -> None:
    """Mark a job as finished once its result is written, unless it was cancelled meanwhile."""
    with database.write_transaction(folder.database) as connection:
        if column(connection, job, "requested_action") == "cancel":
            _end(connection, job, "cancelled")
            return
        connection.execute(
            "UPDATE jobs SET width = ?, height = ?, kept_early = ?, whole_seconds = ? WHERE id = ?",
            (*size, int(kept_early), whole_seconds, job),
        )
        _end(connection, job, "finished")


def mark_cancelled(folder: Folder, job: int) -> None:
    """Mark a job that stopped on request as cancelled."""
    with database.write_transaction(folder.database) as connection:
        _end(connection, job, "cancelled")


def fail(folder: Folder, job: int, problem: str, hint: str) -> None:
    """Mark a job as failed, with the reason."""
    with database.write_transaction(folder.database) as connection:
        _fail(connection, job, problem, hint)


def recover(folder: Folder, limits: Limits, worker: int | None = None, *, exited: Exit) -> None:
    """Return the running jobs of workers that have exited to the head of the queue.

    Args:
        folder: the studio's folder.
        limits: how often a job may return because of a crash, or because of files that cannot be written.
        worker: whose jobs; None for all workers, while none runs.
        exited: why the worker did.
    """
    with database.write_transaction(folder.database) as connection:
        running = connection.execute(
            "SELECT id, requested_action, crash_count, write_failures FROM jobs "
            "WHERE state = 'running' AND (:worker IS NULL OR worker = :worker)",
            {"worker": worker},
        ).fetchall()
        for row in running:
            if row["requested_action"] == "cancel":
                _end(connection, row["id"], "cancelled")
            elif failure := _final_failure(row, limits, exited):
                _fail(connection, row["id"], *failure)
            else:
                connection.execute(
                    "UPDATE jobs SET state = 'queued', attempt = attempt + 1, crash_count = crash_count + ?, "
                    "write_failures = write_failures + ?, requested_action = NULL, "
                    "progress = NULL, preview = 0, remaining = NULL, started = NULL, version = ? WHERE id = ?",
                    (int(exited == "crash"), int(exited == "storage"), database.next_version(connection), row["id"]),
                )
                touch_queue(connection)
            folder.delete_previews(row["id"])  # before another worker can claim it


def _final_failure(row: sqlite3.Row, limits: Limits, exited: Exit) -> tuple[str, str] | None:
    """Return the problem and the hint of a job that has returned to the queue too often; None if it may again."""
    if exited == "crash" and row["crash_count"] + 1 >= limits.crashes:
        problem = f"the worker crashed {limits.crashes} times while running this job"
        return problem, "Try a smaller size, or close other programs."
    if exited == "storage" and row["write_failures"] + 1 >= limits.write_failures:
        problem = f"writing this job's files failed {limits.write_failures} times"
        return problem, "Check the disk of the studio's folder, or try a smaller size."
    return None


def _end(connection: sqlite3.Connection, job: int, state: Literal["finished", "cancelled", "failed"]) -> None:
    connection.execute(
        "UPDATE jobs SET state = ?, ended = ?, requested_action = NULL, progress = NULL, preview = 0, "
        "remaining = NULL, version = ? WHERE id = ?",
        (state, time.time(), database.next_version(connection), job),
    )
    touch_queue(connection)


def _fail(connection: sqlite3.Connection, job: int, problem: str, hint: str) -> None:
    connection.execute("UPDATE jobs SET problem = ?, hint = ? WHERE id = ?", (problem, hint, job))
    _end(connection, job, "failed")


def touch_queue(connection: sqlite3.Connection) -> None:
    """Give all queued jobs a new version: their positions in the queue may have changed."""
    connection.execute("UPDATE jobs SET version = ? WHERE state = 'queued'", (database.next_version(connection),))


def column(connection: sqlite3.Connection, job: int, name: Literal["state", "settings", "requested_action"]) -> Any:
    """Return what is stored of a job.

    Raises:
        MissingError: there is no such job.
    """
    row = connection.execute("SELECT state, settings, requested_action FROM jobs WHERE id = ?", (job,)).fetchone()
    if row is None:
        raise missing_job(job)
    return row[name]


def _check_picture(connection: sqlite3.Connection, picture: str | None) -> None:
    if connection.execute("SELECT 1 FROM pictures WHERE id = ?", (picture,)).fetchone() is None:
        raise MissingError("that picture has expired", "Upload it again.")


def _inputs(connection: sqlite3.Connection, job: int) -> JobInputs:
    rows = connection.execute(
        "SELECT role, id, name FROM inputs JOIN pictures ON picture = id WHERE job = ? ORDER BY inputs.position",
        (job,),
    ).fetchall()
    refs: dict[str, list[UploadRef]] = {"photo": [], "painting": [], "mask": [], "keep": []}
    for row in rows:
        refs[row["role"]].append(UploadRef(row["id"], row["name"]))
    photo, keep = (next(iter(refs[role]), None) for role in ("photo", "keep"))
    return JobInputs(photo, tuple(refs["painting"]), tuple(refs["mask"]), keep)
