"""A batch: plans its jobs, hands them to an executor, and keeps what comes back in the manifest."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

from impasto.batch.clock import BatchClock
from impasto.batch.events import (
    BatchEvent,
    JobDone,
    JobFailed,
    JobPostponed,
    JobProgress,
    JobRetried,
    JobSkipped,
    JobStarted,
)
from impasto.batch.executor import (
    Executor,
    InputDigest,
    Task,
    TaskDone,
    TaskFailed,
    TaskProgress,
    TaskRequeued,
    TaskStarted,
    Update,
    WorkersChanged,
    WorkersChosen,
)
from impasto.batch.manifest import Manifest
from impasto.batch.plan import BatchJob, PlannedJob, make_task
from impasto.errors import DeviceError, ImpastoError, OutputError, WeightsError
from impasto.settings.stored import described_values
from impasto.storage.names import base_name
from impasto.wording import COMMAND, OVERWRITE


@dataclass(frozen=True)
class BatchOptions:
    """How a batch deals with failures."""

    retries: int = 1
    """Further tries of a picture whose failure is not its inputs' fault."""
    fail_fast: bool = False
    """Whether the first failure ends the batch."""
    force: bool = False
    """Whether files may be replaced that the manifest did not make."""


@dataclass
class Tally:
    """What became of the jobs so far."""

    done: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass
class _Running:
    planned: PlannedJob
    tries: int = 0
    begun: float = field(default_factory=time.monotonic)


