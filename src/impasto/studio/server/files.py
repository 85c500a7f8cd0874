"""Serves files, each of which may be deleted at any moment."""

import os
from collections.abc import Mapping
from pathlib import Path
from stat import S_ISREG

import anyio
from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from impasto.errors import StorageError
from impasto.studio.errors import MissingError

_DESCRIPTORS = Path("/dev/fd")


class StoredFile(FileResponse):
    """A file: 404 if it is gone when the answer begins, and whole if it is deleted after that.

    Args:
        path: the file.
        media_type: its type.
        headers: further headers.
        hint: what to do if it is gone.
    """

    def __init__(
        self, path: Path, media_type: str, headers: Mapping[str, str], *, hint: str = "Reload the page."
    ) -> None:
        super().__init__(path, media_type=media_type, headers=headers)
        self._hint = hint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open the file before anything is sent, and send what was opened.

        Raises:
            MissingError: it does not exist.
            StorageError: it cannot be read.
        """
        try:
            file = await anyio.open_file(self.path, "rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise missing_file(self._hint) from None
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read: {error.strerror}", "Check the disk.") from None
        async with file:
            descriptor = file.wrapped.fileno()
            self.stat_result = os.fstat(descriptor)
            if not S_ISREG(self.stat_result.st_mode):
                raise missing_file(self._hint)
            self.set_stat_headers(self.stat_result)
            opened = _DESCRIPTORS / str(descriptor)
            self.path = opened if opened.exists() else self.path  # by the path, another file might be sent
            await super().__call__(scope, receive, send)


def missing_file(hint: str = "Reload the page.") -> MissingError:
    """Make the error for a file that was deleted."""
    return MissingError("this file was deleted", hint)
