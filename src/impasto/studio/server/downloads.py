"""What is downloaded: names of files, and archives that are written while they are sent."""

import io
import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from fastapi.responses import StreamingResponse

from impasto.errors import SettingsError
from impasto.settings import Settings
from impasto.settings.stored import described_values
from impasto.storage.names import MANIFEST
from impasto.studio.schemas import JobOut, Refused
from impasto.studio.store.folder import Folder

_CHUNK = 2**18
_LONGEST_STEM = 100


def file_name(job: JobOut, suffix: str) -> str:
    """Name a result like the command does, photo-painting, without characters that a file system may refuse."""
    stems = [picture.name.rpartition(".")[0] or picture.name for picture in (job.photo, *job.paintings[:1]) if picture]
    stems += ["preview"] if job.film and job.film.preview else []
    return f"{safe_stem('-'.join(stems))}.{suffix}"


def result_name(job: JobOut) -> str:
    """Name the file of a result."""
    return file_name(job, job.film.format if job.film else "png")


def result_path(folder: Folder, job: JobOut) -> Path:
    """Return the file of a result."""
    return folder.film(job.id, f".{job.film.format}") if job.film else folder.result(job.id)


def safe_stem(text: str) -> str:
    """Make a name of which no file system refuses a letter."""
    return re.sub(r'[\x00-\x1f\x7f"*/:<>?\\|]', "_", text).strip(". ")[:_LONGEST_STEM] or "picture"


def as_download(name: str) -> dict[str, str]:
    """Give the name twice: in ASCII for any browser, and in full (RFC 6266)."""
    ascii_name = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    encoded = quote(name, safe="")
    return {"content-disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{encoded}"}


def zip_download(
    folder: Folder, jobs: Sequence[JobOut], name: str, refused: Sequence[Refused] = ()
) -> StreamingResponse:
    """Send the results of jobs, and a manifest as `impasto batch` writes one, as an archive."""
    return StreamingResponse(_zip(folder, jobs, refused), media_type="application/zip", headers=as_download(name))


def _zip(folder: Folder, jobs: Sequence[JobOut], refused: Sequence[Refused]) -> Iterator[bytes]:
    """Write the archive piece by piece; pictures are compressed already, and a result that is gone is left out."""
    sink, lines, used = _Sink(), [], set[str]()
    with ZipFile(sink, "w", ZIP_STORED) as archive:
        for job in jobs:
            name = _unused(result_name(job), used)
            error = None if job.state == "finished" else _why(job)
            if error is None:
                try:
                    with result_path(folder, job).open("rb") as source:
                        entry = ZipInfo(name, _zip_time(job))
                        with archive.open(entry, "w", force_zip64=True) as target:
                            while chunk := source.read(_CHUNK):
                                target.write(chunk)
                                yield sink.taken()
                except FileNotFoundError:
                    error = "its file was deleted"
            lines.append(_record(job, name, error))
        lines += [{"output": one.name, "inputs": [], "settings": {}, "error": one.problem} for one in refused]
        archive.writestr(MANIFEST, "".join(f"{json.dumps(line)}\n" for line in lines))
    yield sink.taken()


def _record(job: JobOut, name: str, error: str | None) -> dict[str, Any]:
    """Describe a result with the fields of a batch's manifest, as far as the studio knows them."""
    inputs = [("content", job.photo), *(("style", painting) for painting in job.paintings)]
    inputs += [*(("mask", mask) for mask in job.masks), ("keep_mask", job.keep)]
    return {
        "output": name,
        "inputs": [{"role": role, "name": it.name, "sha256": it.id} for role, it in inputs if it],
        "settings": _settings(job),
        "size": [job.width, job.height] if job.width else None,
        "seconds": round(job.ended - job.started, 3) if job.ended and job.started else 0.0,
        "error": error,
    }


def _settings(job: JobOut) -> dict[str, Any]:
    """Give the settings that change a picture, or all that are stored where another version wrote them."""
    try:
        return described_values(Settings.model_validate(job.settings))
    except (SettingsError, ValueError):
        return job.settings


def _why(job: JobOut) -> str:
    """Say why there is no result, in the words of the page."""
    message = job.error
    return message.problem if message else f"it is {job.state}"


def _unused(name: str, used: set[str]) -> str:
    """Give a name that no other entry has, whatever the case of its letters."""
    stem, suffix = name.rsplit(".", 1)
    found, number = name, 1
    while found.lower() in used:
        number += 1
        found = f"{stem}-{number}.{suffix}"
    used.add(found.lower())
    return found


def _zip_time(job: JobOut) -> tuple[int, int, int, int, int, int]:
    year, month, day, hour, minute, second, *_ = time.localtime(job.ended or job.created)
    return max(1980, year), month, day, hour, minute, second


class _Sink(io.RawIOBase):
    """Takes what an archive writes until somebody sends it on; nobody can go back in it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any, /) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Give what was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
