"""How much the studio's folder may take on the disk, and whether the disk has room."""

import shutil

from impasto.errors import InputError
from impasto.studio import housekeeping
from impasto.studio.folder import Folder

_LEAST_FREE = 100_000_000
"""Bytes that the disk must have left: less might not take a large result and the database's journal."""


class QuotaError(InputError):
    """There is no room for more."""


def check(folder: Folder, most: int) -> None:
    """Refuse more where there is no room, also after what nobody uses is deleted; `most` is in bytes.

    Raises:
        QuotaError: the folder is as large as it may become, or the disk is full.
    """
    if _lacking(folder, most):
        housekeeping.make_room(folder)
        if lacking := _lacking(folder, most):
            raise QuotaError(*lacking)


def _lacking(folder: Folder, most: int) -> tuple[str, str] | None:
    """What there is too little of, and what to do about it."""
    if folder.bytes() >= most:
        problem = f"the studio's folder takes {most / 1e9:.3g} GB, all that it may"
        return problem, "Delete pictures from the history, or start the studio with a larger --quota."
    if shutil.disk_usage(folder.root).free < _LEAST_FREE:
        return "the disk of the studio's folder is full", "Make room on it."
    return None
