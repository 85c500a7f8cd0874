"""How a film is divided among workers, and what each of them has of the machine."""

from impasto.engine import cores, sharing
from impasto.video.looping import close_loop
from impasto.video.plan import FilmPlan
from impasto.video.shots import find_shots
from impasto.video.stored_plan import PlannedShot, StoredPlan


def decide(plan: FilmPlan) -> StoredPlan:
    """Decide what holds for a film from its beginning to its end, however often it is resumed."""
    found = find_shots(plan.clip.frames(plan.part.start, plan.part.stop), plan.part.start)
    planned = [PlannedShot(tuple(it for it in shot.frames if it in plan.numbers), shot.fades) for shot in found]
    shots = tuple(shot for shot in planned if shot.frames)
    if plan.request.loop:
        shots = close_loop(plan.clip, shots)
    settings = plan.timeline.base
    threads = settings.threads or sharing.core_share(plan.memory, len(shots))
    memory = settings.memory if settings.memory != "auto" else sharing.fix_memory(plan.memory)
    return StoredPlan(plan.identity, threads, memory, shots)


def count_workers(plan: FilmPlan, threads: int, left: int) -> int:
    """Give how many shots are painted at once; on a cluster, at most."""
    if plan.request.workers is not None:
        return max(1, min(plan.request.workers, left))
    if plan.request.cluster is not None:
        return max(1, left)
    most = sharing.most_at_once(plan.timeline.base.device)
    fitting = max(1, min(cores.core_count() // threads, sharing.memory_budget() // plan.memory))
    return max(1, min(most, fitting, left))
