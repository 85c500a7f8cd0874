"""How a film is divided among workers, and what each of them has of the machine."""

from collections.abc import Callable, Sequence

from impasto.engine import cores, sharing
from impasto.video.clip import Clip
from impasto.video.plan import FilmPlan
from impasto.video.stored_plan import StoredPlan

ShotFinder = Callable[[Clip, range], Sequence[range]]
"""Divides a part of a clip where it begins anew; the parts follow each other without a gap."""


def one_shot(_clip: Clip, part: range) -> Sequence[range]:
    """Take a part of a clip as one shot."""
    return [part]


def decide(plan: FilmPlan, find_shots: ShotFinder) -> StoredPlan:
    """Decide what holds for a film from its beginning to its end, however often it is resumed."""
    numbers = set(plan.numbers)
    found = [tuple(it for it in shot if it in numbers) for shot in find_shots(plan.clip, plan.part)]
    shots = tuple(filter(None, found))
    settings = plan.timeline.base
    threads = settings.threads or sharing.core_share(plan.memory, len(shots))
    memory = settings.memory if settings.memory != "auto" else sharing.fix_memory(plan.memory)
    return StoredPlan(plan.identity, threads, memory, shots)


def count_workers(plan: FilmPlan, threads: int, left: int) -> int:
    """Give how many shots are painted at once."""
    if plan.request.workers is not None:
        return max(1, min(plan.request.workers, left))
    most = sharing.most_at_once(plan.timeline.base.device)
    fitting = max(1, min(cores.core_count() // threads, sharing.memory_budget() // plan.memory))
    return max(1, min(most, fitting, left))
