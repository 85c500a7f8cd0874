"""What is at a path, for any text that somebody may give as one: pathlib raises where a name is too long."""

import os
from pathlib import Path


def path_exists(path: str | Path) -> bool:
    """Whether there is something."""
    return os.path.exists(path)  # noqa: PTH110


def with_name_of_its_own(path: Path) -> Path:
    """Give a path whose last part is a name: "." and ".." have another, and so has a folder on whose root one is."""
    return path if path.name not in ("", "..") else path.resolve()


def is_file(path: str | Path) -> bool:
    """Whether there is an ordinary file."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: str | Path) -> bool:
    """Whether there is a folder."""
    return os.path.isdir(path)  # noqa: PTH112
