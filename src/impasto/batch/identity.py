"""What a picture depends on, as one digest: the contents of its inputs, and the settings that change it."""

import functools
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from impasto.settings import INIT_IMAGES, MACHINE_SETTINGS, Settings

_WITHOUT_EFFECT = MACHINE_SETTINGS | {"recipe", "save_every"}
"""Settings that are not part of an identity: the recipe's values are, not its name; and where a picture is computed
changes it by rounding alone."""


def identify(settings: Settings, digests: Sequence[str]) -> str:
    """Give the identity of a picture: equal where painting it again would give the same.

    Args:
        settings: all of the picture's.
        digests: SHA-256 of the content image and of each style image, in order.

    Raises:
        OSError: a file that the settings name cannot be read.
    """
    text = json.dumps([list(digests), effective_settings(settings), digest_files(settings)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def effective_settings(settings: Settings) -> dict[str, Any]:
    """Give the settings that change a picture, as JSON has them; files by their contents in `digest_files`."""
    files = settings_files(settings)
    values = settings.model_dump(mode="json")
    return {name: value for name, value in values.items() if name not in _WITHOUT_EFFECT and name not in files}


def digest_files(settings: Settings) -> dict[str, list[str]]:
    """Give the SHA-256 of each file that the settings name, by setting."""
    return {name: [digest(path) for path in paths] for name, paths in settings_files(settings).items()}


def settings_files(settings: Settings) -> dict[str, list[str]]:
    """Give the files that the settings name and that change a picture, by setting."""
    named = {
        "mask": list(settings.mask),
        "keep_mask": [settings.keep_mask] if settings.keep_mask else [],
        "init": [] if settings.init in INIT_IMAGES else [settings.init],
        "network": [settings.network] if Path(settings.network).expanduser().is_file() else [],
    }
    return {name: paths for name, paths in named.items() if paths}


def digest(path: str | Path) -> str:
    """Give the SHA-256 of a file, read once for as long as it does not change.

    Raises:
        OSError: it cannot be read.
    """
    path = Path(path).expanduser()
    status = path.stat()
    return _digest(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=256)  # of the few that many pictures share: paintings, masks
def _digest(path: Path, _changed: int, _size: int) -> str:
    return digest_once(path)


def digest_once(path: Path) -> str:
    """Give the SHA-256 of a file that nobody asks for again.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