class Batch:
    """Paints planned jobs.

    Args:
        manifest: of the folder of the results, opened.
        executor: where the pictures are painted.
        jobs: of the whole batch; it decides the threads.
        alike: whether all of them want the same device and the same network: one that is missing then ends the batch.
        work: that is to be done, as `PlannedJob.work` counts it; None where jobs come one by one.
        on_event: called with each event.
        options: how to deal with failures.
        postpone: whether a failure is not final, since the job will come again.
    """

    def __init__(
        self,
        manifest: Manifest,
        executor: Executor,
        *,
        jobs: int,
        alike: bool = True,
        work: float | None,
        on_event: Callable[[BatchEvent], None],
        options: BatchOptions,
        postpone: Callable[[PlannedJob, ImpastoError], bool] = lambda _planned, _error: False,
    ) -> None:
        self.tally = Tally()
        self._manifest, self._executor, self._jobs = manifest, executor, jobs
        self._alike, self._on_event, self._options, self._postpone = alike, on_event, options, postpone
        self._clock, self._grows = BatchClock(work or 0.0), work is None
        self._running: dict[int, _Running] = {}
        self._again: deque[_Running] = deque()
        self._ended = False

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock.elapsed

    def run(self, planned: Iterable[PlannedJob | None], stop: Callable[[], bool]) -> Tally:
        """Do what is planned, to the end or until `stop` says true.

        Args:
            planned: the jobs, asked for one by one; None where there is none at the moment.
            stop: asked often.

        Raises:
            WorkerStartError: nothing can be painted, whatever the picture.
            DeviceError: this machine does not have the device, which is that of all jobs.
            WeightsError: the network is not there, which is that of all jobs.
            OutputError: the results' folder cannot be written any more.
            StorageError: the disk is full or failed.
        """
        tasks = self._tasks(iter(planned))
        with closing(self._executor.run(tasks, lambda: self._ended or stop())) as updates:
            for update in updates:
                self._take(update)
        return self.tally

    def _tasks(self, planned: Iterator[PlannedJob | None]) -> Iterator[Task | None]:
        """Give the tasks: those that are to be tried again first, and none while others may still fail."""
        more = True
        while more or self._running or self._again:
            if self._again:
                running = self._again.popleft()
            elif not more:
                yield None
                continue
            else:
                found = next(planned, _END)
                if found is _END:
                    more = False
                    continue
                if not isinstance(found, PlannedJob):
                    yield None
                    continue
                if not self._is_to_be_painted(found):
                    if self._ended:
                        return
                    continue
                running = _Running(found)
                self._clock.add(found.work if self._grows else 0.0)
            running.tries += 1
            self._running[running.planned.job.number] = running
            yield make_task(running.planned, self._jobs)

    def _is_to_be_painted(self, planned: PlannedJob) -> bool:
        """Whether to paint a job; the others are told and counted."""
        if planned.action == "skip":
            self.tally.skipped += 1
            self._on_event(JobSkipped(planned.job))
        elif planned.action == "refuse":
            assert planned.error is not None
            self._fail(planned, planned.error, ())
        return planned.action == "paint"

    def _take(self, update: Update) -> None:
        """Take note of an update."""
        if isinstance(update, WorkersChosen | WorkersChanged):
            self._on_event(update)
            return
        running = self._running[update.number]
        planned = running.planned
        match update:
            case TaskStarted():
                running.begun = time.monotonic()
                self._on_event(JobStarted(planned))
            case TaskProgress():
                self._clock.advance(update.number, planned.work, update.share)
                self._on_event(JobProgress(planned.job, update.share, update.size, self._clock.remaining()))
            case TaskDone():
                self._keep(running, update)
            case TaskFailed():
                self._handle_failure(running, update)
            case TaskRequeued():
                self._clock.retract(update.number)
                self._on_event(JobRetried(planned.job, update.error))

    def _keep(self, running: _Running, painted: TaskDone) -> None:
        planned, job = running.planned, running.planned.job
        del self._running[job.number]
        there = self._manifest.status_of(job.output)
        if there in ("foreign", "changed") and not self._options.force:
            problem = f"{self._manifest.folder / job.output} was created by another program during the batch"
            self._fail(planned, OutputError(problem, f"Use {OVERWRITE} to replace it."), painted.inputs)
            return
        record = {
            "output": str(job.output),
            "sha256": painted.sha256,
            "identity": painted.identity,
            **_describe(job, painted.inputs),
            "size": list(painted.size),
            "seconds": round(painted.seconds, 3),
            "error": None,
        }
        try:
            path = self._manifest.commit(job.output, painted.data, record)
        except OutputError as error:  # of this name alone: the others are not concerned
            self._fail(planned, error, painted.inputs)
            return
        self._clock.complete(job.number, planned.work, painted=True)
        self.tally.done += 1
        self._on_event(JobDone(job, path, painted.size, painted.seconds, self._clock.remaining()))

    def _handle_failure(self, running: _Running, update: TaskFailed) -> None:
        job = running.planned.job
        del self._running[job.number]
        if self._alike and isinstance(update.error, DeviceError | WeightsError):  # the next one would want it as well
            raise update.error
        if not update.is_inputs_fault and running.tries <= self._options.retries:
            self._again.append(running)
            self._clock.retract(job.number)
            self._on_event(JobRetried(job, update.error))
            return
        self._fail(running.planned, update.error, (), time.monotonic() - running.begun)

    def _fail(
        self, planned: PlannedJob, error: ImpastoError, inputs: tuple[InputDigest, ...], seconds: float = 0.0
    ) -> None:
        job = planned.job
        if self._postpone(planned, error):
            self._clock.complete(job.number, planned.work if planned.action == "paint" else 0.0, painted=False)
            self._on_event(JobPostponed(job, error))
            return
        record = {
            "output": str(job.output),
            "sha256": None,
            "identity": None,
            **_describe(job, inputs),
            "size": list(planned.size) if planned.size else None,
            "seconds": round(seconds, 3),
            "error": error.message_for(COMMAND),
        }
        self._manifest.fail(job.output, record)
        if planned.action == "paint":
            self._clock.complete(job.number, planned.work, painted=False)
        self.tally.failed += 1
        self._on_event(JobFailed(job, error))
        self._ended = self._ended or self._options.fail_fast


_END = object()


def _describe(job: BatchJob, inputs: tuple[InputDigest, ...]) -> dict[str, Any]:
    """Give the fields of a record that say what a picture is made of."""
    if not inputs:
        named = [("content", job.photo), *(("style", style) for style in job.styles)]
        inputs = tuple(InputDigest(role, base_name(str(path)), None) for role, path in named)
    return {"inputs": [asdict(it) for it in inputs], "settings": described_values(job.settings)}
