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
    masks: list[PictureId]
    """One for each painting; none where one is missing."""
    keep: PictureId | None
    """The mask of what stays as it is, if the studio has it."""
    missing: list[str]
    """Names of the inputs that the studio does not have."""
    unsupported: list[str]
    """Names of stored settings that the studio does not support; `settings` does not have them."""


class ClipOut(BaseModel):
    """What there is to know of a film or an animation, beside what pictures have."""

    frames: int
    seconds: float
    rate: float
    """Frames a second, on average."""
    has_audio: bool
    media_type: str
    """Of the file at `url`."""
    url: str
    """URL of the file as it was uploaded, for a player: it answers range requests."""
    problem: str
    """What is wrong with the file although it can be painted, such as that it ends too early; empty for nothing."""


class PictureOut(BaseModel):
    """An uploaded picture, film or animation."""

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
    clip: ClipOut | None = None
    """Only for films and animations: the rest tells of a frame."""
    origin: Origin | None = None
    """Only for pictures made by Impasto, and only where a single picture is requested."""


class RegionOut(BaseModel):
    """A region of a photograph that the studio found by itself."""

    name: str
    label: str
    """For people."""
    share: float
    """Of the photograph, 0 to 1."""
    url: str
    """URL of its mask, a gray PNG of the photograph's shape, white where the region is."""


class SamplePicture(BaseModel):
    """A sample picture."""

    name: str
    title: str
    credit: str
    role: Literal["photo", "painting"]
    thumbnail: str
    display: str


class FilmOrder(BaseModel):
    """Which part of a clip is painted, and as what."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 0.0
    """Seconds: the first frame is the one that is shown then."""
    end: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None
    """Seconds, up to which frames begin; null for the clip's end."""
    every: Annotated[int, Field(ge=1, le=1000)] = 1
    """Of these frames, each so many-th is painted, and shown as much longer."""
    format: Literal["mp4", "webm", "gif", "webp"] = "mp4"
    preview: bool = False
    """Whether to paint a few frames small, to see the look and learn how long the whole takes."""


class _Order(BaseModel):
    """What a job and a batch are ordered with."""

    model_config = ConfigDict(extra="forbid")

    paintings: list[PictureId] = Field(default_factory=list, description="At most `max_paintings` of `/api/about`.")
    masks: list[PictureId] = Field(default_factory=list)
    """Gray pictures of the photograph's shape, one for each painting, white where it goes; or none."""
    keep: PictureId | None = None
    """A gray picture, white where the photograph stays as it is."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings that differ from the recipe's, by the names of the controls in `/api/about`."""


class JobIn(_Order):
    """A new job."""

    photo: PictureId | None = None
    """A clip is painted as a film."""
    film: FilmOrder | None = None
    """What of the clip; null for all of it, and for pictures."""


class Axis(BaseModel):
    """A setting that changes from column to column of a sheet, or from row to row."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=80)]
    values: Annotated[list[float | int | str], Field(min_length=1)]
    """Each once."""


class Refused(BaseModel):
    """A file that was meant for a batch, and that the studio could not take."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=200)]
    problem: Annotated[str, Field(max_length=500)]


class BatchIn(_Order):
    """Many photographs painted alike, or one with some settings in many ways."""

    name: Annotated[str, Field(max_length=200)] = ""
    """Unset, the studio names it."""
    photos: list[PictureId] = Field(default_factory=list, description="At most `max_batch` of `/api/about`.")
    axes: Annotated[list[Axis], Field(max_length=2)] = Field(default_factory=list)
    """Of a sheet: the columns, and then the rows."""
    refused: Annotated[list[Refused], Field(max_length=500)] = Field(default_factory=list)
    """Kept with it, for its manifest."""


class EstimateOut(BaseModel):
    """What a job would take, before it is ordered."""

    width: int
    """Of the result, in pixels."""
    height: int
    seconds: float | None
    """Null until a worker has told what it computes with."""
    rough: bool
    """Whether no run of this kind on this machine was there to go by."""
    memory: int
    """Bytes that the worker takes at its peak."""
    tiles: int
    """In how many pieces the finest scale is painted."""
    frames: int | None
    """Of the film, about; null for a picture. Its seconds are known after a preview of it alone."""
    same_as: JobId | None
    """A job with the same pictures and settings, if there is one."""


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


