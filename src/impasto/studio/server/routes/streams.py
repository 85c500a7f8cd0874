"""Server-sent events: what changes, told as it happens."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import GetCoreSchemaHandler

from impasto.studio import history
from impasto.studio.jobs import MissingError
from impasto.studio.schemas import Changes, JobId, JobOut, Steps
from impasto.studio.state import Studio, answers

router = APIRouter()

_PAUSE = 0.2
"""Seconds between events of one stream: what happens within is told together."""
_ENDED = frozenset({"finished", "failed", "cancelled"})

_ID = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True)
class _Tells:
    """What the data of a stream's events is, for the OpenAPI."""

    data: Any

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> Any:
        return handler.generate_schema(self.data)


LastEvent = Annotated[str | None, Header(alias="last-event-id", max_length=60)]


def _exists(job: JobId, studio: Studio) -> None:
    """A stream that has begun can no longer answer 404."""
    history.job(studio.folder, job)


@router.get("/events", response_class=EventSourceResponse, responses=answers(422))
async def changes(
    studio: Studio, after: Annotated[int, Query(ge=0, le=2**53)] = 0, last_event: LastEvent = None
) -> AsyncIterator[Annotated[object, _Tells(Changes)]]:
    """Whatever changes in any job: events `changes`, each with a `Changes`."""
    version = after if last_event is None else _number(last_event)
    while not studio.feed.ended:
        ticket = studio.feed.ticket()
        found = await asyncio.to_thread(history.changes, studio.folder, version)
        if found.version != version:
            version = found.version
            yield ServerSentEvent(event="changes", id=str(version), data=found)
            await asyncio.sleep(_PAUSE)
        else:
            await ticket.wait()


@router.get(
    "/jobs/{job}/events",
    response_class=EventSourceResponse,
    responses=answers(404, 422),
    dependencies=[Depends(_exists)],
)
async def job_events(
    job: JobId, studio: Studio, last_event: LastEvent = None
) -> AsyncIterator[Annotated[object, _Tells(Steps | JobOut)]]:
    """One job until it ends: events `steps`, of which none is left out, `job`, the latest of it, and last `end`."""
    attempt, number = _place(last_event)
    told: JobOut | None = None
    while not studio.feed.ended:
        ticket = studio.feed.ticket()
        try:
            found, steps = await asyncio.to_thread(history.job_and_steps, studio.folder, job, attempt, number)
        except MissingError:  # deleted meanwhile
            return
        if steps.steps:
            attempt, number = steps.attempt, steps.steps[-1].number
            yield ServerSentEvent(event="steps", id=f"{attempt}.{number}", data=steps)
        if found.state in _ENDED:
            yield ServerSentEvent(event="end", data=found)
            return
        if found != told:
            told = found
            yield ServerSentEvent(event="job", data=found)
            await asyncio.sleep(_PAUSE)
        else:
            await ticket.wait()


def _place(last_event: str | None) -> tuple[int, int]:
    """The attempt and the step that a page has seen last."""
    attempt, _, number = (last_event or "").partition(".")
    return _number(attempt), _number(number)


def _number(text: str) -> int:
    """What was sent as an event's id; 0, which tells everything anew, for what never was."""
    return int(text) if _ID.fullmatch(text) else 0
