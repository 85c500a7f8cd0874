"""Run a batch: make the jobs, paint what is to be painted, write the contact sheet and sum up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto import images
from impasto.batch import files, plan, schedule, sheet
from impasto.batch.estimate import estimate_batch
from impasto.batch.events import BatchFinished, BatchStarted
from impasto.batch.files import FoundFile
from impasto.batch.local import LocalExecutor
from impasto.batch.manifest import Manifest
from impasto.batch.names import SHEET_STEM, NameTemplate
from impasto.batch.plan import Arrangement, BatchJob, PlannedJob
from impasto.batch.run import Batch, BatchOptions, Tally
from impasto.batch.table import read_table
from impasto.batch.watch import Watcher
from impasto.cli.display.batch import BatchDisplay, choose_batch_display
from impasto.cli.options import build_settings
from impasto.cli.signals import StopFlag, stop_on_signal
from impasto.cli.terminal import STREAM, print_status
from impasto.engine import style_file
from impasto.errors import ImpastoError, InputError, OutputError, count_noun
from impasto.settings import Settings
from impasto.wording import COMMAND

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
    settings_from: str | None
    workers: str
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
        ImpastoError: an argument, a row of the table or the folder cannot be used, before the first picture; or a
            write failed.
    """
    request = _Request(arguments, values)
    with stop_on_signal(quiet=arguments.quiet or arguments.json, notice=_NOTICE, at_once=_AT_ONCE) as stop:
        found = Manifest.read(request.folder)
        jobs = [] if arguments.watch else request.jobs(found)  # before anything is written
        if arguments.dry_run:
            return _list(request, jobs, found)
        with Manifest.open(request.folder) as manifest:
            run = _Run(request, manifest)
            return run.watch(stop) if arguments.watch else run.paint(jobs, stop)