class FilmOut(FilmOrder):
    """The film that a job paints."""

    seconds: float
    """Its length."""
    frames: int
    """It has, about before they are counted."""
    painted: int
    """Of these, painted and kept: a job that was cancelled or failed can be resumed there."""
    remaining: float | None
    """Estimated seconds until all are painted."""
    whole_seconds: float | None
    """Of a finished preview: estimated seconds for the whole film."""
    media_type: str
    """Of the result."""
    poster: str | None
    """URL of a WebP that stands for the finished film until it plays."""


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
    masks: list[PictureOut]
    """One for each painting, or none."""
    keep: PictureOut | None
    """The mask of what stays as it is in the photograph."""
    settings: dict[str, Any]
    """All settings, those of the recipe included."""
    film: FilmOut | None
    """Where the photograph is a clip."""
    batch: int | None
    """The batch that it belongs to."""
    favorite: bool
    album: str
    """Empty where it is in none."""
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
    """URL of the result as PNG; add `?format=jpeg` or `?format=webp` for other formats. A film is as it was ordered."""
    thumbnail: str | None
    width: int | None
    """Of the result."""
    height: int | None
    kept_early: bool
    """Whether the job was stopped early and its picture kept."""
    error: Message | None
    """Why it failed."""


class BatchOut(BaseModel):
    """A batch: many jobs that were ordered together."""

    id: JobId
    kind: Literal["photographs", "sheet"]
    name: str
    created: float
    axes: list[Axis]
    unreadable: int
    """Number of files that the studio could not take."""
    refused: list[Refused]
    """These files; only where a single batch is requested."""
    counts: dict[JobState, int]
    """Of its jobs, by state; those in the trash are not counted."""
    covers: list[str]
    """URLs of the thumbnails of its first results."""
    newest: JobId | None
    """The job that stands for it among the others."""


class JobPage(BaseModel):
    """A page of jobs, newest first."""

    jobs: list[JobOut]
    """Each batch is one of them, its newest, unless its jobs were asked for."""
    batches: list[BatchOut]
    """Those that the jobs belong to."""
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


class JobsIn(BaseModel):
    """Some jobs, in the order in which they are meant."""

    model_config = ConfigDict(extra="forbid")

    jobs: Annotated[list[JobId], Field(min_length=1, description="At most `max_at_once` of `/api/about`.")]


class JobEdits(JobsIn):
    """What changes of some jobs: what is null stays."""

    favorite: bool | None = None
    album: Annotated[str, Field(max_length=200)] | None = None
    """Empty to take them out of theirs."""


class Album(BaseModel):
    """A name that jobs were given to find them by."""

    name: str
    jobs: int


class Condition(BaseModel):
    """That a setting has one of some values, or, negated, has none of them."""

    setting: str
    values: list[Any]
    negated: bool


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
    level: Literal["look", "laboratory"]
    """Whether painters understand it, or those who know the method."""
    applies: list[list[Condition]]
    """When it has an effect: one condition of each of these lists must be met."""


class RecipeOut(BaseModel):
    """A recipe: a named set of settings."""

    name: str
    description: str
    thumbnail: str | None
    """URL of a picture made with it; null for a recipe of the user's own that was not saved from a picture."""
    own: bool
    """Whether it is the user's own, which can be renamed and deleted."""
    values: dict[str, Any]
    """All settings as this recipe sets them."""
    needs_photo: bool
    needs_painting: bool


class RecipeIn(BaseModel):
    """A new recipe of the user's own."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=80)]
    """Of a-z, 0-9 and -."""
    description: Annotated[str, Field(max_length=1000)] = ""
    """Unset, it names the recipe that the settings are based on."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """As a job has them: the recipe, and those that differ from it."""
    job: JobId | None = None
    """The finished job that shows it: its picture becomes the recipe's."""


class RenameIn(BaseModel):
    """A new name of a recipe."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=80)]


class About(BaseModel):
    """Limits, controls, recipes and samples."""

    version: str
    max_bytes: int
    """Maximum size of an upload."""
    max_pixels: int
    """Maximum width times height of an upload."""
    max_clip_bytes: int
    """The same of a film."""
    max_paintings: int
    max_batch: int
    """Photographs of a batch."""
    max_cells: int
    """Of a sheet."""
    max_at_once: int
    """Jobs that are deleted, changed or downloaded at once."""
    max_name: int
    """Letters of a name and of a search."""
    max_side: int
    """Pixels of a result's longer side."""
    default_recipe: str
    suffixes: list[str]
    """File name suffixes of the readable formats."""
    clip_suffixes: list[str]
    """File name suffixes of films; there are others that can be read."""
    controls: list[Control]
    layers: list[str]
    """Layer names that controls of the kind `layers` accept."""
    recipes: list[RecipeOut]
    samples: list[SamplePicture]


class Changes(BaseModel):
    """The changes since a version: the data of a `changes` event of `/api/events`."""

    version: int
    jobs: list[JobOut]
    batches: list[BatchOut]
    """Those of the jobs, with their counts."""
    deleted: list[JobId]
    problems: list[Message]
    """Current problems of the workers."""
