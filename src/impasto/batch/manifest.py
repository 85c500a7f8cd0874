"""The manifest of a folder of results: what was made there, of what, and how, one line of JSON a picture.

A picture is written in four steps, each of which may be the last that the process does:

1. the file, whole, in the hidden work folder;
2. its record, beside it;
3. the file gets its name;
4. the record goes to the end of the manifest, in one write.

Where the process ended before 3, nothing has happened; where it ended after, the next start does what is left of 4.
"""

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

from filelock import FileLock, Timeout

from impasto.batch.identity import digest_once
from impasto.batch.names import WORK_FOLDER
from impasto.errors import OutputError
from impasto.storage import atomic
from impasto.storage.atomic import check_folder, make_folder, replace_file
from impasto.storage.names import MANIFEST

_LOCK, _PART, _PENDING = "lock", "part", "pending.json"
SHEETS = "sheets.json"
"""In the work folder: the contact sheets that a batch wrote, and their digests."""


@dataclass(frozen=True)
class MadeFile:
    """What the manifest says of a result."""

    identity: str
    sha256: str


class Manifest:
    """A folder's manifest, as far as it is kept in memory: one short entry for each result.

    `Manifest.read` is for looking only; `Manifest.open` locks the folder and may write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, MadeFile] = {}
        """The latest picture of each name."""
        self._failed: dict[str, str] = {}
        """The errors since then."""
        self._lock: FileLock | None = None
        self._unrecorded = False  # whether a result may be in its place, and its record is not written

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the manifest of a folder, which need not exist; a last line that was cut short is ignored.

        Raises:
            OutputError: the file is not a manifest, or cannot be read.
        """
        manifest = cls(folder)
        records = lines = 0
        line = b""
        try:
            with (folder / MANIFEST).open("rb") as file:
                for line in file:
                    lines += 1
                    record = _parse(line)
                    if record is not None:
                        records += 1
                        manifest._note(record)
        except FileNotFoundError:
            return manifest
        except OSError as error:
            raise OutputError(
                f"{folder / MANIFEST} cannot be read: {error.strerror}", "Choose another folder."
            ) from None
        if lines and not records and not (lines == 1 and line.startswith(_BEGIN)):
            raise OutputError(f"{folder / MANIFEST} is not the manifest of a batch", "Choose another folder.")
        return manifest

    @classmethod
    @contextlib.contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """Make the folder, keep other batches out of it while the context lasts, and tidy up after one that was killed.

        Raises:
            OutputError: another batch is writing there, or nothing can be written there.
        """
        work = folder / WORK_FOLDER
        make_folder(work)
        check_folder(work)
        lock = FileLock(work / _LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            problem = f"another batch is writing into {folder}"
            raise OutputError(problem, "Wait until it is done, or choose another folder.") from None
        manifest = None
        try:
            manifest = cls._recover(folder)
            yield manifest
        finally:
            is_recorded = manifest is not None and not manifest._unrecorded  # noqa: SLF001 - of this class
            _clean(work, *([] if is_recorded else [_PENDING]))
            lock.release()

    def status_of(self, output: PurePosixPath) -> str:
        """Say what is at a result's place: `free`, `made` (as the manifest has it), `changed` since, or `foreign`."""
        path, made = self.folder / output, self.made.get(str(output))
        if not os.path.lexists(path):
            return "free"
        if made is None:
            return "foreign"
        try:
            return "made" if path.is_file() and digest_once(path) == made.sha256 else "changed"
        except OSError:
            return "changed"

    def commit(self, output: PurePosixPath, data: bytes, record: Mapping[str, Any]) -> Path:
        """Write a result and its record; see above.

        Raises:
            OutputError: its folder cannot be made or written.
            StorageError: the disk is full or failed.
        """
        path, work = self.folder / output, self.folder / WORK_FOLDER
        make_folder(path.parent)
        line = _line(record)
        with translate_errors(path):
            (work / _PART).write_bytes(data)
            (work / _PENDING).write_bytes(line)
            self._unrecorded = True
            try:
                (work / _PART).replace(path.resolve() if path.is_symlink() else path)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                replace_file(path, data)  # a folder of the results is on another disk
            self._append(line)
        self._unrecorded = False
        self._note(record)
        return path

    def fail(self, output: PurePosixPath, record: Mapping[str, Any]) -> None:
        """Add the record of a failure, unless the last one says the same.

        Raises:
            StorageError: the disk is full or failed.
        """
        if self._failed.get(str(output)) == record["error"]:
            return
        with translate_errors(self.folder / MANIFEST):
            self._append(_line(record))
        self._note(record)

    @classmethod
    def _recover(cls, folder: Path) -> Self:
        """Bring a folder in order after a batch that was killed, and read its manifest."""
        path, work = folder / MANIFEST, folder / WORK_FOLDER
        cls.read(folder)  # refuses what is no manifest, before anything of it is cut off
        _cut_torn_line(path)
        manifest = cls.read(folder)
        line = b""
        with contextlib.suppress(OSError):
            line = (work / _PENDING).read_bytes()
        record = _parse(line)
        if record is not None and manifest.status_of(PurePosixPath(record["output"])) in ("foreign", "changed"):
            with translate_errors(path):
                if digest_once(folder / record["output"]) == record["sha256"]:
                    manifest._append(line)  # noqa: SLF001 - of this class
                    manifest._note(record)  # noqa: SLF001
        _clean(work)
        return manifest

    def _append(self, line: bytes) -> None:
        """Write a line to the end in one write, so that nobody ever reads half of it but after a crash."""
        number = os.open(
            self.folder / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666
        )
        try:
            written = os.write(number, line)
            if written < len(line):  # the disk became full just there
                os.ftruncate(number, os.fstat(number).st_size - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(number)

    def _note(self, record: Mapping[str, Any]) -> None:
        output = record["output"]
        if record["error"] is None:
            self.made[output] = MadeFile(record["identity"], record["sha256"])
            self._failed.pop(output, None)
        else:
            self._failed[output] = record["error"]


_BEGIN = b'{"output": '
"""Of every record."""


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record).encode() + b"\n"


def _parse(line: bytes) -> dict[str, Any] | None:
    """Read a record; None for a line that is none, or was cut short."""
    try:
        record = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("output"), str):
        return None
    error = record.setdefault("error", None)
    whole = isinstance(record.get("identity"), str) and isinstance(record.get("sha256"), str)
    return record if isinstance(error, str) or (error is None and whole) else None


def _cut_torn_line(path: Path) -> None:
    """Cut off what follows the last line break."""
    with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            at = file.read(end - start).rfind(b"\n")
            if at >= 0:
                file.truncate(start + at + 1)
                return
            end = start
        file.truncate(0)


def _clean(work: Path, *kept: str) -> None:
    """Remove all that is unfinished; the lock's file stays, since another batch may be waiting at it."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(work):
            if entry.name not in (_LOCK, SHEETS, *kept):
                with contextlib.suppress(OSError):
                    shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)  # noqa: PTH108


def translate_errors(path: Path) -> AbstractContextManager[None]:
    """Say of a batch's files what `storage.atomic.translate_errors` says of any."""
    room = "Make room, then run the same command again."
    return atomic.translate_errors(path, elsewhere="Choose another folder.", room=room)
