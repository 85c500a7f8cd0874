"""Limits on this process: a file of strangers is read by a process of its own, which may take so much and no more."""

import contextlib
import re
import time
from pathlib import Path

_OUT_OF_MEMORY = re.compile(r"out of memory|(cannot|can't|unable to) allocate|allocate memory|bad_alloc", re.IGNORECASE)


def limit_resources(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Limit what this process takes from now on.

    Beyond the memory, allocations fail; beyond the time, the system ends the process. Windows knows no such limits, and
    some systems define them and do not hold them: whoever started the process has to limit its time as well.

    Args:
        memory_bytes: of memory, beyond what the process has now.
        cpu_seconds: of computing, beyond what it has taken.
    """
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415 - not on Windows

        limits = (
            (resource.RLIMIT_AS, _address_space() + memory_bytes),
            (resource.RLIMIT_CPU, int(time.process_time()) + 1 + cpu_seconds),
        )
        for what, most in limits:
            _, hard = resource.getrlimit(what)
            limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
            with contextlib.suppress(ValueError, OSError):  # some systems define a limit and do not accept it
                resource.setrlimit(what, (limit, hard))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error is one of the many ways in which libraries say that memory ran out."""
    return isinstance(error, MemoryError) or bool(_OUT_OF_MEMORY.search(str(error)))


def _address_space() -> int:
    """Bytes that this process has now, where the system says."""
    with contextlib.suppress(OSError, ValueError, IndexError, ImportError):
        import resource  # noqa: PLC0415

        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    return 0
