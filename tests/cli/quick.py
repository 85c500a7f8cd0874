"""What the command's tests share beside fixtures."""

from dataclasses import dataclass
from pathlib import Path

QUICK = ["--size", "64", "--scales", "1", "--margin", "0", "--iterations", "3"]
"""Options that make any run a matter of a second."""


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


def listing(folder: Path) -> dict[str, bytes | None]:
    """Everything under a folder, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
