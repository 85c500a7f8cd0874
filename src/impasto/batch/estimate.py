"""How long a batch takes, before it begins: from what this machine did before."""

from collections import Counter
from collections.abc import Sequence

from impasto.batch import schedule
from impasto.batch.plan import PlannedJob
from impasto.engine import cores, sizing
from impasto.errors import DeviceError
from impasto.settings import Settings
from impasto.sizing import Size

_START_SECONDS = 3.0
"""Until a worker has loaded torch and the network."""


def estimate_batch(planned: Sequence[PlannedJob], jobs: int, workers: int | None) -> tuple[float, bool]:
    """Estimate the seconds that the jobs to be painted take together; also returns whether that is a guess.

    Args:
        planned: the jobs.
        jobs: of the whole batch.
        workers: pictures at once; None for as many as there are cores. More than these do not shorten the time.

    Raises:
        DeviceError: this machine has no device for any of them.
    """
    kinds = Counter((it.job.settings, it.size, it.memory) for it in planned if it.action == "paint" and it.size)
    seconds, rough = 0.0, False
    missing: list[DeviceError] = []
    for (settings, size, memory), count in kinds.items():
        threads = schedule.choose_threads(settings, memory, jobs)
        try:
            one, guessed = _estimate_one(settings.model_copy(update={"threads": threads}), size)
        except DeviceError as error:  # these will fail, and the others will not
            missing.append(error)
            continue
        fitting = max(1, cores.core_count() // threads)
        at_once = min(count, fitting, workers or fitting)
        seconds, rough = seconds + one * count / at_once, rough or guessed
    if missing and len(missing) == len(kinds):
        raise missing[0]
    return seconds + (_START_SECONDS if kinds else 0.0), rough


def _estimate_one(settings: Settings, size: Size) -> tuple[float, bool]:
    from impasto.engine.device import configure  # noqa: PLC0415 - loads torch, which a batch leaves to its workers
    from impasto.engine.estimate import estimate_seconds  # noqa: PLC0415
    from impasto.engine.spec import compute_spec  # noqa: PLC0415

    return estimate_seconds(sizing.workload(settings, size, configure(compute_spec(settings)).processor))
