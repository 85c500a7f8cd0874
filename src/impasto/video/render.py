"""A film: its shots are handed to workers, what comes back is kept, and at the end it is encoded."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from impasto.cluster.actors import MOST_LOSSES
from impasto.errors import ImpastoError
from impasto.images import Picture
from impasto.video import looping
from impasto.video.clock import FilmClock
from impasto.video.cluster import RayShots
from impasto.video.events import (
    FilmEvent,
    FilmFinished,
    FilmStarted,
    FilmStopped,
    FrameEncoded,
    FramePainted,
    ShotRetried,
    ShotStarted,
)
from impasto.video.film import open_film
from impasto.video.frame_files import is_folder_target
from impasto.video.local import LocalShots
from impasto.video.plan import FilmPlan
from impasto.video.schedule import count_workers, decide
from impasto.video.shot import PaintedFrame, ShotBegun, ShotDone, ShotExecutor, ShotFailed, ShotTask, references
from impasto.video.shots import apply_fade
from impasto.video.workspace import Workspace, check_room, open_workspace

_START_SECONDS = 3.0
"""Until a worker has loaded torch and the network."""
_MOST_LOSSES = 1
"""Of the workers of one shot on this machine; one more ends the film."""


def _never() -> bool:
    return False


def render(
    plan: FilmPlan,
    *,
    executor: ShotExecutor | None = None,
    stop: Callable[[], bool] = _never,
) -> Iterator[FilmEvent]:
    """Paint and write a film, or go on with one that was interrupted.

    Args:
        plan: what is to be painted.
        executor: where the shots are painted; by default in processes of this machine, or on the cluster that is
            asked for.
        stop: asked often; once true, the film ends at once, and what is finished is kept.

    Yields:
        What happens; last FilmFinished or FilmStopped.

    Raises:
        InputError: another film or another process has the folder of the frames.
        ImpastoError: painting or writing failed; what is finished is kept.
    """
    start = time.perf_counter()
    with open_workspace(plan.output, plan.identity, force=plan.request.overwrite) as workspace:
        if workspace.is_whole:
            workspace.finish(keep=plan.request.keep_frames)
            yield FilmFinished(plan.output, len(plan.numbers), 0, time.perf_counter() - start)
            return
        run = _FilmRun(plan, workspace, executor, stop)
        yield from run.paint()
        if not stop():
            yield from run.encode()
        if stop() and not workspace.is_whole:
            yield FilmStopped(run.done, run.frames, workspace.folder)
            return
        workspace.finish(keep=plan.request.keep_frames)
        yield run.finished(time.perf_counter() - start)


class _FilmRun:
    """A film on its way."""

    def __init__(
        self,
        plan: FilmPlan,
        workspace: Workspace,
        executor: ShotExecutor | None,
        stop: Callable[[], bool],
    ) -> None:
        self._plan, self._workspace, self._stop = plan, workspace, stop
        self._stored = workspace.plan or decide(plan)
        self._shots = {number: shot.frames for number, shot in enumerate(self._stored.shots, 1)}
        self.frames = sum(len(shot) for shot in self._shots.values())
        """To be painted."""
        self._length = len(plan.clip.info.times)
        left = sum(1 for shot in self._shots.values() if workspace.count_done(shot) < len(shot))
        self._cluster = plan.request.cluster
        self._workers = count_workers(plan, self._stored.threads, left)
        self._executor = executor or self._choose_executor(left)
        self.done = self._resumed = sum(workspace.count_done(shot) for shot in self._shots.values())
        self._clock = FilmClock(list(self._shots.values()), self._workers)
        self._lost: dict[int, int] = {}
        self._waiting: deque[int] = deque()
        self._running: set[int] = set()
        """The shots that are handed out; on a cluster, one of them may wait for a worker."""
        self._painting: set[int] = set()
        self._most_at_once = 1
        self._notices: tuple[str, ...] = ()

    def paint(self) -> Iterator[FilmEvent]:
        """Paint all frames that are left, or some until it is stopped."""
        self._check_room()
        if self._workspace.plan is None:
            self._workspace.begin(self._stored)
        yield self._started()
        done = {number: self._workspace.count_done(shot) for number, shot in self._shots.items()}
        for number, shot in self._shots.items():
            self._clock.skip(shot[: done[number]])
        self._waiting.extend(number for number, shot in self._shots.items() if done[number] < len(shot))
        if not self._waiting:
            return
        with closing(self._executor.run(self._tasks(), self._stop)) as updates:
            for update in updates:
                yield from self._take(update)

    def encode(self) -> Iterator[FilmEvent]:
        """Write the film from its painted frames, which are read one by one; nothing is left if it is stopped."""
        plan, request = self._plan, self._plan.request
        target = self._workspace.prepare_film(is_folder=is_folder_target(request.output))
        notices: list[str] = []
        fades = {number: fade for shot in self._stored.shots for number, fade in shot.fades.items()}
        try:
            with open_film(
                target,
                plan.film_spec,
                codec=request.codec,
                quality=request.quality,
                tracks=plan.other_tracks,
                notice=notices.append,
            ) as film:
                for done, number in enumerate(plan.numbers, 1):
                    self._check_not_stopped()
                    picture = self._load(number)
                    film.write(apply_fade(picture, fades[number]) if number in fades else picture)
                    yield FrameEncoded(done, len(plan.numbers))
            self._notices = tuple(notices)
        except _StoppedError:
            return

    def _load(self, number: int) -> Picture:
        """Give a painted frame; one that was painted once more at the film's end is blended with that."""
        picture, _ = self._workspace.load(number)
        again = [it for shot in self._shots.values() for it in shot if it >= self._length]
        if number + self._length not in again:
            return picture
        place = again.index(number + self._length)
        end, _ = self._workspace.load(number + self._length)
        return looping.blend(end, picture, looping.share_of_beginning(place, len(again)))

    def finished(self, seconds: float) -> FilmFinished:
        """Sum up."""
        plan = self._plan
        frames, size = plan.whole
        whole = None
        if plan.request.preview:
            pixels = (size[0] * size[1]) / (plan.size[0] * plan.size[1])
            workers = self._most_at_once if self._cluster else self._workers
            whole = self._clock.estimate(frames, len(self._shots), workers) * pixels + _START_SECONDS
        return FilmFinished(plan.output, len(plan.numbers), self.done - self._resumed, seconds, self._notices, whole)

    def _choose_executor(self, left: int) -> ShotExecutor:
        if self._cluster is None:
            return LocalShots(self._workers)
        return RayShots(self._cluster, self._plan, left)

    def _check_not_stopped(self) -> None:
        if self._stop():
            raise _StoppedError

    def _started(self) -> FilmStarted:
        return FilmStarted(
            output=self._plan.output,
            folder=self._workspace.folder,
            frames=self.frames,
            done=self.done,
            shots=len(self._shots),
            size=self._plan.size,
            workers=self._workers,
            threads=self._stored.threads,
            problem=self._plan.clip.info.problem,
            cluster=self._cluster,
        )

    def _check_room(self) -> None:
        info = self._plan.clip.info
        left = self.frames - self.done
        channels = 4 if info.has_alpha else 3
        check_room(self._plan.output, self._plan.size, left, channels=channels, depth=info.depth)

    def _tasks(self) -> Iterator[ShotTask | None]:
        """Give the shots one by one, and none while one that is being painted may have to be tried again."""
        while self._waiting or self._running:
            if not self._waiting:
                yield None
                continue
            number = self._waiting.popleft()
            self._running.add(number)
            yield self._task(number)

    def _task(self, number: int) -> ShotTask:
        frames = self._shots[number]
        done = self._workspace.count_done(frames)
        settings = self._plan.timeline.base.model_copy(
            update={
                "threads": self._stored.threads,
                "memory": self._stored.memory,
                "save_every": 0,
                "checkpoint": "never",
            }
        )
        return ShotTask(
            number=number,
            clip=self._plan.source,
            paintings=self._plan.paintings,
            frames=frames,
            done=done,
            references=tuple(self._workspace.load_data(frames[place]) for place in references(done)),
            timeline=self._plan.timeline.with_base(settings),
            consistency=self._plan.request.consistency,
            fades=self._stored.shots[number - 1].fades,
            moving_masks=self._plan.moving_masks,
            scratch=str(self._workspace.scratch / str(number)),
        )

    def _take(self, update: Any) -> Iterator[FilmEvent]:
        match update:
            case ShotBegun():
                shot = self._shots[update.shot]
                self._count_at_once(painting={*self._painting, update.shot})
                yield ShotStarted(update.shot, len(shot) - self._workspace.count_done(shot))
            case PaintedFrame():
                path = self._workspace.save(update.number, update.data)
                self.done += 1
                self._clock.complete(update.number, update.seconds)
                yield FramePainted(
                    shot=update.shot,
                    number=update.number,
                    done=self.done,
                    frames=self.frames,
                    seconds=update.seconds,
                    remaining=self._clock.remaining(),
                    path=path,
                )
            case ShotDone():
                self._running.discard(update.shot)
                self._count_at_once(painting=self._painting - {update.shot})
            case ShotFailed():
                yield self._handle_failure(update)

    def _count_at_once(self, painting: set[int]) -> None:
        """Take note of the shots that are being painted; on a cluster, machines come and go."""
        self._painting = painting
        self._most_at_once = max(self._most_at_once, len(painting))
        if self._cluster is not None:
            self._clock.workers = max(1, len(painting))

    def _handle_failure(self, failed: ShotFailed) -> ShotRetried:
        """Have another worker go on with a shot whose own was lost; anything else ends the film."""
        self._running.discard(failed.shot)
        self._count_at_once(painting=self._painting - {failed.shot})
        self._lost[failed.shot] = self._lost.get(failed.shot, 0) + 1
        if not failed.worker_lost:
            raise failed.error
        if self._lost[failed.shot] > (_MOST_LOSSES if self._cluster is None else MOST_LOSSES):
            problem, hint = failed.error.texts
            often = "a second time" if self._cluster is None else f"as {MOST_LOSSES} were before"
            raise ImpastoError(f"{problem}, {often}", f"{hint} What is painted is kept.")
        self._waiting.appendleft(failed.shot)
        return ShotRetried(failed.shot, failed.error)


class _StoppedError(Exception):
    """The film is not to be finished now."""
