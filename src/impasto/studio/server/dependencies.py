"""What the routes share."""

import threading
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from impasto.studio.feed import Feed
from impasto.studio.folder import Folder
from impasto.studio.pictures import Intake, Limits
from impasto.studio.schemas import Message

LATEST = {"cache-control": "private, no-cache"}
"""For jobs: their numbers begin anew in another folder."""
FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
"""For what never changes under its address."""


@dataclass(frozen=True)
class State:
    """One studio."""

    folder: Folder
    intake: Intake
    feed: Feed
    limits: Limits
    converting: threading.Semaphore
    """Held while a result is made into another format: a large one takes much memory."""


def _studio(request: Request) -> State:
    state: State = request.app.state.studio
    return state


Studio = Annotated[State, Depends(_studio)]


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers that a route may give beside its own, for the OpenAPI; the guard's are every route's."""
    schema = {"$ref": f"#/components/schemas/{Message.__name__}"}
    # Not as a model: that would give the answer a stream's or a picture's type.
    message = {"content": {"application/json": {"schema": schema}}}
    return dict.fromkeys(sorted({400, 401, 403, 413, 421, *statuses}), message)


def webp() -> dict[int | str, dict[str, Any]]:
    """A picture as an answer, for the OpenAPI."""
    return {200: {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}}}
