"""Server-sent events: changes as they happen."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import GetCoreSchemaHandler

from impasto.studio.errors import MissingError
from impasto.studio.schemas import Changes, JobId, JobOut, Steps
from impasto.studio.server import queries
from impasto.studio.server.dependencies import Context, error_responses

router = APIRouter()

_MIN_INTERVAL = 0.2
"""Seconds between events of one stream: changes within it are sent together."""
_ENDED = frozenset({"finished", "failed", "cancelled"})

_ID = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True)
class _EventData:
    """The type of a stream's event data, for the OpenAPI."""

    data: Any

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> Any:
        return handler.generate_schema(self.data)


LastEvent = Annotated[str | None, Header(alias="last-event-id", max_length=60)]


def _check_exists(job: JobId, context: Context) -> None:
    """Respond with 404 before the stream starts; afterwards it is too late."""
    queries.job(context.folder, job)


async def _count_stream(context: Context) -> AsyncIterator[None]:
    """Respond with 429 if there are too many streams; each counts until it ends."""
    async with context.streams.turn():
        yield


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses=error_responses(422, 429),
    dependencies=[Depends(_count_stream)],
)
async def stream_changes(
    context: Context, after: Annotated[int, Query(ge=0, le=2**53)] = 0, last_event: LastEvent = None
) -> AsyncIterator[Annotated[object, _EventData(Changes)]]:
    """Stream the changes of all jobs as `changes` events."""
    version, job = after if last_event is None else _number(last_event), None
    most, told = context.limits.event_bytes, 0
    while not context.notifier.closing:
        changed = context.notifier.next_change()
        read = partial(queries.changes, context.folder, version, job, max_bytes=most)
        # Streams that wait for the same change read it once: with many, nobody else would be answered.
        found, last = await context.readings.get((changed, version, job), read)
        if found.version == version and not found.jobs and told == context.alerts.version:
            await changed.wait()
            continue
        version, job = (found.version, None) if last is None else (found.version + 1, last)
        told = context.alerts.version
        data = found.model_copy(update={"problems": context.alerts.added_to(found.problems)})
        yield ServerSentEvent(event="changes", id=str(found.version), data=data)
        if job is None:
            await asyncio.sleep(_MIN_INTERVAL)


@router.get(
    "/jobs/{job}/events",
    response_class=EventSourceResponse,
    responses=error_responses(404, 422, 429),
    dependencies=[Depends(_check_exists), Depends(_count_stream)],
)
async def stream_job(
    job: JobId, context: Context, last_event: LastEvent = None
) -> AsyncIterator[Annotated[object, _EventData(Steps | JobOut)]]:
    """Stream one job until it ends.

    Events named `steps` contain every iteration, `job` the job's latest state, and the last one is `end`.
    """
    attempt, number = _last_step(last_event)
    sent: JobOut | None = None
    while not context.notifier.closing:
        changed = context.notifier.next_change()
        try:
            most = context.limits.event_bytes
            read = partial(queries.job_and_steps, context.folder, job, attempt, number, max_bytes=most)
            found, steps, complete = await context.readings.get((changed, job, attempt, number), read)
        except MissingError:  # deleted meanwhile
            return
        if steps.steps:
            attempt, number = steps.attempt, steps.steps[-1].number
            yield ServerSentEvent(event="steps", id=f"{attempt}.{number}", data=steps)
        if not complete:
            continue
        if found.state in _ENDED:
            yield ServerSentEvent(event="end", data=found)
            return
        if found != sent:
            sent = found
            yield ServerSentEvent(event="job", data=found)
            await asyncio.sleep(_MIN_INTERVAL)
        else:
            await changed.wait()


def _last_step(last_event: str | None) -> tuple[int, int]:
    """Parse the attempt and the step that the page has received last."""
    attempt, _, number = (last_event or "").partition(".")
    return _number(attempt), _number(number)


def _number(text: str) -> int:
    """Parse an event's id; an invalid one becomes 0, which restarts the stream."""
    return int(text) if _ID.fullmatch(text) else 0
