"""Run a batch: make the jobs, paint what is to be painted, write the contact sheet and sum up."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from impasto import images
from impasto.batch import files, plan, schedule
from impasto.batch.cluster import ClusterExecutor
from impasto.batch.estimate import estimate_batch
from impasto.batch.events import (
    BatchEvent,
    BatchFinished,
    BatchStarted,
    JobDone,
    JobProgress,
    JobRetried,
    PlanProgress,
)
from impasto.batch.executor import Executor
from impasto.batch.files import FoundFile
from impasto.batch.local import LocalExecutor
from impasto.batch.manifest import Manifest
from impasto.batch.names import SHEET_STEM, NameTemplate, ignores_case
from impasto.batch.plan import Arrangement, BatchJob, PlannedJob
from impasto.batch.run import Batch, BatchOptions, Tally
from impasto.batch.sheet import SheetWriter
from impasto.batch.table import read_table
from impasto.batch.watch import Watcher
from impasto.cli.display.batch import BatchDisplay, DryRun, choose_batch_display
from impasto.cli.failures import no_wrong_use_after
from impasto.cli.options import build_settings
from impasto.cli.signals import StopFlag, stop_on_signal
from impasto.cli.terminal import STREAM, print_status
from impasto.cli.workers import parse_workers
from impasto.cluster.connect import check_address
from impasto.engine import cores, style_file
from impasto.errors import DeviceError, ImpastoError, InputError, OutputError, StorageError, count_noun
from impasto.settings import Settings
from impasto.storage.paths import is_folder, path_exists
from impasto.wording import COMMAND

REPORT_SECONDS = 1.0
"""Between reports on the planning."""
_SOME_FAILED = 3
_NOTICE = b"\nstopping: unfinished pictures are painted again by the next run of this command\n"
_AT_ONCE = "interrupted a second time: what is finished is kept"


@dataclass(frozen=True)
class BatchArguments:
    """The arguments of the command, as the user gave them."""

    photos: tuple[str, ...]
    styles: tuple[str, ...]
    output: str
    arrangement: Arrangement
    recursive: bool
    jobs: str | None
    watch: bool
    name: str
    format: str
    contact_sheet: bool
    force: bool
    repaint: bool
    settings_from: str | None
    workers: str
    cluster: str | None
    retries: int
    fail_fast: bool
    dry_run: bool
    json: bool
    quiet: bool


def run_batch(arguments: BatchArguments, values: Mapping[str, Any]) -> int:
    """Paint what is to be painted.

    Args:
        arguments: those of the command.
        values: the settings given as options.

    Returns:
        The exit code: 0; 3 if a job failed; 129, 130 or 143 if a signal ended the batch.

    Raises:
        InputError: an argument, a row of the table, the folder or the cluster cannot be used, and nothing was painted.
        ImpastoError: after the first picture was begun, nothing can be painted or written any more.
    """
    request = _Request(arguments, values)
    with stop_on_signal(quiet=arguments.quiet or arguments.json, notice=_NOTICE, at_once=_AT_ONCE) as stop:
        found = Manifest.read(request.folder)
        # What is wrong with the arguments is found before anything is written.
        if arguments.watch:
            styles = request.styles_to_watch_with(found)
            with Manifest.open(request.folder) as manifest:
                return _Run(request, manifest).watch(styles, stop)
        jobs = request.jobs(found)
        if arguments.dry_run:
            return _list(request, jobs, found)
        with Manifest.open(request.folder) as manifest:
            return _Run(request, manifest).paint(jobs, stop)


class _Request:
    """The arguments, checked one by one."""

    def __init__(self, arguments: BatchArguments, values: Mapping[str, Any]) -> None:
        self.arguments, self.values = arguments, values
        if not arguments.output or arguments.output == STREAM:
            raise OutputError("the results of a batch need a folder", "Name one with -o.")
        self.folder = Path(arguments.output).expanduser()
        if path_exists(self.folder) and not is_folder(self.folder):
            raise OutputError(f"{self.folder} is not a folder", "Name a folder with -o.")
        self.template = NameTemplate(arguments.name)
        self.suffix = _suffix(arguments.format)
        self.workers = parse_workers(arguments.workers, on_cluster=arguments.cluster is not None)
        if arguments.cluster is not None:
            check_address(arguments.cluster)
        self._check_sources()
        self.settings = self.make_settings({})

    def _check_sources(self) -> None:
        given = self.arguments
        if STREAM in (*given.photos, *given.styles, given.jobs):
            raise InputError("a batch reads files, and - is none", "Name files, folders or patterns.")
        if given.jobs is None:
            if not given.photos:
                raise InputError("no photographs are given", "Name files or folders, or a table with --jobs.")
            if not given.styles:
                raise InputError("no paintings are given", "Name them with --style.")
        elif given.photos or given.watch or given.arrangement != "every":
            other = "photographs" if given.photos else "--watch" if given.watch else f"--{given.arrangement}"
            raise InputError(f"{other} and --jobs contradict each other", "Give one of the two.")
        if given.watch:
            self._check_watch()

    def _check_watch(self) -> None:
        given = self.arguments
        if given.dry_run:
            raise InputError("--watch and --dry-run contradict each other", "Leave out one.")
        if given.arrangement == "pairs":
            raise InputError("--watch and --pairs contradict each other", "Leave out one.")
        if "number" in self.template.fields:
            problem = "--watch cannot number the results: photographs come in any order"
            raise InputError(problem, "Leave {number} out of --name.")
        for folder in self.folders:
            if not is_folder(folder):
                raise InputError(f"--watch looks into folders, and {folder} is none", "Name folders.")

    def make_settings(self, row: Mapping[str, Any]) -> Settings:
        """Make the settings of a row of the table, over those of the command line."""
        return build_settings({**self.values, **row}, self.arguments.settings_from)

    def styles(self, skip: Callable[[Path], bool]) -> list[FoundFile]:
        """Find the paintings."""
        given = self.arguments
        found = files.expand(given.styles, recursive=given.recursive, skip=skip, further=(style_file.SUFFIX,))
        return found if self.arguments.arrangement == "pairs" else plan.unique(found)

    def jobs(self, manifest: Manifest) -> list[BatchJob]:
        """Make all jobs.

        Raises:
            ImpastoError: one cannot be made, or two have one output.
        """
        skip = self.skipper(manifest)
        jobs = self._table_jobs(skip) if self.arguments.jobs is not None else self._folder_jobs(skip)
        plan.check_distinct(jobs, fold_case=ignores_case(self.folder))
        return jobs

    @property
    def folders(self) -> list[Path]:
        """The folders to watch."""
        return [Path(photo).expanduser() for photo in self.arguments.photos]

    def styles_to_watch_with(self, manifest: Manifest) -> list[FoundFile]:
        """Find the paintings, and check all that can be checked before there is a photograph.

        Raises:
            InputError: there are none, the settings do not fit them, or a folder cannot be read.
        """
        styles = self.styles(self.skipper(manifest))
        plan.check_settings(self.settings, len(styles) if self.arguments.arrangement == "blend" else 1)
        for folder in self.folders:
            any(files.scan(folder, recursive=self.arguments.recursive))
        return styles

    def skipper(self, manifest: Manifest) -> Callable[[Path], bool]:
        """Give whether a file found in a folder is a result, and no photograph."""
        folder = self.folder.resolve()
        sources = [Path(it).expanduser().resolve() for it in (*self.arguments.photos, *self.arguments.styles)]
        apart = not any(source == folder or folder in source.parents for source in sources)

        def skip(path: Path) -> bool:
            path = path.resolve()
            if folder not in path.parents:
                return False
            is_sheet = path.parent == folder and path.stem.startswith(SHEET_STEM)
            return apart or is_sheet or path.relative_to(folder).as_posix() in manifest.made

        return skip

    def _folder_jobs(self, skip: Callable[[Path], bool]) -> list[BatchJob]:
        photos = files.expand(self.arguments.photos, recursive=self.arguments.recursive, skip=skip)
        photos = photos if self.arguments.arrangement == "pairs" else plan.unique(photos)
        pairs = plan.arrange(photos, self.styles(skip), self.arguments.arrangement)
        return plan.make_jobs(pairs, self.settings, self.template, self.suffix)

    def _table_jobs(self, skip: Callable[[Path], bool]) -> list[BatchJob]:
        table = Path(self.arguments.jobs or "").expanduser()
        styles = [style.path for style in self.styles(skip)]
        rows = read_table(table)
        jobs, problems = plan.make_row_jobs(rows, styles, self.make_settings, self.template, self.suffix)
        for row, error in problems:
            print_status(f"impasto: error: {table}, {row.place}: {error.message_for(COMMAND)}")
        if problems:
            counts = f"{len(problems)} of {count_noun(len(rows), 'row')}"
            raise InputError(f"{counts} of {table} cannot be used", "Correct them.")
        return jobs


class _Run:
    """A batch that paints."""

    def __init__(self, request: _Request, manifest: Manifest) -> None:
        self._request, self._manifest = request, manifest
        given = request.arguments
        self._display = choose_batch_display(json=given.json, quiet=given.quiet)
        self._sheets: SheetWriter | None = None
        self._begun = False  # whether a picture is under way or painted
        self._painted: set[PurePosixPath] = set()

    def paint(self, jobs: Sequence[BatchJob], stop: StopFlag) -> int:
        """Paint, sum up and give the exit code."""
        with self._display:
            planned = _plan(self._request, jobs, self._manifest, self._display)
            stop.begin()
            to_paint = [it for it in planned if it.action == "paint"]
            batch = self._batch(
                jobs=len(jobs),
                alike=len({_wanted(it.job.settings) for it in to_paint}) <= 1,
                to_paint=len(to_paint),
                work=sum(it.work for it in to_paint),
            )
            self._display.on_event(_started(planned, self._request.folder))
            with self._draw_sheets(jobs):
                with no_wrong_use_after(lambda: self._begun):
                    tally = batch.run(planned, stop)
                left = len(jobs) - tally.done - tally.skipped - tally.failed
                self._finish(batch, tally, left, stop)
        return self._exit_code(tally, stop)

    def watch(self, styles: Sequence[FoundFile], stop: StopFlag) -> int:
        """Paint what comes until a signal ends that, sum up and give the exit code."""
        stop.begin()
        request, manifest, given = self._request, self._manifest, self._request.arguments

        def make_jobs(photos: Sequence[FoundFile], first: int) -> list[BatchJob]:
            pairs = plan.arrange(photos, styles, given.arrangement)
            return plan.make_jobs(pairs, request.settings, request.template, request.suffix, first=first)

        def refuse(photo: FoundFile, error: ImpastoError) -> PlannedJob:
            output = PurePosixPath(photo.folder / photo.path.name)
            return PlannedJob(BatchJob(0, photo.path, (), request.settings, output), "refuse", error=error)

        def plan_job(job: BatchJob) -> PlannedJob:
            repaint = given.repaint and job.output not in self._painted  # once, and not whenever its file comes back
            return plan.plan_job(job, manifest, force=given.force, repaint=repaint)

        watcher = Watcher(
            request.folders,
            recursive=given.recursive,
            skip=request.skipper(manifest),
            make_jobs=make_jobs,
            plan=plan_job,
            refuse=refuse,
            fold_case=ignores_case(request.folder),
        )
        batch = self._batch(jobs=cores.core_count(), to_paint=None, work=None, postpone=watcher.postpone)
        with self._display, self._draw_sheets([]):
            self._display.on_event(BatchStarted(0, 0, 0, 0, request.folder, watching=True))
            with no_wrong_use_after(lambda: self._begun):
                tally = batch.run(watcher.jobs(), stop)
            self._finish(batch, tally, 0, lambda: False)
        return self._exit_code(tally, stop)

    def _batch(
        self,
        *,
        jobs: int,
        alike: bool = True,
        to_paint: int | None,
        work: float | None,
        postpone: Callable[[PlannedJob, ImpastoError], bool] = lambda _planned, _error: False,
    ) -> Batch:
        given = self._request.arguments
        return Batch(
            self._manifest,
            self._executor(to_paint),
            jobs=jobs,
            alike=alike,
            work=work,
            on_event=self._on_event,
            options=BatchOptions(given.retries, given.fail_fast, given.force),
            postpone=postpone,
        )

    def _on_event(self, event: BatchEvent) -> None:
        self._begun = self._begun or isinstance(event, JobProgress | JobDone | JobRetried)
        if isinstance(event, JobDone):
            self._painted.add(event.job.output)
        self._display.on_event(event)
        if self._sheets:
            self._sheets.on_event(event)

    def _executor(self, to_paint: int | None) -> Executor:
        request, cluster = self._request, self._request.arguments.cluster
        if cluster is None:
            return LocalExecutor(request.workers, to_paint, most=schedule.most_workers(request.settings))
        return ClusterExecutor(cluster, request.workers, to_paint)

    @contextmanager
    def _draw_sheets(self, jobs: Sequence[BatchJob]) -> Iterator[None]:
        """Have the contact sheets drawn as their jobs are done, within this context."""
        given = self._request.arguments
        if not given.contact_sheet:
            yield
            return
        with SheetWriter(self._manifest, jobs, force=given.force) as self._sheets:
            yield

    def _finish(self, batch: Batch, tally: Tally, left: int, stop: Callable[[], bool]) -> None:
        sheets: list[Path] = []
        if self._sheets:
            try:
                sheets = self._sheets.finish(stop, self._display.on_event)
            except (OutputError, StorageError) as error:
                print_status(f"impasto: no contact sheet is written: {error.message_for(COMMAND)}")
        self._display.on_event(
            BatchFinished(tally.done, tally.skipped, tally.failed, left, batch.elapsed, tuple(sheets))
        )

    def _exit_code(self, tally: Tally, stop: StopFlag) -> int:
        return stop.exit_code or (_SOME_FAILED if tally.failed else 0)


def _list(request: _Request, jobs: Sequence[BatchJob], manifest: Manifest) -> int:
    """List what would be done, without writing anything."""
    display: BatchDisplay = choose_batch_display(json=request.arguments.json, quiet=False)
    with display:
        planned = _plan(request, jobs, manifest, display)
    elsewhere = request.arguments.cluster is not None
    seconds: float | None = None
    rough = True
    try:
        seconds, rough = estimate_batch(planned, len(jobs), request.workers)
    except DeviceError:
        if not elsewhere:  # where another machine may have it
            raise
    display.list(DryRun(planned, _started(planned, request.folder), seconds, rough, elsewhere))
    return 0


def _wanted(settings: Settings) -> tuple[object, ...]:
    """Give what a machine may lack for a picture."""
    return settings.device, settings.precision, settings.threads, settings.network


def _plan(request: _Request, jobs: Sequence[BatchJob], manifest: Manifest, display: BatchDisplay) -> list[PlannedJob]:
    """Decide for each job what is to be done, and show how far that is now and then."""
    planned: list[PlannedJob] = []
    given, reported = request.arguments, time.monotonic()
    for it in plan.plan(jobs, manifest, force=given.force, repaint=given.repaint):
        planned.append(it)
        if time.monotonic() - reported >= REPORT_SECONDS:
            reported = time.monotonic()
            display.on_event(PlanProgress(len(planned), len(jobs)))
    return planned


def _started(planned: Sequence[PlannedJob], folder: Path) -> BatchStarted:
    counts = {action: sum(it.action == action for it in planned) for action in ("paint", "skip", "refuse")}
    return BatchStarted(len(planned), counts["paint"], counts["skip"], counts["refuse"], folder, watching=False)


def _suffix(name: str) -> str:
    suffix = "." + name.lower().lstrip(".")
    if suffix not in images.SUFFIXES:
        known = ", ".join(it[1:] for it in images.SUFFIXES)
        raise OutputError(f"'{name}' is not a format that Impasto writes", f"Choose {known}.")
    return suffix
