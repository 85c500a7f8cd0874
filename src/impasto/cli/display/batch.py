"""How a batch is shown: bars on a terminal, plain lines elsewhere, lines of JSON, or nothing but errors."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from impasto.batch.events import (
    BatchEvent,
    BatchFinished,
    BatchStarted,
    JobDone,
    JobFailed,
    JobPostponed,
    JobProgress,
    JobRetried,
    JobSkipped,
    JobStarted,
    PlanProgress,
    SheetProgress,
)
from impasto.batch.executor import WorkersChanged, WorkersChosen
from impasto.batch.plan import BatchJob, PlannedJob
from impasto.cli.display.base import NullDisplay
from impasto.cli.terminal import print_json, print_result, print_status, status_stream
from impasto.engine.progress import format_seconds
from impasto.errors import count_noun
from impasto.storage.names import json_fields, to_text
from impasto.wording import COMMAND

_FEW_SECONDS = 10
_LONGEST_NAME = 40
_LINE_SECONDS = 10.0
"""Between plain lines on what takes long before and after the painting."""


class BatchDisplay(Protocol):
    """Shows a batch; entered before the first event and left after the last."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def on_event(self, event: BatchEvent) -> None:
        """Show an event."""

    def list(self, dry_run: "DryRun") -> None:
        """Show what would be done, where it is not done: this is the command's result."""


@dataclass(frozen=True)
class DryRun:
    """What would be done."""

    planned: Sequence[PlannedJob]
    started: BatchStarted
    """The numbers of the jobs."""
    seconds: float | None
    """That this machine would take, by itself; None where it cannot tell."""
    rough: bool
    """Whether these are a guess."""
    elsewhere: bool
    """Whether other machines would paint."""


def choose_batch_display(*, json: bool, quiet: bool) -> BatchDisplay:
    """Choose what the user asked for and the terminal can show."""
    if json:
        return BatchJsonLines()
    if quiet:
        return BatchErrors()
    return BatchBars() if sys.stderr.isatty() else BatchLines()


class BatchErrors(NullDisplay):
    """Shows failures alone."""

    def on_event(self, event: Any, path: Path | None = None) -> None:  # noqa: ARG002 - no event of a batch has one
        if isinstance(event, JobFailed):
            print_status(_failed_line(event))

    def list(self, dry_run: DryRun) -> None:
        for it in dry_run.planned:
            print_result(_planned_line(it))
        print_result(f"{_started_line(dry_run.started)}; {_estimate(dry_run)}")


class BatchLines(BatchErrors):
    """A plain line for each picture."""

    def __init__(self) -> None:
        self._to_paint: int | None = None
        self._done = 0
        self._said = time.monotonic()

    def on_event(self, event: Any, path: Path | None = None) -> None:  # noqa: ARG002
        line = self._line(event)
        if line:
            print_status(line)
        _print_sheets(event)

    def _line(self, event: Any) -> str:
        line = ""
        match event:
            case PlanProgress():
                line = self._now_and_then(_planning_text(event))
            case BatchStarted():
                self._to_paint = None if event.watching else event.to_paint
                line = _started_line(event)
            case JobDone():
                self._done += 1
                line = f"{self._counter()}: {_done_text(event)}"
            case JobFailed():
                line = _failed_line(event)
            case JobRetried():
                line = _retried_line(event)
            case WorkersChosen():
                line = _workers_line(event)
            case WorkersChanged():
                line = _changed_line(event)
            case SheetProgress():
                line = self._now_and_then(_drawing_text(event))
            case BatchFinished():
                line = _finished_line(event)
        return line

    def _now_and_then(self, line: str) -> str:
        if time.monotonic() - self._said < _LINE_SECONDS:
            return ""
        self._said = time.monotonic()
        return line

    def _counter(self) -> str:
        return f"{self._done}" if self._to_paint is None else f"{self._done} of {self._to_paint}"


