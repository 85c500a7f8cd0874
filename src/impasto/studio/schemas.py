"""What the studio's page and its server say to each other; the OpenAPI and the page's types are made of this."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PictureId = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""The SHA-256 of the file."""
JobId = Annotated[int, Field(ge=1, le=2**53)]
JobState = Literal["queued", "running", "finished", "failed", "cancelled"]
MAX_PAINTINGS = 16


class Message(BaseModel):
    """Any answer that is not a success."""

    problem: str
    """What was wrong."""
    hint: str
    """What to do about it."""


class Origin(BaseModel):
    """What a picture that Impasto made says of how it was made."""

    settings: dict[str, Any]
    photo: PictureId | None
    """The photograph, if it is in the studio."""
    paintings: list[PictureId | None]
    missing: list[str]
    """Names of the inputs that are not in the studio."""
    left_out: list[str]
    """Settings that it states and the studio cannot use, such as masks; `settings` is without them."""


class PictureOut(BaseModel):
    """A picture that was given to the studio."""

    id: PictureId
    name: str
    width: int
    """Upright, pixels."""
    height: int
    bytes: int
    """Size of the file."""
    thumbnail: str
    """Address of a small WebP."""
    display: str
    """Address of a WebP that any browser shows, at most 2048 pixels a side."""
    shelf: str | None
    """Its name on the shelf, if it is one that ships."""
    origin: Origin | None = None
    """Only where Impasto made it, and the picture is asked for by itself."""


class ShelfPicture(BaseModel):
    """A picture that ships."""

    name: str
    title: str
    credit: str
    role: Literal["photo", "painting"]
    thumbnail: str
    display: str


class JobIn(BaseModel):
    """What is to be painted."""

    model_config = ConfigDict(extra="forbid")

    photo: PictureId | None = None
    paintings: list[PictureId] = Field(default_factory=list, max_length=MAX_PAINTINGS)
    settings: dict[str, Any] = Field(default_factory=dict)
    """Those that differ from the recipe's; by the names of the knobs in `/api/about`."""


class StepOut(BaseModel):
    """One iteration, for the loss curve."""

    number: int
    """From 1, over all scales."""
    scale: int
    iteration: int
    loss: float
    elapsed: float
    """Seconds since painting began."""


class Steps(BaseModel):
    """Some iterations of a job, in order."""

    attempt: int
    """That they are of: a job that starts over has others."""
    steps: list[StepOut]


class Progress(BaseModel):
    """How far a running job is."""

    scale: int
    scales: int
    iteration: int
    """At this scale."""
    iterations: int
    """Planned at this scale."""
    width: int
    """Of the picture at this scale."""
    height: int
    loss: float
    elapsed: float
    remaining: float
    """Estimated seconds to the end."""


class JobOut(BaseModel):
    """A picture that was asked for, and how far it is."""

    id: JobId
    version: int
    """Grows whenever anything of any job changes."""
    state: JobState
    place: int | None
    """In the queue, from 1; null unless queued."""
    photo: PictureOut | None
    paintings: list[PictureOut]
    settings: dict[str, Any]
    """All of them."""
    attempt: int
    """1, or more after the painter was interrupted and the job started over."""
    created: float
    """Seconds since 1970."""
    started: float | None
    ended: float | None
    progress: Progress | None
    preview: str | None
    """Address of the latest preview, another one for each; null before the first, and once there is a result."""
    result: str | None
    """Address of the finished picture as PNG; add `?format=jpeg` or `webp` for those."""
    thumbnail: str | None
    width: int | None
    """Of the result."""
    height: int | None
    kept_early: bool
    """Whether the picture was kept before its planned end."""
    error: Message | None
    """Why it failed."""


class JobPage(BaseModel):
    """Some of the jobs, the newest first."""

    jobs: list[JobOut]
    next: JobId | None
    """Give this as `before` for the page after this one; null on the last."""
    version: int
    """Give this as `after` to `/api/events` to hear of everything that changes from here on."""
    troubles: list[Message]
    """What keeps painters from painting."""


class MoveIn(BaseModel):
    """Where a queued job is to go."""

    model_config = ConfigDict(extra="forbid")

    before: JobId | None = None
    """The queued job that is to come right after it; null for the end of the queue."""


class Knob(BaseModel):
    """A setting, as the page offers it; everything here is read off `Settings`."""

    name: str
    label: str
    group: str
    help: str
    unit: str
    kind: Literal["number", "integer", "boolean", "choice", "text", "layers", "numbers"]
    default: Any
    """In the default recipe."""
    choices: list[str]
    minimum: float | None
    """Inclusive, unless `above`."""
    maximum: float | None
    """Inclusive, unless `below`."""
    above: bool
    """Whether the minimum itself is out of range."""
    below: bool
    nullable: bool
    shown: bool
    """Whether the page has it in sight; the others are behind "more"."""


class RecipeOut(BaseModel):
    """A named look."""

    name: str
    description: str
    card: str | None
    """Address of a picture made by it; null for the user's own."""
    values: dict[str, Any]
    """Every setting by this recipe."""
    needs_photo: bool
    needs_painting: bool


class About(BaseModel):
    """What the page needs to know before it starts."""

    version: str
    max_bytes: int
    """Of an upload."""
    max_pixels: int
    max_paintings: int
    default_recipe: str
    suffixes: list[str]
    """Of picture files that can be read."""
    knobs: list[Knob]
    layers: list[str]
    """What knobs of the kind `layers` may name."""
    recipes: list[RecipeOut]
    shelf: list[ShelfPicture]


class Removed(BaseModel):
    """A job that is no longer in the history."""

    id: JobId


class Changes(BaseModel):
    """What changed since a version: the data of an event `changes` of `/api/events`."""

    version: int
    jobs: list[JobOut]
    removed: list[JobId]
    troubles: list[Message]
    """All that keeps painters from painting now."""
