"""Folders that are looked at again and again: photographs that come while the batch runs become jobs."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from impasto.batch.files import FoundFile, natural_key, scan
from impasto.batch.names import comparable
from impasto.batch.plan import BatchJob, PlannedJob
from impasto.errors import ImageError, ImpastoError, OutputError
from impasto.wording import argument

LOOK_SECONDS = 1.0
"""Between looks at the folders."""
PATIENCE_SECONDS = 30.0
"""For a file to become a whole picture once it was found to be none, before it is reported as damaged."""


@dataclass
class _Seen:
    stamp: tuple[int, int]
    """Size and time of the last change."""
    due: float | None
    """When it is to be given as a job, if it has not changed until then; None once it was."""
    failed: float | None = None
    """When it was first found not to be a whole picture."""


class Watcher:
    """Gives jobs for the photographs in folders, for ever.

    A file is taken once two looks found it the same. One that is no picture yet, or not to its end, is tried again
    when it has changed; if it does not within `PATIENCE_SECONDS`, it is damaged. A folder that cannot be listed is
    passed over, and its files are remembered: they come back unchanged when its disk does.

    Args:
        folders: to look into.
        recursive: whether to take their sub-folders as well.
        skip: whether a file is none of the photographs: a result of the batch.
        make_jobs: makes the jobs of photographs; its second argument is the number of the first.
        plan: decides what is to be done with a job.
        refuse: makes a refused job of a photograph that no job can be made of, and why.
        fold_case: whether names of results that differ in case alone are one.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        recursive: bool,
        skip: Callable[[Path], bool],
        make_jobs: Callable[[Sequence[FoundFile], int], Sequence[BatchJob]],
        plan: Callable[[BatchJob], PlannedJob],
        refuse: Callable[[FoundFile, ImpastoError], PlannedJob],
        fold_case: bool,
    ) -> None:
        self._folders, self._recursive, self._skip = folders, recursive, skip
        self._make_jobs, self._plan, self._refuse, self._fold_case = make_jobs, plan, refuse, fold_case
        self._seen: dict[Path, _Seen] = {}
        self._takers: dict[str, Path] = {}
        self._count = 0
        self._waiting: deque[BatchJob | PlannedJob] = deque()
        self._next_look = 0.0

    def jobs(self) -> Iterator[PlannedJob | None]:
        """Give the jobs as they come; None where there is none at the moment."""
        while True:
            if self._waiting:
                job = self._waiting.popleft()
                yield job if isinstance(job, PlannedJob) else self._check(job)
            elif time.monotonic() >= self._next_look:
                self._look()
                self._next_look = time.monotonic() + LOOK_SECONDS
            else:
                yield None

    def postpone(self, planned: PlannedJob, error: ImpastoError) -> bool:
        """Whether a failure is not final: the photograph may still be on its way, and is tried again later."""
        seen = self._seen.get(planned.job.photo)
        if seen is None or not isinstance(error, ImageError):
            return False
        now = time.monotonic()
        seen.failed = seen.failed or now
        end = seen.failed + PATIENCE_SECONDS
        if now >= end and _stamp(planned.job.photo) == seen.stamp:
            return False
        seen.due = end
        return True

    def _look(self) -> None:
        """Find the photographs that are there, and those that two looks found the same."""
        now, found = time.monotonic(), {}
        unlisted: set[Path] = set()
        for folder in self._folders:
            for path in scan(
                folder, recursive=self._recursive, on_error=lambda error: unlisted.add(Path(error.filename))
            ):
                if not self._skip(path):
                    found[path] = FoundFile(path, path.parent.relative_to(folder))
        for path in self._seen.keys() - found.keys():
            if unlisted.isdisjoint(path.parents):
                del self._seen[path]
        for path in sorted(found, key=natural_key):
            stamp = _stamp(path)
            seen = self._seen.get(path)
            if stamp is None:
                continue
            if seen is None or seen.stamp != stamp:
                self._seen[path] = _Seen(stamp, due=now)
            elif seen.due is not None and now >= seen.due:
                seen.due = None
                self._take(found[path])

    def _take(self, photo: FoundFile) -> None:
        """Put the jobs of a photograph at the end of those that are waiting."""
        try:
            jobs = self._make_jobs([photo], self._count + 1)
        except ImpastoError as error:
            self._waiting.append(self._refuse(photo, error))
            return
        self._count += len(jobs)
        self._waiting.extend(jobs)

    def _check(self, job: BatchJob) -> PlannedJob:
        """Plan a job, unless another photograph's result has its name."""
        taker = self._takers.setdefault(comparable(job.output, fold_case=self._fold_case), job.photo)
        if taker != job.photo:
            problem = f"{job.photo}: its result would be named {job.output}, as that of {taker.name}"
            return PlannedJob(
                job, "refuse", error=OutputError(problem, f'Add fields to {argument("name")}, such as "{{suffix}}".')
            )
        return self._plan(job)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:  # it has gone since
        return None
    return status.st_size, status.st_mtime_ns