class BatchBars(BatchLines):
    """A bar for the whole, and below it one for each picture that is being painted."""

    def __init__(self) -> None:
        super().__init__()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[note]}", markup=False),
            console=Console(file=status_stream(), highlight=False),
            expand=True,
        )
        self._whole: TaskID | None = None
        self._bars: dict[int, TaskID] = {}
        self._shares: dict[int, float] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        for bar in [*self._bars.values(), *([] if self._whole is None else [self._whole])]:
            self._progress.remove_task(bar)
        self._progress.stop()

    def on_event(self, event: Any, path: Path | None = None) -> None:  # noqa: ARG002
        line = self._line(event)
        if line and not isinstance(event, JobDone):
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._show(event)
        if isinstance(event, BatchFinished):
            self.__exit__()
            self._bars, self._whole = {}, None
            _print_sheets(event)

    def _show(self, event: Any) -> None:
        match event:
            case PlanProgress():
                self._show_whole(event.jobs, event.planned, _planning_text(event))
            case BatchStarted():
                self._show_whole(None if event.watching else max(1, event.to_paint), 0, "")
                self._update("", 0.0)
            case SheetProgress():
                self._show_whole(max(1, event.rows), event.drawn, _drawing_text(event))
            case JobStarted():
                job = event.planned.job
                self._bars[job.number] = self._progress.add_task(f"  {_short(job)}", total=1.0, note="")
            case JobProgress():
                self._shares[event.job.number] = event.share
                note = f"{event.size[0]} x {event.size[1]}"
                self._progress.update(self._bars[event.job.number], completed=event.share, note=note)
                self._update(f"{format_seconds(event.remaining)} left", sum(self._shares.values()))
            case JobDone() | JobFailed() | JobRetried() | JobPostponed():
                self._shares.pop(event.job.number, None)
                if (bar := self._bars.pop(event.job.number, None)) is not None:
                    self._progress.remove_task(bar)
                left = f"{format_seconds(event.remaining)} left" if isinstance(event, JobDone) else None
                self._update(left, sum(self._shares.values()))

    def _show_whole(self, total: int | None, completed: int, text: str) -> None:
        if self._whole is not None:
            self._progress.remove_task(self._whole)
        self._whole = self._progress.add_task(text, total=total, completed=completed, note="")

    def _now_and_then(self, line: str) -> str:  # noqa: ARG002 - the bar shows it at once
        return ""

    def _update(self, note: str | None, parts: float) -> None:
        if self._whole is None:
            return
        self._progress.update(self._whole, description=f"{self._counter()} painted", completed=self._done + parts)
        if note is not None:
            self._progress.update(self._whole, note=note)


class BatchJsonLines(BatchErrors):
    """One object a line, written at once."""

    def on_event(self, event: Any, path: Path | None = None) -> None:  # noqa: ARG002
        match event:
            case PlanProgress():
                print_json({"event": "planning", **vars(event)})
            case BatchStarted():
                print_json({"event": "started", **_started_fields(event)})
            case SheetProgress():
                print_json({"event": "drawing", **vars(event)})
            case WorkersChosen():
                print_json({"event": "workers", "workers": event.workers, "rates": dict(event.rates)})
            case WorkersChanged():
                error = event.error.message_for(COMMAND) if event.error else None
                print_json({"event": "workers", "workers": event.workers, "error": error})
            case BatchFinished():
                print_json({"event": "finished", **vars(event), "sheets": [str(path) for path in event.sheets]})
            case _:
                self._print_job_event(event)

    def _print_job_event(self, event: Any) -> None:
        match event:
            case JobStarted():
                _print_job(event, event.planned.job, size=event.planned.size)
            case JobProgress():
                _print_job(event, event.job, share=event.share, size=event.size, remaining=event.remaining)
            case JobSkipped():
                _print_job(event, event.job)
            case JobDone():
                fields = {"size": event.size, "seconds": event.seconds, "remaining": event.remaining}
                _print_job(event, event.job, **json_fields(event.path), **fields)
            case JobFailed() | JobRetried() | JobPostponed():
                _print_job(event, event.job, error=event.error.message_for(COMMAND))

    def list(self, dry_run: DryRun) -> None:
        for it in dry_run.planned:
            error = it.error.message_for(COMMAND) if it.error else None
            fields = {"action": it.action, "size": it.size, "error": error}
            print_json({"event": "job_planned", **_job_fields(it.job), **fields})
        seconds = {"seconds": dry_run.seconds, "rough": dry_run.rough}
        print_json({"event": "started", **_started_fields(dry_run.started), **seconds})


