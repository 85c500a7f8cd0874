"""Everything that can go wrong, as one small tree.

    ImpastoError             exit 1   anything that Impasto reports on purpose
    ├── InputError           exit 2   what the caller gave cannot be used
    │   ├── ImageError                a picture: unreadable, truncated, too large, too small
    │   ├── SettingsError             a setting, a recipe or a layer: unknown, or out of its range
    │   ├── WeightsError              a weights file: not a network, another network, not there yet
    │   ├── DeviceError               a device or a precision that this machine does not have
    │   └── OutputError               a place to write: exists, is missing, may not be written
    ├── DownloadError        exit 1   the other side failed, or sent something else than promised
    ├── StorageError         exit 1   a write failed half-way: disk full, device gone
    ├── OutOfMemoryError     exit 1   the machine or its device has too little memory for this size
    └── DivergedError        exit 1   the optimization left the numbers

Each error says what was wrong with which input (`problem`) and what to do about it (`hint`);
`str(error)` is both on one line.
"""

import errno

STORAGE_FAILURES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What the system says of a write that failed through no fault of the place that was chosen."""


class ImpastoError(Exception):
    """Base of every error that Impasto raises on purpose.

    Args:
        problem: what was wrong, naming the file, the setting or the value.
        hint: what to do about it, as a sentence in the imperative.
    """

    exit_code = 1

    def __init__(self, problem: str, hint: str) -> None:
        self.problem = " ".join(problem.split()).rstrip(".")
        self.hint = " ".join(hint.split())
        super().__init__(f"{self.problem}. {self.hint}")


class InputError(ImpastoError):
    """What the caller gave cannot be used."""

    exit_code = 2


class ImageError(InputError):
    """A picture that cannot be read, or is too large or too small to work on."""


class SettingsError(InputError):
    """A setting, a recipe or a layer name that does not exist or is out of its range."""


class WeightsError(InputError):
    """A weights file that is not a network, is another network, or is not there yet."""


class DeviceError(InputError):
    """A device or a precision that this machine does not have."""


class OutputError(InputError):
    """A place to write that exists already, is missing, or may not be written."""


class DownloadError(ImpastoError):
    """The server could not be reached, or sent something else than promised."""


class StorageError(ImpastoError):
    """A write failed half-way, through no fault of the caller."""


class OutOfMemoryError(ImpastoError):
    """The machine or its device has too little memory for a picture of this size."""


class DivergedError(ImpastoError):
    """The optimization produced values that are not numbers, even with smaller steps."""


def counted(number: int, what: str) -> str:
    """A number of things, for a message: "1 mask", "2 masks"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
