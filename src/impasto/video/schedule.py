"""How a film is divided among workers, and what each of them has of the machine."""

from collections.abc import Callable, Generator

from impasto.engine import cores, sharing
from impasto.video.events import ClipScanned
from impasto.video.looping import close_loop
from impasto.video.painting.shots import ShotFinder
from impasto.video.plan import FilmPlan
from impasto.video.stored_plan import PlannedShot, StoredPlan

_SCANNED = 100
"""Frames of a clip between two events."""


def decide(plan: FilmPlan, stop: Callable[[], bool]) -> Generator[ClipScanned, None, StoredPlan | None]:
    """Decide what holds for a film from its beginning to its end, however often it is resumed.

    Args:
        plan: what is to be painted.
        stop: asked for each frame of the clip; once true, nothing is decided.

    Yields:
        How far the clip is looked through.

    Returns:
        What is decided; None where it was stopped.
    """
    part = plan.whole.part
    finder = ShotFinder(part.start)
    for done, picture in enumerate(plan.clip.frames(part.start, part.stop), 1):
        if stop():
            return None
        finder.add(picture)
        if done % _SCANNED == 0:
            yield ClipScanned(done, len(part))
    found = finder.find()
    planned = [PlannedShot(tuple(it for it in shot.frames if it in plan.numbers), shot.fades) for shot in found]
    shots = tuple(shot for shot in planned if shot.frames)
    if plan.request.loop:
        shots = close_loop(plan.clip, shots)
    settings = plan.timeline.base
    threads = settings.threads or sharing.core_share(plan.memory, len(shots))
    memory = settings.memory if settings.memory != "auto" else sharing.fix_memory(plan.memory)
    return StoredPlan(plan.identity, threads, memory, shots, len(found))


def count_workers(plan: FilmPlan, threads: int, left: int) -> int:
    """Give how many shots are painted at once; on a cluster, at most."""
    if plan.request.workers is None and plan.request.cluster is not None:
        return max(1, left)
    return _count_at_once(plan, plan.memory, threads, left)


def count_workers_of_whole(plan: FilmPlan, shots: int) -> int:
    """Give how many shots of the film that a preview is one of would be painted at once on this machine."""
    memory = plan.whole.memory
    threads = plan.timeline.base.threads or sharing.core_share(memory, shots)
    return _count_at_once(plan, memory, threads, shots)


def _count_at_once(plan: FilmPlan, memory: int, threads: int, shots: int) -> int:
    if plan.request.workers is not None:
        return max(1, min(plan.request.workers, shots))
    most = sharing.most_at_once(plan.timeline.base.device)
    fitting = max(1, min(cores.core_count() // threads, sharing.memory_budget() // memory))
    return max(1, min(most, fitting, shots))
