"""The option `--workers` of the commands that paint several things at once."""

from impasto.engine import cores
from impasto.errors import InputError

_MOST_ON_CLUSTER = 10_000


def parse_workers(text: str, *, on_cluster: bool) -> int | None:
    """Read how many there are to be; None for as many as are worth it.

    Raises:
        InputError: it is no number, or too large a one.
    """
    if text == "auto":
        return None
    most = _MOST_ON_CLUSTER if on_cluster else 4 * cores.core_count()
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise InputError(f"--workers takes auto or a number from 1 to {most}, not {text!r:.40}", "Try --workers auto.")
    return int(text)
