"""From photographs, paintings and settings to jobs, and what is to be done with each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from impasto import images
from impasto.batch import schedule
from impasto.batch.executor import Task
from impasto.batch.files import FoundFile
from impasto.batch.identity import digest, identify
from impasto.batch.manifest import Manifest
from impasto.batch.names import NameTemplate, check_output_name, check_place, comparable
from impasto.batch.table import TableRow
from impasto.engine import sizing
from impasto.engine.sharing import fix_memory
from impasto.engine.style_file import is_style, read_style
from impasto.errors import ImageError, ImpastoError, InputError, OutputError, SettingsError
from impasto.settings import Settings
from impasto.settings.effect import named_files
from impasto.settings.per_painting import MeasuredWith, check_counts, check_measured
from impasto.sizing import Size
from impasto.storage.paths import is_file, path_exists
from impasto.wording import OVERWRITE, argument

Arrangement = Literal["every", "pairs", "blend"]
"""How paintings come to photographs: each on every one, first with first, or all as one style on every one."""


@dataclass(frozen=True)
class BatchJob:
    """One picture of a batch."""

    number: int
    """From 1."""
    photo: Path
    styles: tuple[Path, ...]
    settings: Settings
    output: PurePosixPath
    """Within the folder of the results."""


@dataclass(frozen=True)
class PlannedJob:
    """A job, and what is to be done with it."""

    job: BatchJob
    action: Literal["paint", "skip", "refuse"]
    size: Size | None = None
    """Of the result; None where the photograph cannot be read."""
    memory: int = 0
    """Bytes that painting it takes."""
    error: ImpastoError | None = None
    """Why it is refused."""

    @property
    def work(self) -> float:
        """Megapixels times iterations."""
        return schedule.work_of(self.job.settings, self.size) if self.size else 0.0


def arrange(
    photos: Sequence[FoundFile], styles: Sequence[FoundFile], arrangement: Arrangement
) -> Iterator[tuple[FoundFile, tuple[Path, ...]]]:
    """Give each photograph with the paintings of one job.

    Raises:
        InputError: in pairs, there are not as many paintings as photographs.
    """
    if arrangement == "pairs" and len(photos) != len(styles):
        problem = f"{len(photos)} photographs and {len(styles)} paintings make no pairs"
        raise InputError(problem, "Give as many of the one as of the other.")
    if arrangement == "pairs":
        return ((photo, (style.path,)) for photo, style in zip(photos, styles, strict=True))
    paths = tuple(style.path for style in styles)
    groups = [paths] if arrangement == "blend" else [(path,) for path in paths]
    return product(photos, groups)


def unique(found: Sequence[FoundFile]) -> list[FoundFile]:
    """Leave out what is the same file as one before."""
    return list({file.path.resolve(): file for file in reversed(found)}.values())[::-1]


def make_jobs(
    pairs: Iterator[tuple[FoundFile, tuple[Path, ...]]],
    settings: Settings,
    template: NameTemplate,
    suffix: str,
    *,
    first: int = 1,
) -> list[BatchJob]:
    """Make the jobs that share their settings.

    Args:
        pairs: each photograph with its paintings.
        settings: of all of them.
        template: of the results' names.
        suffix: of the results, with its dot.
        first: number of the first.

    Raises:
        InputError: a name cannot be made, or the settings do not fit the number of paintings or name a missing file.
    """
    jobs: list[BatchJob] = []
    checked: set[int] = set()
    for number, (photo, styles) in enumerate(pairs, first):
        if len(styles) not in checked:
            check_settings(settings, len(styles))
            checked.add(len(styles))
        name = _fill(template, photo, styles, settings, number) + suffix
        if "folder" not in template.fields:
            name = (photo.folder / name).as_posix()
        output = check_output_name(name)
        jobs.append(BatchJob(number, photo.path, styles, settings, output))
    return jobs


def make_row_jobs(
    rows: Sequence[TableRow],
    styles: Sequence[Path],
    make_settings: Callable[[Mapping[str, Any]], Settings],
    template: NameTemplate,
    suffix: str,
) -> tuple[list[BatchJob], list[tuple[TableRow, ImpastoError]]]:
    """Make a job of each row of a table; gives those that can be made, and the others with what is wrong with each.

    Args:
        rows: of the table.
        styles: the paintings of rows that name none.
        make_settings: makes settings of those that a row states.
        template: of the names of results that have none in the table.
        suffix: of those, with its dot.
    """
    jobs: list[BatchJob] = []
    problems: list[tuple[TableRow, ImpastoError]] = []
    made: dict[str, Settings] = {}
    for number, row in enumerate(rows, 1):
        try:
            jobs.append(_row_job(number, row, styles, make_settings, made, template, suffix))
        except ImpastoError as error:
            problems.append((row, error))
    return jobs, problems


def _row_job(
    number: int,
    row: TableRow,
    styles: Sequence[Path],
    make_settings: Callable[[Mapping[str, Any]], Settings],
    made: dict[str, Settings],
    template: NameTemplate,
    suffix: str,
) -> BatchJob:
    if row.error:
        raise row.error
    key = repr(row.values)
    settings = made.get(key) or made.setdefault(key, make_settings(row.values))
    chosen = row.styles or tuple(styles)
    if not chosen:
        raise InputError("it names no painting", f"Fill in `style`, or add {argument('style')} for all rows.")
    for path in (row.photo, *chosen):
        if not path_exists(path):
            raise ImageError(f"{path} does not exist", "Check the path.")
    check_settings(settings, len(chosen))
    name = row.output
    if not name:
        name = _fill(template, FoundFile(row.photo, row.folder), chosen, settings, number) + suffix
    elif PurePosixPath(name).suffix.lower() not in images.SUFFIXES:
        name += suffix
    return BatchJob(number, row.photo, chosen, settings, check_output_name(name))


def _fill(template: NameTemplate, photo: FoundFile, styles: Sequence[Path], settings: Settings, number: int) -> str:
    return template.fill(
        photo=photo.path,
        folder=photo.folder,
        styles=styles,
        settings=settings,
        number=number,
        size=lambda: _named_size(settings, photo.path),
    )


def _named_size(settings: Settings, photo: Path) -> Size:
    """Give the size that a result's name has; none for a photograph that cannot be read, which is refused by itself."""
    try:
        return sizing.result_size(settings, _measure(photo))
    except (ImageError, SettingsError):
        return 0, 0


