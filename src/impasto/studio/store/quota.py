"""The folder's quota, and the free space on its disk."""

import shutil

from impasto.studio.errors import QuotaError
from impasto.studio.limits import Limits
from impasto.studio.store import cleanup
from impasto.studio.store.folder import Folder

_MIN_FREE_BYTES = Limits.free_bytes
"""Less might not take a large result and the database's journal."""


def check(folder: Folder, max_bytes: int) -> None:
    """Raise where there is no space left, even after deleting unreferenced pictures.

    Raises:
        QuotaError: the folder has reached its quota, or the disk is full.
    """
    if _shortage(folder, max_bytes):
        cleanup.free_space(folder)
        if shortage := _shortage(folder, max_bytes):
            raise QuotaError(*shortage)


def _shortage(folder: Folder, max_bytes: int) -> tuple[str, str] | None:
    """Return the problem and the hint, or None while there is space."""
    if folder.size_bytes() >= max_bytes:
        problem = f"the studio's folder has reached its quota of {max_bytes / 1e9:.3g} GB"
        return problem, "Delete pictures from the history, or start the studio with a larger --quota."
    if shutil.disk_usage(folder.root).free < _MIN_FREE_BYTES:
        return "the disk of the studio's folder is full", "Free some space on it."
    return None
