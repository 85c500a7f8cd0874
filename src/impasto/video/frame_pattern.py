"""Names of numbered frames, such as `frame%05d.png`, as C and FFmpeg have them: `%%` stands for a percent sign."""

import re
from dataclasses import dataclass

from impasto.errors import InputError

NUMBER = re.compile(r"(?<!%)(?:%%)*%(0?\d*)d")
"""Of a frame, in a pattern of names."""


@dataclass(frozen=True)
class FramePattern:
    """A name with one number in it."""

    before: str
    after: str
    padding: str
    """As C has it: "05" for five digits, "" for as many as there are."""

    @classmethod
    def parse(cls, name: str) -> "FramePattern":
        """Read a pattern.

        Raises:
            InputError: it has no number, or several.
        """
        first, *others = NUMBER.finditer(name)
        if others:
            raise InputError(
                f"{name} has more than one number", "Name frames such as frame%05d.png; %% is a percent sign."
            )
        return cls(_unescape(name[: first.start(1) - 1]), _unescape(name[first.end() :]), first[1])

    def name(self, number: int) -> str:
        """Name a frame."""
        return f"{self.before}{f'%{self.padding}d' % number}{self.after}"

    def matches(self, name: str) -> bool:
        """Whether a name is that of a frame, of any number of digits."""
        return re.fullmatch(f"{re.escape(self.before)}[0-9]+{re.escape(self.after)}", name) is not None


def has_number(name: str) -> bool:
    """Whether a name is a pattern."""
    return NUMBER.search(name) is not None


def _unescape(text: str) -> str:
    return text.replace("%%", "%")
