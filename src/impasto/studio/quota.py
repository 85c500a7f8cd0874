"""How much the studio's folder may take on the disk."""

from impasto.errors import InputError
from impasto.studio.folder import Folder


class QuotaError(InputError):
    """The studio's folder is as large as it may become."""


def check(folder: Folder, most: int) -> None:
    """Refuse more once the folder is full; `most` is in bytes.

    Raises:
        QuotaError: it is.
    """
    if folder.bytes() >= most:
        problem = f"the studio's pictures take {most / 1e9:.3g} GB, all that they may"
        raise QuotaError(problem, "Delete some from the history, or start the studio with a larger --quota.")
