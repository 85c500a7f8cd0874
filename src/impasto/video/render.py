"""A film: its shots are handed to workers, what comes back is kept, and at the end it is encoded."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
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
from impasto.video.local import LocalShots
from impasto.video.painting.references import references
from impasto.video.painting.shots import apply_fade
from impasto.video.plan import FilmPlan
from impasto.video.schedule import count_workers, count_workers_of_whole, decide
from impasto.video.shot import PaintedFrame, ShotBegun, ShotDone, ShotExecutor, ShotFailed, ShotTask
from impasto.video.stored_plan import StoredPlan
from impasto.video.workspace import Workspace, check_room, open_workspace
from impasto.video.write.film import open_film
from impasto.video.write.frames import is_folder_target

_START_SECONDS = 3.0
"""Until a worker has loaded torch and the network."""
_MOST_LOSSES = 1
"""Of the workers of one shot on this machine, one after the other without a frame; one more ends the film."""
_SEAM = "the loop keeps its seam: the clip has a cut or a fade there, or is too short"


def _never() -> bool:
    return False


def render(
    plan: FilmPlan,
    *,
    executor: ShotExecutor | None = None,
    stop: Callable[[], bool] = _never,
) -> Iterator[FilmEvent]:
    """Paint and write a film, or resume one that was interrupted.

    Args:
        plan: what is to be painted.
        executor: where the shots are painted; by default in processes of this machine, or on the cluster that is
            asked for.
        stop: asked often; once true, the film stops at once, and what is painted is kept.

    Yields:
        What happens; last FilmFinished or FilmStopped.

    Raises:
        InputError: another film or another process has the folder of the frames.
        ImpastoError: painting or writing failed; what is finished is kept.
    """
    start = time.perf_counter()
    force, discard = plan.request.overwrite, plan.request.discard_frames
    with open_workspace(plan.output, plan.identity, force=force, discard=discard) as workspace:
        stored = workspace.plan or (yield from decide(plan, stop))
        if stored is None:
            yield FilmStopped(0, len(plan.numbers), workspace.folder)
            return
        run = _FilmRun(plan, stored, workspace, stop)
        yield run.begin()
        if not workspace.is_encoded:
            yield from run.paint(executor)
            if stop() or not (yield from run.encode()):
                yield FilmStopped(run.done, run.frames, workspace.folder)
                return
        workspace.finish(keep=plan.request.keep_frames)
        yield run.finished(time.perf_counter() - start)


class _FilmRun:
    """A film on its way."""

    def __init__(self, plan: FilmPlan, stored: StoredPlan, workspace: Workspace, stop: Callable[[], bool]) -> None:
        self._plan, self._stored, self._workspace, self._stop = plan, stored, workspace, stop
        self._shots = {number: shot.frames for number, shot in enumerate(stored.shots, 1)}
        self.frames = sum(len(shot) for shot in self._shots.values())
        """To be painted."""
        done = {number: self._count_done(shot) for number, shot in self._shots.items()}
        self.done = self._resumed = sum(done.values())
        left = {number: len(shot) - done[number] for number, shot in self._shots.items()}
        self._waiting = deque(sorted(filter(left.get, left), key=lambda number: -left[number]))
        """Those with most frames first, so that none of them is left alone at the end."""
        self._length = len(plan.clip.info.times)
        second = (number for shot in self._shots.values() for number in shot if number >= self._length)
        self._loop_frames = {number: index for index, number in enumerate(second)}
        """Those that are painted a second time, see `looping`, and which of these they are."""
        self._cluster = plan.request.cluster
        self._workers = count_workers(plan, stored.threads, len(self._waiting))
        self._clock = FilmClock(list(self._shots.values()), self._workers)
        for number, shot in self._shots.items():
            self._clock.skip(shot[: done[number]])
        self._lost: dict[int, int] = {}
        self._running: set[int] = set()
        """The shots that are handed out; on a cluster, one of them may wait for a worker."""
        self._painting: set[int] = set()
        self._most_at_once = 1
        self._notices: tuple[str, ...] = ()

    def begin(self) -> FilmStarted:
        """Make sure that there is room, and keep the plan.

        Raises:
            ImpastoError: the disk has no room, or failed.
        """
        self._check_room()
        if self._workspace.plan is None:
            self._workspace.begin(self._stored)
        return self._started()

    def paint(self, executor: ShotExecutor | None) -> Iterator[FilmEvent]:
        """Paint all frames that are left, or some until it is stopped."""
        if not self._waiting:
            return
        executor = executor or self._choose_executor()
        with closing(executor.run(self._tasks(), self._stop)) as updates:
            for update in updates:
                yield from self._take(update)

    def encode(self) -> Generator[FilmEvent, None, bool]:
        """Write the film from its painted frames, which are read one by one; nothing is left if it is stopped.

        Returns:
            Whether it is written.
        """
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
        except _StoppedError:
            return False
        self._notices = tuple(notices)
        return True

    def _load(self, number: int) -> Picture:
        """Give a painted frame; one that was painted a second time at the film's end is blended with that."""
        picture, _ = self._workspace.load(number)
        second = number + self._length
        if second not in self._loop_frames:
            return picture
        end, _ = self._workspace.load(second)
        share = looping.share_of_beginning(self._loop_frames[second], len(self._loop_frames))
        return looping.blend(end, picture, share)

    def finished(self, seconds: float) -> FilmFinished:
        """Sum up."""
        plan = self._plan
        whole = self._estimate_whole() if plan.request.preview else None
        return FilmFinished(plan.output, len(plan.numbers), self.done - self._resumed, seconds, self._notices, whole)

    def _estimate_whole(self) -> float:
        """Estimate the seconds for the film that a preview is one of."""
        own, whole, shots = self._plan.size, self._plan.whole, self._stored.whole_shots
        pixels = (whole.size[0] * whole.size[1]) / (own[0] * own[1])
        workers = self._most_at_once if self._cluster else count_workers_of_whole(self._plan, shots)
        return self._clock.estimate(len(whole.part[:: whole.every]), shots, workers) * pixels + _START_SECONDS

    def _count_done(self, shot: Sequence[int]) -> int:
        """Count the frames of a shot that need not be painted; of a complete film some may be removed already."""
        return len(shot) if self._workspace.is_encoded else self._workspace.count_done(shot)

    def _choose_executor(self) -> ShotExecutor:
        if self._cluster is None:
            return LocalShots(self._workers)
        return RayShots(self._cluster, self._plan, len(self._waiting))

    def _check_not_stopped(self) -> None:
        if self._stop():
            raise _StoppedError

    def _started(self) -> FilmStarted:
        keeps_seam = self._plan.request.loop and not self._loop_frames
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
            notices=(*self._plan.notices, *([_SEAM] if keeps_seam else [])),
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
            references=tuple(self._workspace.load_data(frames[index]) for index in references(done)),
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
                self._lost.pop(update.shot, None)
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
        """Have another worker resume a shot whose own was lost; anything else ends the film."""
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
