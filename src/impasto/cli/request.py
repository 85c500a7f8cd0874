"""What the default command was asked for, beside the settings."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Request:
    """Inputs and outputs as the user named them; `terminal.STREAM` stands for stdin or stdout."""

    photo: str
    paintings: tuple[str, ...]
    output: str | None = None
    force: bool = False
    save_dir: str | None = None
    sheet: str | None = None
    plot: str | None = None
    animation: str | None = None
    profile: Literal["srgb", "source"] = "srgb"
    settings_from: str | None = None
    json: bool = False
    quiet: bool = False