def check_settings(settings: Settings, paintings: int) -> None:
    """Check what settings ask for beside the photograph, once for all jobs that share them.

    Raises:
        SettingsError: they do not fit the number of paintings, or name a file that does not exist.
    """
    check_counts(settings, paintings)
    for name, paths in named_files(settings).items():
        for path in paths:
            if not is_file(Path(path).expanduser()):
                raise SettingsError(f"{argument(name)} names {path}, which is no file", "Check the path.")


def check_distinct(jobs: Sequence[BatchJob], *, fold_case: bool) -> None:
    """Refuse two jobs with one output, or with one that would be the folder of the other.

    Args:
        jobs: all of the batch.
        fold_case: whether names that differ in case alone are one.

    Raises:
        OutputError: there are such; the message names the first two.
    """
    taken: dict[str, BatchJob] = {}
    for job in jobs:
        other = taken.setdefault(comparable(job.output, fold_case=fold_case), job)
        if other is not job:
            what = " and ".join(f"{it.photo} with {', '.join(map(str, it.styles))}" for it in (other, job))
            such = '"{photo}-{suffix}-{style}" or "{photo}-{style}-{number}"'
            hint = f"Add fields to {argument('name')}, such as {such}."
            raise OutputError(f"two results would be named {job.output}: {what}", hint)
    for job in jobs:
        for parent in job.output.parents:
            if above := taken.get(comparable(parent, fold_case=fold_case)):
                problem = f"{above.output} would be a result and the folder of {job.output}"
                raise OutputError(problem, "Name one of them differently.")


def plan(
    jobs: Sequence[BatchJob], manifest: Manifest, *, force: bool = False, repaint: bool = False
) -> Iterator[PlannedJob]:
    """Decide for each job whether to paint it.

    What is done and unchanged is skipped, unless `repaint`. Refused is what cannot be read or does not fit into the
    memory, what has a name that cannot be written, and what would replace a file that the manifest did not make, or
    that was changed since, unless `force`.
    """
    for job in jobs:
        yield plan_job(job, manifest, force=force, repaint=repaint)


