"""What the routes share."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from impasto.studio.feed import Feed
from impasto.studio.folder import Folder
from impasto.studio.pictures import Intake, Limits
from impasto.studio.schemas import Message

FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
"""For what never changes under its address."""


@dataclass(frozen=True)
class State:
    """One studio."""

    folder: Folder
    intake: Intake
    feed: Feed
    limits: Limits


def _studio(request: Request) -> State:
    state: State = request.app.state.studio
    return state


Studio = Annotated[State, Depends(_studio)]


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers that a route may give beside its own, for the OpenAPI; the guard's are every route's."""
    return {status: {"model": Message} for status in sorted({401, 403, 421, *statuses})}


def webp(status: int = 200) -> dict[int | str, dict[str, Any]]:
    """A picture as an answer, for the OpenAPI."""
    return {status: {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}}}
