"""What was decided when a film was begun, as a file: it is how a film is known again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from impasto.video.painting.shots import Fade

_CHANGED = {
    "clip": "the clip has changed",
    "paintings": "the paintings have changed",
    "files": "the masks or the network have changed",
    "keyframes": "the keyframes have changed",
}
"""How to say that two films differ in what nobody reads."""


@dataclass(frozen=True)
class PlannedShot:
    """A shot, as far as it is painted."""

    frames: tuple[int, ...]
    """Their numbers in the clip, rising."""
    fades: Mapping[int, Fade] = field(default_factory=dict)
    """Of its frames that are faded, also of those that are not painted."""

    def to_values(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        return {"frames": self.frames, "fades": {number: asdict(fade) for number, fade in self.fades.items()}}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_values` gave."""
        fades = {}
        for number, it in values["fades"].items():
            red, green, blue = (float(value) for value in it["background"])
            fades[int(number)] = Fade(float(it["light"]), (red, green, blue), int(it["source_frame"]))
        return cls(tuple(int(number) for number in values["frames"]), fades)


@dataclass(frozen=True)
class StoredPlan:
    """What was decided when a film was begun, and holds whenever it is resumed."""

    identity: Mapping[str, Any]
    """All that its frames depend on."""
    threads: int
    memory: str
    """The value of that setting."""
    shots: tuple[PlannedShot, ...]
    whole_shots: int = 0
    """Of the film that a preview is one of."""

    def to_json(self) -> bytes:
        """Give it as a file has it."""
        return json.dumps({**vars(self), "shots": [shot.to_values() for shot in self.shots]}, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read a file of it; raises ValueError, TypeError or KeyError where it is none."""
        values = json.loads(data)
        shots = tuple(PlannedShot.from_values(shot) for shot in values["shots"])
        identity, whole_shots = dict(values["identity"]), int(values["whole_shots"])
        return cls(identity, int(values["threads"]), str(values["memory"]), shots, whole_shots)

    def difference(self, identity: Mapping[str, Any]) -> str:
        """Say in what another film differs; empty where in nothing that its frames depend on."""
        now = json.loads(json.dumps(identity))
        for key in (*now, *self.identity):
            one, other = self.identity.get(key), now.get(key)
            if one == other:
                continue
            if key in _CHANGED:
                return _CHANGED[key]
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
