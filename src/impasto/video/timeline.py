"""Settings over time: keyframes, and the course from each to the next.

A setting that no keyframe names keeps its value. One that a keyframe names goes from its base value, at the beginning
of the clip, to that of the first keyframe, from there to the next, and keeps that of the last.
"""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from impasto.errors import SettingsError
from impasto.settings import Settings, with_present_names
from impasto.settings.per_painting import check_counts, style_weights
from impasto.video.defaults import DEFAULT_EASE, Ease
from impasto.video.times import parse_time
from impasto.wording import argument

BLENDED = frozenset(
    {
        *("strength", "style_blend", "fill", "detail", "style_detail"),
        *("content_weight", "style_weight", "tv_weight", "laplacian_weight"),
        *("noise_share", "noise_amplitude", "tolerance", "learning_rate"),
    }
)
"""Numbers that may change within a clip, with all that is between."""
SWITCHED = frozenset({"faces", "seed"})
"""Settings that may change within a clip, from one frame to the next."""
FIXED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("network", "pooling", "padding", "normalize", "content_layers", "style_layers", "fine_scale_block"),
            "the network is built once",
        ),
        **dict.fromkeys(
            ("style_scale", "style_fit", "style_crop", "color", "statistic", "convention"),
            "the paintings are measured once",
        ),
        **dict.fromkeys(("size", "size_rule", "margin", "scales"), "all frames have one size"),
        **dict.fromkeys(
            ("iterations", "iterations_decay", "rounds", "init", "output_iterate", "save_every"),
            "all frames have one schedule",
        ),
        **dict.fromkeys(("optimizer", "history", "beta1", "beta2", "epsilon", "clip"), "all frames have one optimizer"),
        **dict.fromkeys(("mask", "keep_mask"), "a mask that moves is a clip itself"),
        **dict.fromkeys(
            ("device", "precision", "memory", "checkpoint", "threads"), "all frames are computed in one way"
        ),
        "recipe": "it stands for all settings at once",
    }
)
"""Settings that are the same for a whole clip, and why."""

_EXAMPLE = "00:03 strength=0.2"


@dataclass(frozen=True)
class Keyframe:
    """Values that settings have at one time of a clip."""

    at: str
    """The time as it was given: seconds, MM:SS, HH:MM:SS.mmm, or the number of a frame such as `120f`."""
    values: Mapping[str, Any]


@dataclass(frozen=True)
class _Track:
    """One setting over time."""

    times: tuple[Fraction, ...]
    values: tuple[Any, ...]

    def value_at(self, time: Fraction, ease: Ease) -> Any:
        """Give its value; between two keyframes one that is between theirs, where it can be."""
        for (start, first), (end, second) in pairwise(zip(self.times, self.values, strict=True)):
            if start <= time < end:
                share = _COURSES[ease](float((time - start) / (end - start)))
                return _blend(first, second, share)
        return self.values[0] if time < self.times[0] else self.values[-1]


class Timeline:
    """The settings that hold at each time of a clip.

    Args:
        base: those that hold where no keyframe says otherwise.
        keyframes: in any order.
        times: when each frame of the clip is shown, for keyframes that name frames.
        end: of the clip; None where a keyframe may be beyond it.
        paintings: how many there are.
        ease: the course between two keyframes.

    Raises:
        SettingsError: a time is not one of the clip, a value is not one of its setting, or the setting may not change
            within a clip.
    """

    def __init__(
        self,
        base: Settings,
        keyframes: Iterable[Keyframe] = (),
        *,
        times: Sequence[Fraction] = (),
        end: Fraction | None = None,
        paintings: int = 1,
        ease: Ease = DEFAULT_EASE,
    ) -> None:
        self.base, self.ease = base, ease
        check_counts(base, paintings)
        points: dict[str, dict[Fraction, Any]] = {}
        for keyframe in keyframes:
            time = _time_of(keyframe, times, end)
            for name, value in _check_values(base, keyframe, paintings).items():
                if time in points.setdefault(name, {}):
                    raise SettingsError(f"{argument(name)} has two values at {keyframe.at}", "Leave one of them out.")
                points[name][time] = value
        self._tracks = {name: _make_track(_base_value(base, name, paintings), at) for name, at in points.items()}

    def settings_at(self, time: Fraction) -> Settings:
        """Give the settings of the frame that is shown at a time, in seconds from the clip's first frame."""
        if not self._tracks:
            return self.base
        update = {
            name: track.value_at(time, self.ease if name in BLENDED else "step") for name, track in self._tracks.items()
        }
        return self.base.model_copy(update=update)

    def with_base(self, base: Settings) -> "Timeline":
        """Give the same course over other base settings, which differ in what cannot change within a clip."""
        changed = copy.copy(self)
        changed.base = base
        return changed

    def describe(self) -> dict[str, Any]:
        """Give all that it depends on beside the base settings, as JSON holds it."""
        tracks = {
            name: [[str(time), value] for time, value in zip(track.times, track.values, strict=True)]
            for name, track in sorted(self._tracks.items())
        }
        return {"ease": self.ease, "tracks": tracks} if tracks else {}