def _started_fields(event: BatchStarted) -> dict[str, Any]:
    return {**vars(event), "folder": str(event.folder)}


def _print_job(event: Any, job: BatchJob, **fields: Any) -> None:
    """Print an event of a job: JobDone is `job_done`."""
    kind = type(event).__name__.removeprefix("Job").lower()
    print_json({"event": f"job_{kind}", **_job_fields(job), **fields})


def _job_fields(job: BatchJob) -> dict[str, Any]:
    inputs = {"photo": str(job.photo), "styles": [str(style) for style in job.styles]}
    return {"job": job.number, "output": str(job.output), **inputs}


def _print_sheets(event: Any) -> None:
    for path in event.sheets if isinstance(event, BatchFinished) else ():
        print_result(str(path))


def _planning_text(event: PlanProgress) -> str:
    return f"planning: {event.planned} of {count_noun(event.jobs, 'picture')}"


def _drawing_text(event: SheetProgress) -> str:
    return f"drawing contact sheets: {event.drawn} of {count_noun(event.rows, 'row')}"


def _started_line(event: BatchStarted) -> str:
    if event.watching:
        return f"watching; results go to {event.folder}; Ctrl-C ends it"
    others = {"done already": event.skipped, "refused": event.refused}
    rest = "".join(f", {number} {what}" for what, number in others.items() if number)
    return f"{count_noun(event.jobs, 'picture')}: {event.to_paint} to paint{rest}; into {event.folder}"


def _planned_line(planned: PlannedJob) -> str:
    job = planned.job
    inputs = f"{job.photo} with {', '.join(str(style) for style in job.styles)}"
    if planned.error:
        return f"refuse  {job.output}: {planned.error.message_for(COMMAND)}"
    size = "" if planned.size is None else f"{planned.size[0]} x {planned.size[1]} px, "
    return f"{planned.action:<6}  {job.output}: {size}{inputs}"


def _estimate(dry_run: DryRun) -> str:
    seconds = dry_run.seconds
    if seconds is None:
        return "no estimate, since this machine does not have the device"
    where = " on this machine alone" if dry_run.elsewhere else ""
    time = format_seconds(seconds if seconds < _FEW_SECONDS else round(seconds)) + where
    return f"roughly {time}, a guess before the first such run here" if dry_run.rough else f"about {time}"


def _done_text(event: JobDone) -> str:
    return f"{event.job.output}, {format_seconds(event.seconds)}; {format_seconds(event.remaining)} left"


def _failed_line(event: JobFailed) -> str:
    return f"impasto: error: {event.job.output}: {event.error.message_for(COMMAND)}"


def _retried_line(event: JobRetried) -> str:
    return f"{event.job.output} is painted again: {event.error.message_for(COMMAND)}"


def _workers_line(event: WorkersChosen) -> str:
    best = max(rate for _, rate in event.rates)
    tried = ", ".join(f"{rate / best:.0%} with {number}" for number, rate in event.rates)
    return f"{event.workers} at once is best here: of the fastest, {tried}"


def _changed_line(event: WorkersChanged) -> str:
    if event.error is None:
        return f"{event.workers} at once again: all has gone well for a while"
    return f"{event.workers} at once for a while: {event.error.message_for(COMMAND)}"


def _finished_line(event: BatchFinished) -> str:
    parts = {"painted": event.done, "done already": event.skipped, "failed": event.failed, "left": event.left}
    counts = ", ".join(f"{number} {what}" for what, number in parts.items() if number or what == "painted")
    verb = "stopped" if event.left else "finished"
    return f"{verb}: {counts}; {format_seconds(event.seconds)}"


def _short(job: BatchJob) -> str:
    name = to_text(str(job.output))
    return name if len(name) <= _LONGEST_NAME else f"...{name[-_LONGEST_NAME:]}"
