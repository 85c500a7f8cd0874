"""Taking pictures in: each is looked at by a process of its own, which may die of it without harm to the server."""

import asyncio
import hashlib
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import ClientDisconnect

from impasto.errors import ImageError, InputError, StorageError
from impasto.studio import database, history, jobs, quota
from impasto.studio.folder import Folder
from impasto.studio.jobs import BusyError
from impasto.studio.schemas import PictureOut

_NAME_LENGTH = 120


class TooLargeError(InputError):
    """An upload has too many bytes."""


class SlowError(InputError):
    """An upload took too long."""


@dataclass(frozen=True)
class Limits:
    """How much the studio takes in."""

    upload_bytes: int = 100_000_000
    pixels: int = 100_000_000
    """Of a picture."""
    uploads: int = 4
    """At once."""
    upload_seconds: float = 120.0
    reading_seconds: float = 60.0
    folder_bytes: int = 10_000_000_000


class Intake:
    """Takes pictures in, a few at a time."""

    def __init__(self, folder: Folder, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._busy = 0
        self._looking = asyncio.Semaphore(1)

    async def upload(self, name: str, chunks: AsyncIterator[bytes]) -> PictureOut:
        """Take what a browser sends.

        Raises:
            BusyError: too many others are being sent.
            TooLargeError, SlowError: it has too many bytes, or they come too slowly.
            QuotaError: the studio's folder is full.
            ImageError: it is no picture that can be read.
        """
        if self._busy >= self._limits.uploads:
            raise BusyError(f"{self._busy} pictures are being sent already", "Wait a moment, and try again.")
        self._busy += 1
        arriving = self._folder.arriving / secrets.token_hex(16)
        try:
            await asyncio.to_thread(quota.check, self._folder, self._limits.folder_bytes)
            async with asyncio.timeout(self._limits.upload_seconds):
                digest = await self._receive(arriving, chunks)
            return await self._take(arriving, digest, name)
        except TimeoutError:
            raise SlowError(f"{_plain(name)} did not arrive in time", "Try again, or send a smaller file.") from None
        except ClientDisconnect:
            raise SlowError(f"{_plain(name)} did not arrive whole", "Try again.") from None
        finally:
            self._busy -= 1
            await asyncio.to_thread(_discard, arriving)

    async def file(self, path: Path, name: str) -> PictureOut:
        """Take a file of this machine that the studio itself knows: one that ships, or a result.

        Raises:
            QuotaError: the studio's folder is full.
            ImageError: it is no picture that can be read.
        """
        await asyncio.to_thread(quota.check, self._folder, self._limits.folder_bytes)
        arriving = self._folder.arriving / secrets.token_hex(16)
        try:
            digest = await asyncio.to_thread(_copy, path, arriving)
            return await self._take(arriving, digest, name)
        finally:
            await asyncio.to_thread(_discard, arriving)

    async def _receive(self, arriving: Path, chunks: AsyncIterator[bytes]) -> str:
        digest, size = hashlib.sha256(), 0
        with _stored(), arriving.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > self._limits.upload_bytes:
                    most = self._limits.upload_bytes / 1e6
                    raise TooLargeError(f"the file has more than {most:.0f} MB", "Send a smaller one.")
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
        return digest.hexdigest()

    async def _take(self, arriving: Path, digest: str, name: str) -> PictureOut:
        seen = await asyncio.to_thread(jobs.renew, self._folder, [digest])
        # A row without its files is what a kill in the middle of deleting them may leave.
        if not (seen and self._folder.picture(digest).exists()):
            async with self._looking:
                found = await self._look(arriving, name)
            await asyncio.to_thread(_keep, self._folder, arriving, digest, _plain(name), found)
        return await asyncio.to_thread(history.picture, self._folder, digest)

    async def _look(self, arriving: Path, name: str) -> dict[str, object]:
        command = [
            sys.executable,
            "-P",
            "-m",
            "impasto.studio.reading",
            str(arriving),
            _plain(name),
            str(self._limits.pixels),
        ]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(self._limits.reading_seconds):
                said, _ = await process.communicate()
        except TimeoutError:
            raise ImageError(f"{_plain(name)} takes too long to read", "Save it anew with another program.") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        try:
            found: dict[str, object] = json.loads(said)
        except ValueError:
            problem = f"{_plain(name)} could not be read: the reader stopped with {process.returncode}"
            raise ImageError(problem, "Save it anew with another program, or smaller.") from None
        if "problem" in found:
            raise ImageError(str(found["problem"]), str(found["hint"]))
        return found


def _keep(folder: Folder, arriving: Path, digest: str, name: str, found: dict[str, object]) -> None:
    """Files first and the row last: what the database names is there."""
    origin = json.dumps(found["origin"]) if found["origin"] else None
    with _stored(), database.writing(folder.database) as connection:
        row = digest, name, found["width"], found["height"], arriving.stat().st_size, time.time(), origin
        # Suffixes that `reading` puts beside the file that it looks at.
        arriving.with_suffix(".thumbnail").replace(folder.thumbnail(digest))
        arriving.with_suffix(".display").replace(folder.display(digest))
        arriving.replace(folder.picture(digest))
        connection.execute("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING", row)


def forget_arriving(folder: Folder) -> None:
    """Delete what interrupted uploads left behind; call it before the first one."""
    for path in folder.arriving.iterdir():
        path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> str:
    with _stored():
        shutil.copyfile(source, target)
        with target.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _stored() -> Iterator[None]:
    """Say what the disk says."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"the picture could not be kept: {error.strerror}", "Make room on the disk.") from None


def _discard(arriving: Path) -> None:
    for path in (arriving, arriving.with_suffix(".thumbnail"), arriving.with_suffix(".display")):
        path.unlink(missing_ok=True)


def _plain(name: str) -> str:
    """A name for people to read; it never becomes a path."""
    last = os.path.basename(name.replace("\\", "/"))  # noqa: PTH119 -- a browser's name is no path of this system
    return "".join(letter for letter in last if letter.isprintable())[:_NAME_LENGTH].strip() or "picture"
