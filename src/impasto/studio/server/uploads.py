"""Uploads: each is inspected by a separate process, which may crash without harm to the server."""

import asyncio
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.requests import ClientDisconnect

from impasto.errors import ImageError, StorageError
from impasto.studio.errors import BusyError, SlowError, TooLargeError
from impasto.studio.limits import Limits
from impasto.studio.schemas import PictureOut
from impasto.studio.server import queries
from impasto.studio.server.files import missing_file
from impasto.studio.server.inspect_upload import is_film_name
from impasto.studio.server.processes import run_module
from impasto.studio.server.work import WaitingLine
from impasto.studio.store import database, queue, quota
from impasto.studio.store.folder import Folder

_MAX_NAME_LENGTH = 120


class UploadService:
    """Receives pictures, a few at a time, and stores them in the folder."""

    def __init__(self, folder: Folder, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._active = 0
        self._adding = WaitingLine(1, limits.waiting, "additions")
        self._inspecting = asyncio.Semaphore(1)

    async def receive(self, name: str, chunks: AsyncIterator[bytes]) -> PictureOut:
        """Store a picture from the body of a request.

        Raises:
            BusyError: too many uploads are in progress.
            TooLargeError, SlowError: it has too many bytes, or takes too long.
            QuotaError: the studio's folder is full.
            ImageError: it is not a readable picture.
        """
        if self._active >= self._limits.uploads:
            raise BusyError(f"{self._active} uploads are in progress already", "Wait a moment, and try again.")
        self._active += 1
        incoming = self._folder.incoming / secrets.token_hex(16)
        try:
            await asyncio.to_thread(quota.check, self._folder, self._limits)
            seconds = self._limits.clip_upload_seconds if is_film_name(name) else self._limits.upload_seconds
            async with asyncio.timeout(seconds):
                digest = await self._write(incoming, chunks, name)
            return await self._add(incoming, digest, name)
        except TimeoutError:
            raise SlowError(
                f"{_display_name(name)} took too long to upload", "Try again, or send a smaller file."
            ) from None
        except ClientDisconnect:
            raise SlowError(f"the upload of {_display_name(name)} was interrupted", "Try again.") from None
        finally:
            self._active -= 1
            await asyncio.to_thread(_discard, incoming)

    async def add_file(self, path: Path, name: str) -> PictureOut:
        """Store a copy of a file of this machine that the studio chose itself: a sample or a result.

        Raises:
            MissingError: it was deleted.
            BusyError: too many are being added.
            QuotaError: the studio's folder is full.
            ImageError: it is not a readable picture.
        """
        async with self._adding.turn():
            incoming = self._folder.incoming / secrets.token_hex(16)
            try:
                await asyncio.to_thread(quota.check, self._folder, self._limits)
                digest = await asyncio.to_thread(_copy, path, incoming)
                return await self._add(incoming, digest, name)
            finally:
                await asyncio.to_thread(_discard, incoming)

    async def _write(self, incoming: Path, chunks: AsyncIterator[bytes], name: str) -> str:
        digest, size = hashlib.sha256(), 0
        most = self._limits.clip_bytes if is_film_name(name) else self._limits.upload_bytes
        with _translate_disk_errors(), incoming.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > most:
                    raise TooLargeError(f"the file has more than {most / 1e6:.0f} MB", "Send a smaller one.")
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
        return digest.hexdigest()

    async def _add(self, incoming: Path, digest: str, name: str) -> PictureOut:
        known = await asyncio.to_thread(queue.touch_pictures, self._folder, [digest])
        # A process killed while it deletes files may leave a row without them.
        if not (known and self._folder.picture(digest).exists()):
            async with self._inspecting:
                found = await self._inspect(incoming, name)
            await asyncio.to_thread(_store, self._folder, incoming, digest, _display_name(name), found)
        return await asyncio.to_thread(queries.picture, self._folder, digest, self._limits)

    async def _inspect(self, incoming: Path, name: str) -> dict[str, object]:
        shown = _display_name(name)
        try:
            output, status = await run_module(
                "impasto.studio.server.inspect_upload", str(incoming), shown, limits=self._limits
            )
        except TimeoutError:
            raise ImageError(f"{shown} takes too long to read", "Save it again with another program.") from None
        try:
            found: dict[str, object] = json.loads(output)
        except ValueError:
            problem = f"{shown} could not be read: its decoder stopped with {status}"
            raise ImageError(problem, "Save it again with another program, or smaller.") from None
        if "problem" in found:
            raise ImageError(str(found["problem"]), str(found["hint"]))
        return found


def _store(folder: Folder, incoming: Path, digest: str, name: str, found: dict[str, object]) -> None:
    """Move the files first and insert the row last, so that a row never names a missing file."""
    origin, clip = (json.dumps(found[name]) if found[name] else None for name in ("origin", "clip"))
    with _translate_disk_errors(), database.write_transaction(folder.database) as connection:
        row = digest, name, found["width"], found["height"], incoming.stat().st_size, time.time(), origin, clip
        incoming.with_suffix(".thumbnail").replace(folder.thumbnail(digest))  # the names that `inspect_upload` gives
        incoming.with_suffix(".display").replace(folder.display(digest))
        incoming.replace(folder.picture(digest))
        connection.execute(
            "INSERT INTO pictures (id, name, width, height, bytes, added, origin, clip) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            row,
        )


def _copy(source: Path, target: Path) -> str:
    try:
        opened = source.open("rb")
    except (FileNotFoundError, IsADirectoryError):
        raise missing_file() from None
    with opened, _translate_disk_errors():
        with target.open("xb") as copy:
            shutil.copyfileobj(opened, copy)
        opened.seek(0)
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def _translate_disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"the picture could not be stored: {error.strerror}", "Free some disk space.") from None


def _discard(incoming: Path) -> None:
    for path in (incoming, incoming.with_suffix(".thumbnail"), incoming.with_suffix(".display")):
        path.unlink(missing_ok=True)


def _display_name(name: str) -> str:
    """Reduce a name to printable text without folders; it never becomes a path."""
    last = os.path.basename(name.replace("\\", "/"))  # noqa: PTH119 -- a browser's name is no path of this system
    return "".join(letter for letter in last if letter.isprintable())[:_MAX_NAME_LENGTH].strip() or "picture"
