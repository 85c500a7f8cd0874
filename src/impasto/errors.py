"""All errors, as one small tree.

    ImpastoError             exit 1   base of all errors that Impasto raises on purpose
    ├── InputError           exit 2   an input, a setting or an output cannot be used
    │   ├── ImageError                a picture: unreadable, truncated, too large, too small
    │   ├── SettingsError             a setting, a recipe or a layer: unknown, or out of its range
    │   ├── WeightsError              a weights file: not a network, another network, not fetched yet
    │   ├── DeviceError               a device or a precision that this machine does not have
    │   └── OutputError               an output path: exists, its folder is missing, may not be written
    ├── DownloadError        exit 1   the server failed, or sent a file other than the expected one
    ├── StorageError         exit 1   a write failed half-way: disk full, device gone
    ├── OutOfMemoryError     exit 1   the machine or its device has too little memory for this size
    └── DivergedError        exit 1   the loss is not a finite number

Each error says what was wrong with which input (`problem`) and what to do about it (`hint`);
`str(error)` is both on one line. They name arguments as Python does; see `ImpastoError.message_for` for others.
"""

import errno
from typing import Self

from impasto.wording import PYTHON, Audience, render

STORAGE_FAILURES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Error numbers of a write that failed although its path is valid."""


_LONGEST_WORD = 200
_LONGEST_LINE = 1000


def _to_one_line(text: str) -> str:
    """Make text fit for a line: bounded, whatever value it quotes, and of characters that any stream takes."""
    words = [
        word if len(word) <= _LONGEST_WORD else f"{word[: _LONGEST_WORD // 2]}...{word[-_LONGEST_WORD // 4 :]}"
        for word in text.split()
    ]
    line = " ".join(words)
    line = line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE // 2]} ... {line[-_LONGEST_LINE // 4 :]}"
    return line.encode(errors="backslashreplace").decode()


class ImpastoError(Exception):
    """Base of every error that Impasto raises on purpose.

    Args:
        problem: the problem, naming the file, the setting or the value; `wording` names what readers call differently.
        hint: the remedy, as a sentence in the imperative.
    """

    exit_code = 1

    def __init__(self, problem: str, hint: str) -> None:
        self._texts = problem, hint
        self.problem, self.hint = self.words_for(PYTHON)
        super().__init__(f"{self.problem}. {self.hint}")

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), self._texts

    @property
    def texts(self) -> tuple[str, str]:
        """The problem and the hint as they were given, unrendered, to raise the error again elsewhere."""
        return self._texts

    def words_for(self, audience: Audience) -> tuple[str, str]:
        """Give the problem and the hint in the words of their readers; `problem` and `hint` are Python's."""
        problem, hint = (_to_one_line(render(text, audience)) for text in self._texts)
        return problem.rstrip("."), hint

    def message_for(self, audience: Audience) -> str:
        """Give the whole message in the words of its readers; `str(error)` is Python's."""
        return "{}. {}".format(*self.words_for(audience))


class InputError(ImpastoError):
    """An input, a setting or an output that cannot be used."""

    exit_code = 2


class ImageError(InputError):
    """A picture that cannot be read, or is too large or too small to work on."""


class SettingsError(InputError):
    """A setting, a recipe or a layer name that does not exist or is out of its range."""


class WeightsError(InputError):
    """A weights file that is not a network, is another network, or is not fetched yet."""


class DeviceError(InputError):
    """A device or a precision that this machine does not have."""


class OutputError(InputError):
    """An output path that exists already, whose folder is missing, or that may not be written."""


class DownloadError(ImpastoError):
    """The server could not be reached, or sent a file other than the expected one."""


class StorageError(ImpastoError):
    """A write failed half-way: the disk is full, or the device is gone."""


class OutOfMemoryError(ImpastoError):
    """The machine or its device has too little memory for a picture of this size."""


class DivergedError(ImpastoError):
    """The loss is not a finite number, even with smaller steps."""


def count_noun(number: int, noun: str) -> str:
    """Write a number with its noun, for a message: "1 mask", "2 masks"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def install_command(extra: str) -> str:
    """Give the command that installs an extra's packages, by their own names: Impasto itself may be of no index."""
    from importlib.metadata import requires  # noqa: PLC0415 -- a twentieth of a second, and few errors need it

    parts = [requirement.partition(";") for requirement in requires("impasto") or ()]
    needed = [f'"{name.strip()}"' for name, _, marker in parts if f"extra == '{extra}'" in marker.replace('"', "'")]
    return f"pip install {' '.join(needed)}"
