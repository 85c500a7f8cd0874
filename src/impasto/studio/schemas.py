"""The JSON of the HTTP API; the OpenAPI and the page's types are generated from these classes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PictureId = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""The SHA-256 of the file."""
JobId = Annotated[int, Field(ge=1, le=2**53)]
JobState = Literal["queued", "running", "finished", "failed", "cancelled"]


class Message(BaseModel):
    """An error, or a problem of a worker."""

    problem: str
    """Description of the error in one line."""
    hint: str
    """How to resolve it."""


class Origin(BaseModel):
    """How a picture made by Impasto was made, according to its metadata."""

    settings: dict[str, Any]
    photo: PictureId | None
    """The photograph, if the studio has it."""
    paintings: list[PictureId | None]
    """The paintings; null for each that the studio does not have."""
    missing: list[str]
    """Names of the inputs that the studio does not have."""
    unsupported: list[str]
    """Names of stored settings that the studio does not support, such as masks; `settings` does not have them."""


class PictureOut(BaseModel):
    """An uploaded picture."""

    id: PictureId
    name: str
    width: int
    """In pixels, after the EXIF orientation is applied."""
    height: int
    bytes: int
    """Size of the file in bytes."""
    thumbnail: str
    """URL of a 320 px WebP thumbnail."""
    display: str
    """URL of a WebP of at most 2048 px."""
    sample: str | None
    """Name of the sample, if it is one."""
    origin: Origin | None = None
    """Only for pictures made by Impasto, and only where a single picture is requested."""


class SamplePicture(BaseModel):
    """A sample picture."""

    name: str
    title: str
    credit: str
    role: Literal["photo", "painting"]
    thumbnail: str
    display: str


class JobIn(BaseModel):
    """A new job."""

    model_config = ConfigDict(extra="forbid")

    photo: PictureId | None = None
    paintings: list[PictureId] = Field(default_factory=list, description="At most `max_paintings` of `/api/about`.")
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings that differ from the recipe's, by the names of the controls in `/api/about`."""


class StepOut(BaseModel):
    """One iteration, for the loss curve."""

    number: int
    """From 1, counted over all scales."""
    scale: int
    iteration: int
    loss: float
    elapsed: float
    """Seconds since the run started."""


class Steps(BaseModel):
    """Some iterations of a job, in order."""

    attempt: int
    """The attempt they belong to: a job that was restarted has new ones."""
    steps: list[StepOut]


class Progress(BaseModel):
    """Progress of a running job."""

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
    """A job: a picture to make, its progress and its result."""

    id: JobId
    version: int
    """Increases with every change of any job."""
    state: JobState
    queue_position: int | None
    """From 1; null unless queued."""
    photo: PictureOut | None
    paintings: list[PictureOut]
    settings: dict[str, Any]
    """All settings, those of the recipe included."""
    attempt: int
    """1, or higher if the job was restarted after the worker was interrupted."""
    created: float
    """Seconds since 1970."""
    started: float | None
    ended: float | None
    progress: Progress | None
    preview: str | None
    """URL of the latest preview, which differs for each; null before the first and after the end."""
    result: str | None
    """URL of the result as PNG; add `?format=jpeg` or `?format=webp` for other formats."""
    thumbnail: str | None
    width: int | None
    """Of the result."""
    height: int | None
    kept_early: bool
    """Whether the job was stopped early and its picture kept."""
    error: Message | None
    """Why it failed."""


class JobPage(BaseModel):
    """A page of jobs, newest first."""

    jobs: list[JobOut]
    next: JobId | None
    """Pass this as `before` to get the next page; null on the last."""
    version: int
    """Pass this as `after` to `/api/events` to receive all later changes."""
    problems: list[Message]
    """Current problems of the workers."""


class MoveIn(BaseModel):
    """A new position in the queue."""

    model_config = ConfigDict(extra="forbid")

    before: JobId | None = None
    """The queued job to move it before; null for the end of the queue."""


class Control(BaseModel):
    """A setting as the page offers it, derived from `Settings`."""

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
    """Inclusive, unless `exclusive_minimum`."""
    maximum: float | None
    """Inclusive, unless `exclusive_maximum`."""
    exclusive_minimum: bool
    exclusive_maximum: bool
    nullable: bool
    primary: bool
    """Whether it is always visible; the others are under "More settings"."""


class RecipeOut(BaseModel):
    """A recipe: a named set of settings."""

    name: str
    description: str
    thumbnail: str | None
    """URL of a picture made with it; null for the user's own recipes."""
    values: dict[str, Any]
    """All settings as this recipe sets them."""
    needs_photo: bool
    needs_painting: bool


class About(BaseModel):
    """Limits, controls, recipes and samples."""

    version: str
    max_bytes: int
    """Maximum size of an upload."""
    max_pixels: int
    """Maximum width times height of an upload."""
    max_paintings: int
    default_recipe: str
    suffixes: list[str]
    """File name suffixes of the readable formats."""
    controls: list[Control]
    layers: list[str]
    """Layer names that controls of the kind `layers` accept."""
    recipes: list[RecipeOut]
    samples: list[SamplePicture]


class Changes(BaseModel):
    """The changes since a version: the data of a `changes` event of `/api/events`."""

    version: int
    jobs: list[JobOut]
    deleted: list[JobId]
    problems: list[Message]
    """Current problems of the workers."""
