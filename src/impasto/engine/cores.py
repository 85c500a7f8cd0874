"""The processor cores of this machine; loads no torch."""

import contextlib
import os


def core_count() -> int:
    """Count the cores that this process may use."""
    with contextlib.suppress(AttributeError):  # Linux alone has it
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
