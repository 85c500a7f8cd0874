"""What was decided when a film was begun, as a file: it is how a film is known again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

_ANOTHER = {
    "clip": "the clip is another",
    "paintings": "the paintings are others",
    "files": "the masks or the network are others",
    "keyframes": "the keyframes are others",
}
"""How to say that two films differ in what nobody reads."""


@dataclass(frozen=True)
class StoredPlan:
    """What was decided when a film was begun, and holds whenever it is resumed."""

    identity: Mapping[str, Any]
    """All that its frames depend on."""
    threads: int
    memory: str
    """The value of that setting."""
    shots: tuple[tuple[int, ...], ...]
    """The numbers of the frames of each."""

    def to_json(self) -> bytes:
        """Give it as a file has it."""
        return json.dumps(vars(self), indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read a file of it; raises ValueError, TypeError or KeyError where it is none."""
        values = json.loads(data)
        shots = tuple(tuple(int(number) for number in shot) for shot in values["shots"])
        return cls(dict(values["identity"]), int(values["threads"]), str(values["memory"]), shots)

    def difference(self, identity: Mapping[str, Any]) -> str:
        """Say in what another film differs; empty where in nothing that its frames depend on."""
        now = json.loads(json.dumps(identity))
        for key in (*now, *self.identity):
            one, other = self.identity.get(key), now.get(key)
            if one == other:
                continue
            if key in _ANOTHER:
                return _ANOTHER[key]
            if isinstance(one, dict) and isinstance(other, dict):
                changed = [name for name in {**one, **other} if one.get(name) != other.get(name)]
                return ", ".join(
                    f"{name} was {_show(one.get(name))} and is {_show(other.get(name))}" for name in changed
                )
            return f"{key} was {_show(one)} and is {_show(other)}"
        return ""


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else "another"  # noqa: PLR2004 - characters of a line
