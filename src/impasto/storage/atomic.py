"""Writing files: whole or not at all."""

import contextlib
import secrets
import tempfile
from pathlib import Path

from impasto.errors import STORAGE_FAILURES, OutputError, StorageError


def replace_file(path: Path, data: bytes, *, elsewhere: str = "Choose another place.") -> None:
    """Write beside the target, then rename.

    Args:
        path: the target, whose folder exists.
        data: all of it.
        elsewhere: what to do where the place may not be written.

    Raises:
        OutputError: the place may not be written.
        StorageError: the disk is full or failed.
    """
    # A random name, made by `open`, gets the permissions that the user's umask gives; those of `tempfile` are private.
    partial = path.with_name(f".{path.name[:40]}.part-{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            file.write(data)
        partial.replace(path)
    except OSError as error:
        _discard(partial)
        if error.errno in STORAGE_FAILURES:
            raise StorageError(
                f"{path} could not be written: {error.strerror}", "Make room, or choose another disk."
            ) from None
        raise OutputError(f"{path} cannot be written: {error.strerror}", elsewhere) from None
    except BaseException:  # Ctrl-C must not leave half a file either
        _discard(partial)
        raise


def make_folder(path: Path, *, elsewhere: str = "Choose another place.") -> None:
    """Make a folder, and those above it, if it is not there.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be made: {error.strerror}", elsewhere) from None


def check_folder(folder: Path) -> None:
    """See to it that files can be made in a folder, by making one without a name: permissions alone do not tell.

    Raises:
        OutputError: they cannot.
    """
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OutputError(
            f"the folder {folder} may not be written ({error.strerror})", "Choose another place."
        ) from None


def _discard(partial: Path) -> None:
    with contextlib.suppress(OSError):  # what went wrong before is what is told
        partial.unlink()
