"""Atomic writes: a file is written whole or not at all."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from impasto.errors import STORAGE_FAILURES, OutputError, StorageError


def replace_file(path: Path, data: bytes, *, elsewhere: str = "Choose another place.", durable: bool = False) -> None:
    """Write a file whole or not at all.

    Args:
        path: the target, whose folder exists.
        data: the content.
        elsewhere: the hint of the error if the path may not be written.
        durable: whether it is on the disk at the end, so that a power cut does not take it back.

    Raises:
        OutputError: the path may not be written.
        StorageError: the disk is full or failed.
    """

    def write(file: BinaryIO) -> None:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())

    stream_file(path, write, elsewhere=elsewhere)
    if durable:
        sync_folder(path.parent)


def stream_file(path: Path, write: Callable[[BinaryIO], None], *, elsewhere: str = "Choose another place.") -> None:
    """Write to a temporary file beside the target, then rename it.

    Args:
        path: the target, whose folder exists.
        write: writes the content, from the beginning of a file that can be read as well.
        elsewhere: the hint of the error if the path may not be written.

    Raises:
        OutputError: the path may not be written.
        StorageError: the disk is full or failed.
    """
    with (
        partial_file(path, elsewhere=elsewhere) as partial,
        translate_errors(path, elsewhere=elsewhere),
        partial.open("r+b") as file,
    ):
        write(file)


@contextlib.contextmanager
def partial_file(path: Path, *, elsewhere: str = "Choose another place.") -> Iterator[Path]:
    """Give an empty file beside the target to write to; it is renamed at the end, or removed after an exception.

    Errors of what is done meanwhile come through as they are: not all of it may be writing.

    Args:
        path: the target, whose folder exists.
        elsewhere: the hint of the error if the path may not be written.

    Raises:
        OutputError: the path may not be written.
        StorageError: the disk is full or failed.
    """
    if path.is_symlink():
        path = path.resolve()  # what a link leads to is written, and the link stays, as `cp` has it
    # Created by `open`, the file gets the permissions of the user's umask; files of `tempfile` are private.
    partial = path.with_name(f"{_partial_stem(path)}{secrets.token_hex(4)}")
    try:
        with translate_errors(path, elsewhere=elsewhere):
            partial.open("xb").close()
        yield partial
        with translate_errors(path, elsewhere=elsewhere):
            partial.replace(path)
    except BaseException:  # Ctrl-C must not leave a partial file either
        _discard(partial)
        raise


@contextlib.contextmanager
def translate_errors(path: Path, *, elsewhere: str, room: str = "Make room, or choose another disk.") -> Iterator[None]:
    """Turn what writing a file raises into OutputError, or StorageError where the disk is full or failed.

    Args:
        path: what is written.
        elsewhere: the hint if it may not be written.
        room: the hint if the disk is full or failed.
    """
    try:
        yield
    except OSError as error:
        if error.errno in STORAGE_FAILURES:
            raise StorageError(f"{path} could not be written: {error.strerror}", room) from None
        raise OutputError(f"{path} cannot be written: {error.strerror}", elsewhere) from None


def sync_file(path: Path) -> None:
    """Have a file's content on the disk, so that a power cut does not take it back; raises OSError."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have the names of a folder's files on the disk, where the system can be told to."""
    with contextlib.suppress(OSError):  # Windows opens no folder, and some disks of a network take no such call
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def discard_partials(path: Path) -> None:
    """Remove what was written of a file by processes that were killed meanwhile."""
    for partial in path.parent.glob(f"{_partial_stem(path)}*"):
        _discard(partial)


def make_folder(path: Path, *, elsewhere: str = "Choose another place.") -> None:
    """Create a folder and its parents, unless they exist.

    Raises:
        OutputError: it cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be made: {error.strerror}", elsewhere) from None


def check_folder(folder: Path, *, elsewhere: str = "Choose another place.") -> None:
    """Check that files can be created in a folder by creating one without a name: permissions alone do not decide.

    Args:
        folder: it exists.
        elsewhere: the hint of the error.

    Raises:
        OutputError: no file can be created there.
    """
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OutputError(f"the folder {folder} may not be written ({error.strerror})", elsewhere) from None


def _partial_stem(path: Path) -> str:
    """Give how the names of a file's temporary files begin."""
    return f".{path.name[:40]}.part-"


def _discard(partial: Path) -> None:
    with contextlib.suppress(OSError):  # the error before this one is the one to report
        partial.unlink()