def plan_job(job: BatchJob, manifest: Manifest, *, force: bool = False, repaint: bool = False) -> PlannedJob:
    """Decide for one job; see `plan`."""
    size, memory = None, 0
    try:
        own, measured = _measure(job.photo), [_measured_with(style) for style in job.styles]
        check_measured(job.settings, measured, has_photograph=True)
        job = replace(job, settings=sizing.for_styles(job.settings, [it for it in measured if it]))
        styles = [None if it else _measure(path) for it, path in zip(measured, job.styles, strict=True)]
        size = sizing.result_size(job.settings, own)
        memory = schedule.memory_needed(job.settings, own, styles)
        check_place(manifest.folder, job.output)
        there = manifest.status_of(job.output)
        if there == "made" and not repaint and _is_unchanged(job, manifest):
            return PlannedJob(job, "skip", size, memory)
        _check_replaced(job, manifest, there, force=force)
    except ImpastoError as error:
        return PlannedJob(job, "refuse", size, memory, error)
    return PlannedJob(job, "paint", size, memory)


def make_task(planned: PlannedJob, jobs: int) -> Task:
    """Give a job to be painted to an executor; `jobs` are those of the whole batch."""
    job = planned.job
    assert planned.size is not None
    threads = schedule.choose_threads(job.settings, planned.memory, jobs)
    return Task(
        number=job.number,
        photo=str(job.photo),
        styles=tuple(str(style) for style in job.styles),
        settings=_for_worker(job.settings, threads, planned.memory),
        suffix=job.output.suffix,
        memory=planned.memory,
        work=planned.work,
    )


@lru_cache(maxsize=64)
def _for_worker(settings: Settings, threads: int, memory: int) -> Settings:
    """Fix what the bytes of a picture depend on, too: its threads, and its memory, which decides on tiles."""
    given = settings.memory if settings.memory != "auto" else fix_memory(memory)
    return settings.model_copy(update={"threads": threads, "memory": given, "save_every": 0})


def _is_unchanged(job: BatchJob, manifest: Manifest) -> bool:
    """Whether a result was made of these contents and settings."""
    try:
        digests = [digest(path) for path in (job.photo, *job.styles)]
        return manifest.made[str(job.output)].identity == identify(job.settings, digests)
    except OSError as error:
        problem = f"{error.filename} cannot be read: {error.strerror}"
        raise ImageError(problem, "Check its permissions.") from None


def _check_replaced(job: BatchJob, manifest: Manifest, there: str, *, force: bool) -> None:
    path = manifest.folder / job.output
    inputs = {it.resolve() for it in (job.photo, *job.styles)}
    if path.resolve() in inputs:
        raise OutputError(f"{path} is one of its own inputs", "Choose another name.")
    if there == "foreign" and not force:
        raise OutputError(f"{path} exists, and no batch made it", f"Use {OVERWRITE} to replace it.")
    if there == "changed" and not force:
        raise OutputError(f"{path} was changed since it was painted", f"Use {OVERWRITE} to replace it.")


def _measure(path: Path) -> Size:
    """Read the size of a picture, once for as long as its file does not change."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        status = None
    size = _measure_file(path, status.st_mtime_ns, status.st_size) if status else images.measure(path)
    if size is None:
        raise ImageError(f"{path} is no ordinary file", "Give picture files.")
    return size


@lru_cache(maxsize=65536)
def _measure_file(path: Path, _changed: int, _size: int) -> Size | None:
    return images.measure(path)


def _measured_with(style: Path) -> MeasuredWith | None:
    """Give what a style file was measured with, read once for as long as it does not change; None for a painting."""
    try:
        status = style.stat()
    except (OSError, ValueError):
        return None  # whoever measures it as a painting says what is wrong
    return _measured_file(style, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _measured_file(style: Path, _changed: int, _size: int) -> MeasuredWith | None:
    return read_style(style).measured_with if is_style(style) else None