def parse_keyframes(words: Sequence[str]) -> list[Keyframe]:
    """Read keyframes as the command line has them: a time and one or more `name=value` in each, with spaces between.

    Raises:
        SettingsError: a time without values, or values without a time.
    """
    found: list[tuple[str, dict[str, str]]] = []
    for word in (part for words_of_one in words for part in words_of_one.split()):
        name, mark, value = word.partition("=")
        if not mark:
            found.append((word, {}))
            continue
        if not found:
            raise SettingsError(f"{argument('at')} has {word} without a time", f"Write the time first: {_EXAMPLE}.")
        name = name.strip().lstrip("-").replace("-", "_")
        if name in found[-1][1]:
            raise SettingsError(f"{argument(name)} has two values at {found[-1][0]}", "Leave one of them out.")
        found[-1][1][name] = value
    for at, values in found:
        if not values:
            raise SettingsError(f"{argument('at')} names no setting at {at}", f"Add one: {_EXAMPLE}.")
    return [Keyframe(at, values) for at, values in found]


def _time_of(keyframe: Keyframe, times: Sequence[Fraction], end: Fraction | None) -> Fraction:
    try:
        return parse_time(keyframe.at, times, end)
    except SettingsError as error:
        problem, hint = error.texts
        raise SettingsError(f"{argument('at')}: {problem}", hint) from None


def _check_values(base: Settings, keyframe: Keyframe, paintings: int) -> dict[str, Any]:
    """Give the values of a keyframe as settings hold them.

    Raises:
        SettingsError: one is not a value of its setting, or the setting may not change.
    """
    try:
        values = with_present_names(keyframe.values)
        _check_changeable(values)
        settings = base.model_copy(update=values)
        check_counts(settings, paintings)
    except SettingsError as error:
        problem, hint = error.texts
        raise SettingsError(f"{argument('at')} {keyframe.at}: {problem}", hint) from None
    return {name: _base_value(settings, name, paintings) for name in values}


def _check_changeable(names: Iterable[str]) -> None:
    for name in names:
        if name in FIXED:
            problem = f"{argument(name)} cannot change within a clip, since {FIXED[name]}"
            raise SettingsError(problem, "Give it once, for the whole clip.")


def _base_value(settings: Settings, name: str, paintings: int) -> Any:
    """Give a setting's value; weights of paintings are stated, so that they can be blended."""
    if name == "style_blend":
        return style_weights(settings.style_blend, paintings)
    return getattr(settings, name)


def _make_track(base: Any, points: Mapping[Fraction, Any]) -> _Track:
    times = tuple(sorted({Fraction(0), *points}))
    return _Track(times, tuple(points.get(time, base) for time in times))


def _blend(first: Any, second: Any, share: float) -> Any:
    if share == 0 or first == second:
        return first
    if isinstance(first, tuple):
        return tuple(_blend(one, other, share) for one, other in zip(first, second, strict=True))
    return first + (second - first) * share


def smoothstep(share: float) -> float:
    """Give a share 0..1 of a way that begins and ends slowly."""
    return share * share * (3 - 2 * share)


_COURSES: Mapping[Ease, Callable[[float], float]] = MappingProxyType(
    {"smooth": smoothstep, "linear": lambda share: share, "step": lambda _share: 0.0}
)
