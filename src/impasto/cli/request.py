"""What a command that makes a picture was asked for, beside the settings."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Request:
    """Inputs and outputs as the user named them; `terminal.STREAM` stands for stdin or stdout."""

    photo: str | None = None
    paintings: tuple[str, ...] = ()
    output: str | None = None
    name: str = ""
    """What the result's own name ends in, after those of the inputs, where `output` is not given."""
    force: bool = False
    save_dir: str | None = None
    sheet: str | None = None
    plot: str | None = None
    animation: str | None = None
    profile: Literal["srgb", "source"] = "srgb"
    settings_from: str | None = None
    json: bool = False
    quiet: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The photograph, if there is one, and the paintings."""
        return (self.photo, *self.paintings) if self.photo is not None else self.paintings
