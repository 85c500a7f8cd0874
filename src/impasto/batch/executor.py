"""Where pictures are painted: the interface of an executor, and what passes between it and a batch.

`local.LocalExecutor` has worker processes on this machine, `cluster.ClusterExecutor` actors of Ray on others. Both take
the same tasks and give the same updates; they write no file, since what is painted comes back as bytes.
`painter.TaskPainter` is what each of their workers does.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Protocol

from impasto.errors import DivergedError, ImpastoError, InputError
from impasto.settings import Settings
from impasto.sizing import Size


@dataclass(frozen=True)
class Task:
    """One picture to be painted; picklable."""

    number: int
    """Of its job, by which the updates name it."""
    photo: str
    styles: tuple[str, ...]
    settings: Settings
    """With the number of threads to compute with."""
    suffix: str
    """Of the file to be made, with its dot."""
    memory: int
    """Bytes that painting it takes, estimated."""
    work: float
    """Pixels times iterations: its share of the time."""


@dataclass(frozen=True)
class InputDigest:
    """An input as it was read."""

    role: str
    """`content` or `style`."""
    name: str
    """Without its folder."""
    sha256: str | None
    """Of the file's bytes; None where it could not be read."""


@dataclass(frozen=True)
class TaskStarted:
    """A worker has taken a task."""

    number: int


@dataclass(frozen=True)
class TaskProgress:
    """A picture has come further."""

    number: int
    share: float
    """Of the work that is done, 0..1."""
    size: Size
    """Of its present scale."""


@dataclass(frozen=True)
class TaskDone:
    """A picture is finished."""

    number: int
    data: bytes
    """Of the file."""
    sha256: str
    """Of `data`."""
    identity: str
    """See `identity.identify`."""
    inputs: tuple[InputDigest, ...]
    size: Size
    seconds: float


@dataclass(frozen=True)
class TaskFailed:
    """A picture could not be painted."""

    number: int
    error: ImpastoError

    @property
    def is_inputs_fault(self) -> bool:
        """Whether another try would fail as well: the inputs or the settings are the cause."""
        return isinstance(self.error, InputError | DivergedError)


@dataclass(frozen=True)
class TaskRequeued:
    """A picture is painted again, by another worker: its own is gone, which says nothing of the picture."""

    number: int
    error: ImpastoError
    """What became of the worker."""


@dataclass(frozen=True)
class WorkersChosen:
    """The number of pictures at once was settled by measuring."""

    workers: int
    rates: tuple[tuple[int, float], ...]
    """Each number that was tried, with the work a second that it did."""


@dataclass(frozen=True)
class WorkersChanged:
    """There are fewer pictures at once, since a worker was lost, or more again, since all has gone well for a while."""

    workers: int
    error: ImpastoError | None
    """Why there are fewer; None where there are more."""


Update = TaskStarted | TaskProgress | TaskDone | TaskFailed | TaskRequeued | WorkersChosen | WorkersChanged
"""The events of a job (`events`) have the same names, since they are what becomes of its tasks."""


class Executor(Protocol):
    """Paints pictures."""

    def run(self, tasks: Iterator[Task | None], stop: Callable[[], bool]) -> Generator[Update, None, None]:
        """Paint tasks; yield for each TaskStarted, TaskProgress any number of times, and TaskDone or TaskFailed.

        After TaskRequeued, the same task begins again.

        Args:
            tasks: asked for the next whenever there is room for it, so that they need not all be there at once; None
                means that there is none at the moment.
            stop: asked often; once true, unfinished pictures are given up and the iterator ends.

        Raises:
            ImpastoError: nothing can be painted at all, whatever the task.
        """
