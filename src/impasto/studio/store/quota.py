"""The folder's quota, and the free space on its disk."""

import contextlib
import shutil
from pathlib import Path

from impasto.errors import StorageError
from impasto.studio.errors import QuotaError
from impasto.studio.limits import Limits
from impasto.studio.store import cleanup, trash
from impasto.studio.store.folder import Folder


def check(folder: Folder, limits: Limits, needed: float = 0.0) -> None:
    """Raise where there is no space left, even after deleting what can be spared.

    That is: unreferenced pictures, then what is in the trash, and then the painted frames of films that were cancelled.

    Args:
        folder: the studio's folder.
        limits: its quota, and the space that stays free on its disk.
        needed: bytes that there must be space for.

    Raises:
        QuotaError: the folder has reached its quota, or the disk is full.
    """
    if _shortage(folder, limits, needed):
        with contextlib.suppress(StorageError):  # a disk without any space refuses this, too
            cleanup.free_space(folder)
            if _shortage(folder, limits, needed):
                trash.empty(folder, 0.0)
            if _shortage(folder, limits, needed):
                cleanup.delete_frames(folder)
        if shortage := _shortage(folder, limits, needed):
            raise QuotaError(*shortage)


def _shortage(folder: Folder, limits: Limits, needed: float) -> tuple[str, str] | None:
    """Return the problem and the hint, or None while there is space."""
    hint = "Delete pictures from the history, or start the studio with a larger --quota."
    room = limits.folder_bytes - folder.size_bytes()
    if room <= 0:
        return f"the studio's folder has reached its quota of {limits.folder_bytes / 1e9:.3g} GB", hint
    if room < needed:
        problem = f"about {needed / 1e9:.3g} GB are needed, and the studio's quota leaves {room / 1e9:.3g} GB"
        return problem, hint
    return full_disk(folder, limits)


def describe_aside(aside: Path) -> str:
    """Tell what a folder holds that a damaged database was set aside in."""
    return (
        f"{aside} holds a damaged database, and pictures and results that could not be matched to a job; "
        "look through it before you delete it."
    )


def full_disk(folder: Folder, limits: Limits) -> tuple[str, str] | None:
    """Return the problem and the hint of a disk that has too little free space; None while it has enough.

    Less than the usual limit might not take a large result and the database's journal.
    """
    if shutil.disk_usage(folder.root).free < limits.free_bytes:
        hints = ["Free some space on it.", *map(describe_aside, folder.aside_folders())]
        return "the disk of the studio's folder is full", " ".join(hints)
    return None
