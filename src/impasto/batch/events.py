"""What happens during a batch, as data; a display shows these.

The order is PlanProgress any number of times and BatchStarted; then for each job JobSkipped or JobFailed (what is
refused), or JobStarted, JobProgress any number of times, perhaps JobRetried, and JobDone, JobFailed or, where
photographs are waited for, JobPostponed; last SheetProgress any number of times, and BatchFinished.
"""

from dataclasses import dataclass
from pathlib import Path

from impasto.batch.executor import WorkersChanged, WorkersChosen
from impasto.batch.plan import BatchJob, PlannedJob
from impasto.errors import ImpastoError
from impasto.sizing import Size


@dataclass(frozen=True)
class PlanProgress:
    """It was decided for some jobs what is to be done with them, for which inputs and results are read."""

    planned: int
    jobs: int
    """Of the whole batch."""


@dataclass(frozen=True)
class BatchStarted:
    """The jobs are planned."""

    jobs: int
    to_paint: int
    skipped: int
    refused: int
    folder: Path
    watching: bool


@dataclass(frozen=True)
class JobSkipped:
    """A job is done already and unchanged."""

    job: BatchJob


@dataclass(frozen=True)
class JobStarted:
    """A picture is begun."""

    planned: PlannedJob


@dataclass(frozen=True)
class JobProgress:
    """A picture has come further."""

    job: BatchJob
    share: float
    """Of its own work, 0..1."""
    size: Size
    """Of its present scale."""
    remaining: float
    """Estimated seconds to the end of the whole batch."""


@dataclass(frozen=True)
class JobRetried:
    """A picture failed for a reason that need not be there next time, and is painted again."""

    job: BatchJob
    error: ImpastoError


@dataclass(frozen=True)
class JobPostponed:
    """A photograph is not whole yet, and is waited for."""

    job: BatchJob
    error: ImpastoError


@dataclass(frozen=True)
class JobDone:
    """A picture is written, and so is its record."""

    job: BatchJob
    path: Path
    size: Size
    seconds: float
    remaining: float
    """Estimated seconds to the end of the whole batch."""


@dataclass(frozen=True)
class JobFailed:
    """A job was refused, or its picture could not be painted."""

    job: BatchJob
    error: ImpastoError


@dataclass(frozen=True)
class SheetProgress:
    """All is painted, and contact sheets are still being drawn."""

    drawn: int
    rows: int
    """To be drawn."""


@dataclass(frozen=True)
class BatchFinished:
    """The end."""

    done: int
    skipped: int
    failed: int
    left: int
    """Jobs that are still to be done: the batch was stopped."""
    seconds: float
    sheets: tuple[Path, ...]
    """The contact sheets that were drawn."""


BatchEvent = (
    PlanProgress
    | BatchStarted
    | JobSkipped
    | JobStarted
    | JobProgress
    | JobRetried
    | JobPostponed
    | JobDone
    | JobFailed
    | WorkersChosen
    | WorkersChanged
    | SheetProgress
    | BatchFinished
)
