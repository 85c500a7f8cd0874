"""What a picture depends on, as one digest: the contents of its inputs, and the settings that change it."""

import functools
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from impasto.settings import Settings
from impasto.settings.effect import effective_values, named_files


def identify(settings: Settings, digests: Sequence[str]) -> str:
    """Give the identity of a picture: equal where painting it again would give the same.

    That of a run's checkpoint, `engine.checkpoint.identify`, is another: it depends on the version as well, since half
    a picture of one version is not to be finished by the next, and on masks that no file holds.

    Args:
        settings: all of the picture's.
        digests: SHA-256 of the content image and of each style image, in order.

    Raises:
        OSError: a file that the settings name cannot be read.
    """
    files = {name: [digest(path) for path in paths] for name, paths in named_files(settings).items()}
    text = json.dumps([list(digests), effective_values(settings), files], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def digest(path: str | Path) -> str:
    """Give the SHA-256 of a file, read once for as long as it does not change.

    Raises:
        OSError: it cannot be read.
    """
    path = Path(path).expanduser()
    status = path.stat()
    return _digest(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=65536)  # a photograph is asked for once for each painting, however the jobs are ordered
def _digest(path: Path, _changed: int, _size: int) -> str:
    return digest_once(path)


def digest_once(path: Path) -> str:
    """Give the SHA-256 of a file that nobody asks for again.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
