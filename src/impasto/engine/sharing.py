"""How pictures that are painted at once share a machine; loads no torch.

The bytes of a picture depend on the number of threads that compute it, since sums are rounded in another order, and on
its memory, which decides on tiles. Both follow from the machine and the work alone, never from what else runs.
"""

import platform
import shutil
import sys
from pathlib import Path

from impasto.engine import cores
from impasto.engine.memory import Load, check_memory, physical_memory, plan_memory

_MEMORY_SHARE = 0.75
"""Of the machine's memory, for all workers together."""
AUTO_BYTES = 4
"""Of a number in the network where the precision is left open: it may turn out to be float32."""

WORKERS_ON_GPU = 2


def most_at_once(device: str) -> int:
    """Give how many pictures are worth painting at once: one for each core, or two where they share a GPU."""
    return WORKERS_ON_GPU if _has_gpu(device) else cores.core_count()


def memory_budget() -> int:
    """Give the bytes that pictures may take together: always the same on a machine, so that plans are, too."""
    return int(physical_memory() * _MEMORY_SHARE)


def memory_needed(load: Load) -> int:
    """Plan the bytes that a worker takes while it paints a picture, in tiles where it would be more than the budget.

    Raises:
        OutOfMemoryError: it takes more than there is, however it is painted.
    """
    check_memory(load)
    return plan_memory(load, memory_budget()).needed


def core_share(memory: int, tasks: int) -> int:
    """Give the threads to compute a picture with: its share of the cores.

    Args:
        memory: bytes that a picture takes.
        tasks: of the whole work, done or not.
    """
    count = cores.core_count()
    return max(1, count // max(1, min(count, tasks, memory_budget() // memory)))


def fix_memory(memory: int) -> str:
    """Give the value of the setting `memory` with which a picture is always painted in the same tiles."""
    return f"{-(-memory // 10**6)}MB"


def _has_gpu(device: str) -> bool:
    """Whether pictures are likely to be painted on a GPU, as far as can be told without torch."""
    if device != "auto":
        return device != "cpu"
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return apple or Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None