class _Request:
    """The arguments, checked one by one."""

    def __init__(self, arguments: BatchArguments, values: Mapping[str, Any]) -> None:
        self.arguments, self.values = arguments, values
        if not arguments.output or arguments.output == STREAM:
            raise OutputError("the results of a batch need a folder", "Name one with -o.")
        self.folder = Path(arguments.output).expanduser()
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(f"{self.folder} is not a folder", "Name a folder with -o.")
        self.template = NameTemplate(arguments.name)
        self.suffix = _suffix(arguments.format)
        self.workers = _workers(arguments.workers)
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
        for photo in given.photos:
            if not Path(photo).expanduser().is_dir():
                raise InputError(f"--watch looks into folders, and {photo} is none", "Name folders.")

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
        plan.check_distinct(jobs)
        return jobs

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

    def paint(self, jobs: Sequence[BatchJob], stop: StopFlag) -> int:
        """Paint, sum up and give the exit code."""
        planned = list(plan.plan(jobs, self._manifest, force=self._request.arguments.force))
        stop.begin()
        to_paint = [it for it in planned if it.action == "paint"]
        batch = self._batch(jobs=len(jobs), to_paint=len(to_paint), work=sum(it.work for it in to_paint))
        with self._display:
            self._display.on_event(_started(planned, self._request.folder))
            tally = batch.run(planned, stop)
            left = len(jobs) - tally.done - tally.skipped - tally.failed
            sheets = self._write_sheets(jobs, tally, stop)
            self._finish(batch, tally, left, sheets)
        return self._exit_code(tally, stop)

    def watch(self, stop: StopFlag) -> int:
        """Paint what comes until a signal ends that, sum up and give the exit code."""
        stop.begin()
        request, manifest, given = self._request, self._manifest, self._request.arguments
        skip, seen = request.skipper(manifest), dict[str, BatchJob]()
        styles = request.styles(skip)
        plan.check_settings(request.settings, len(styles) if given.arrangement == "blend" else 1)

        def make_jobs(photos: Sequence[FoundFile], first: int) -> list[BatchJob]:
            pairs = plan.arrange(photos, styles, given.arrangement)
            jobs = plan.make_jobs(pairs, request.settings, request.template, request.suffix, first=first)
            seen.update({str(job.output): job for job in jobs})
            return jobs

        folders = [Path(photo).expanduser() for photo in given.photos]
        count = sum(1 for folder in folders for path in files.scan(folder, recursive=given.recursive) if not skip(path))
        watcher = Watcher(
            folders,
            recursive=given.recursive,
            skip=skip,
            make_jobs=make_jobs,
            plan=lambda job: plan.plan_job(job, manifest, force=given.force),
        )
        batch = self._batch(jobs=max(1, count), to_paint=None, work=None, postpone=watcher.postpone)
        with self._display:
            self._display.on_event(BatchStarted(0, 0, 0, 0, request.folder, watching=True))
            tally = batch.run(watcher.jobs(), stop)
            sheets = self._write_sheets(list(seen.values()), tally, lambda: False)
            self._finish(batch, tally, 0, sheets)
        return self._exit_code(tally, stop)

    def _batch(
        self,
        *,
        jobs: int,
        to_paint: int | None,
        work: float | None,
        postpone: Callable[[PlannedJob, ImpastoError], bool] = lambda _planned, _error: False,
    ) -> Batch:
        given = self._request.arguments
        return Batch(
            self._manifest,
            LocalExecutor(self._request.workers, to_paint, most=schedule.most_workers(self._request.settings)),
            jobs=jobs,
            work=work,
            on_event=self._display.on_event,
            options=BatchOptions(given.retries, given.fail_fast, given.force),
            postpone=postpone,
        )

    def _write_sheets(self, jobs: Sequence[BatchJob], tally: Tally, stop: Callable[[], bool]) -> list[Path]:
        """Write the contact sheets, unless nothing has changed since they were, or somebody is waiting for the end."""
        first = sheet.sheet_path(self._manifest.folder, 1)
        if not self._request.arguments.contact_sheet or stop() or (not tally.done and first.exists()):
            return []
        try:
            return sheet.write_sheets(jobs, self._manifest, stop, force=self._request.arguments.force)
        except OutputError as error:
            print_status(f"impasto: no contact sheet is written: {error.message_for(COMMAND)}")
            return []

    def _finish(self, batch: Batch, tally: Tally, left: int, sheets: Sequence[Path]) -> None:
        self._display.on_event(
            BatchFinished(tally.done, tally.skipped, tally.failed, left, batch.elapsed, tuple(sheets))
        )

    def _exit_code(self, tally: Tally, stop: StopFlag) -> int:
        return stop.exit_code or (_SOME_FAILED if tally.failed else 0)


def _list(request: _Request, jobs: Sequence[BatchJob], manifest: Manifest) -> int:
    """List what would be done, without writing anything."""
    display: BatchDisplay = choose_batch_display(json=request.arguments.json, quiet=False)
    planned = list(plan.plan(jobs, manifest, force=request.arguments.force))
    seconds, rough = estimate_batch(planned, len(jobs), request.workers)
    display.list(planned, _started(planned, request.folder), seconds, rough=rough)
    return 0


def _started(planned: Sequence[PlannedJob], folder: Path) -> BatchStarted:
    counts = {action: sum(it.action == action for it in planned) for action in ("paint", "skip", "refuse")}
    return BatchStarted(len(planned), counts["paint"], counts["skip"], counts["refuse"], folder, watching=False)


def _suffix(name: str) -> str:
    suffix = "." + name.lower().lstrip(".")
    if suffix not in images.SUFFIXES:
        known = ", ".join(it[1:] for it in images.SUFFIXES)
        raise OutputError(f"'{name}' is not a format that Impasto writes", f"Choose {known}.")
    return suffix


def _workers(text: str) -> int | None:
    if text == "auto":
        return None
    most = 4 * schedule.core_count()
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise InputError(f"--workers takes auto or a number from 1 to {most}, not {text!r:.40}", "Try --workers auto.")
    return int(text)
