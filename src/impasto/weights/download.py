"""Downloads that resume where they stopped, and are kept only if the checksum is right.

The bytes go to `NAME.part`. Beside it `NAME.part.json` holds the address and the server's validator (ETag or date),
so that a later call asks for the rest of the same file and of no other.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from impasto.errors import DownloadError, OutputError, StorageError, WeightsError
from impasto.weights.registry import Checksum

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here, and the bytes of the whole file where the server says."""

BACKOFF = (0.5, 1.0, 2.0)
"""Seconds to wait before each further attempt; progress resets it."""

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as cut."""

_CHUNK = 1 << 18
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_RANGE_NOT_SATISFIABLE = 416
_PARTIAL_CONTENT = 206


def download(url: str, part: Path, checksum: Checksum, *, progress: Progress | None = None) -> None:
    """Bring the file at `url` to `part`, whole and verified.

    A cut connection, Ctrl-C or a full disk leaves `part` as far as it came, and the next call resumes from there.

    Raises:
        DownloadError: the server cannot be reached or refuses, or the file is not the promised one and was removed.
        StorageError: the disk is full or fails.
        OutputError: `part` may not be written.
        WeightsError: the address is not one of http or https.
    """
    _require_http(url)
    furthest, failures = _size(part), 0
    while (trouble := _attempt(url, part, progress)) is not None:
        failures = 0 if _size(part) > furthest else failures + 1
        furthest = max(furthest, _size(part))
        if failures == len(BACKOFF):
            raise DownloadError(
                f"{url} {trouble}", "Check the connection and run the same command again: it resumes where it stopped."
            )
        time.sleep(BACKOFF[failures])
    _verify(url, part, checksum)


def discard(part: Path) -> None:
    """Remove a download, finished or not, and what is known of it."""
    for file in (part, _sidecar(part)):
        file.unlink(missing_ok=True)


def _require_http(url: str) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not url.isprintable() or " " in url:
        raise WeightsError(f"'{url}' is not an address to download from", "Give one that begins with https://.")


def _attempt(url: str, part: Path, progress: Progress | None) -> str | None:
    """Ask once for what is missing; None when all of it is here, else what went wrong, worth another attempt."""
    start = _size(part)
    validator = _validator_of_part(part, url) if start else None
    if validator is None:
        start = 0
    headers = {"User-Agent": "impasto"}
    if validator is not None:
        headers |= {"Range": f"bytes={start}-", "If-Range": validator}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  the scheme was checked
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except urllib.error.HTTPError as error:
        with error:
            return _refusal(url, part, error)
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: a host name that cannot be
        return f"cannot be reached ({_reason(error)})"
    with response:
        return _receive(response, url, part, validator, progress)


def _refusal(url: str, part: Path, error: urllib.error.HTTPError) -> str | None:
    if error.code == _RANGE_NOT_SATISFIABLE and _size(part):
        if error.headers.get("Content-Range") == f"bytes */{_size(part)}":
            return None
        discard(part)
        return "has changed since the download began"
    answer = f"answers {error.code} {error.reason}"
    if error.code in _PASSING:
        return answer
    raise DownloadError(f"{url} {answer}", "It may have moved: give another address, or a mirror in IMPASTO_MIRROR.")


def _receive(response: Any, url: str, part: Path, validator: str | None, progress: Progress | None) -> str | None:
    start, total = _extent(response)
    if response.status == _PARTIAL_CONTENT and (start != _size(part) or _validator(response) not in {None, validator}):
        discard(part)
        return "has changed since the download began"
    try:
        with part.open("ab" if start else "wb") as file:
            if not start:
                _remember(part, url, _validator(response))
            return _copy(response, file, start, total, progress)
    except PermissionError:
        raise OutputError(f"{part} may not be written", "Choose another folder with IMPASTO_HOME.") from None
    except OSError as error:
        raise StorageError(
            f"{part} cannot be written: {error.strerror}",
            "Make room and run the same command again: it resumes where it stopped.",
        ) from error


def _copy(response: Any, file: IO[bytes], start: int, total: int | None, progress: Progress | None) -> str | None:
    done = start
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            return f"was cut off after {done} bytes ({_reason(error)})"
        if not chunk:
            break
        file.write(chunk)
        done += len(chunk)
        if progress is not None:
            progress(done, total)
    return None if total in {None, done} else f"was cut off after {done} of {total} bytes"


def _extent(response: Any) -> tuple[int, int | None]:
    """Where the body begins in the file, and the length of the whole file where stated."""
    if response.status == _PARTIAL_CONTENT:
        span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        start = span.partition("-")[0]
        return (int(start) if start.isdecimal() else -1), (int(total) if total.isdecimal() else None)
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _validator(response: Any) -> str | None:
    """What names this version of the file; a weak ETag does not promise the same bytes."""
    etag = response.headers.get("ETag")
    chosen = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
    return str(chosen) if chosen else None


def _remember(part: Path, url: str, validator: str | None) -> None:
    sidecar = _sidecar(part)
    if validator is None:
        sidecar.unlink(missing_ok=True)
    else:
        sidecar.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")


def _validator_of_part(part: Path, url: str) -> str | None:
    """The validator of the begun download, if it was begun from this address."""
    try:
        known = json.loads(_sidecar(part).read_text(encoding="utf-8"))
        return str(known["validator"]) if known["url"] == url else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _verify(url: str, part: Path, checksum: Checksum) -> None:
    found = checksum.of(part)
    if found != checksum.digits:
        discard(part)
        raise DownloadError(
            f"{url} is not the promised file ({checksum.algorithm} {found}, expected {checksum.digits}): "
            "refused and not kept",
            "Try again later, or from another mirror with IMPASTO_MIRROR.",
        )


def _sidecar(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error) or type(error).__name__
