"""Times in a clip, and parts of it, as people write them."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

from impasto.errors import SettingsError, count_noun
from impasto.wording import argument

_SECONDS = r"\d{1,9}(?:\.\d{1,9})?"
_TIME = re.compile(
    rf"(?:(?:(?P<hours>\d{{1,4}}):)?(?P<minutes>\d{{1,4}}):)?(?P<seconds>{_SECONDS})|(?P<frame>\d{{1,9}})f"
)
_NUMBERS = re.compile(r"(?P<start>\d{0,9})(?P<mark>:)?(?P<stop>\d{0,9})")
_PARTS = "Write numbers of frames such as 100:200, or times such as 00:03-00:07; what is at the second is left out."


def parse_time(text: str, times: Sequence[Fraction] = (), end: Fraction | None = None) -> Fraction:
    """Read a time in a clip, in seconds from its first frame.

    Args:
        text: SS, MM:SS or HH:MM:SS, with decimals; or the number of a frame from 0, such as `120f`.
        times: when each frame is shown.
        end: of the clip; None where a time may be beyond it.

    Raises:
        SettingsError: it is not a time, or the clip has ended by then.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        hint = "Write seconds, MM:SS, HH:MM:SS.mmm, or the number of a frame such as 120f."
        raise SettingsError(f"{text!r:.40} is not a time in a clip", hint)
    if match["frame"]:
        number = int(match["frame"])
        if number >= len(times):
            problem = f"there is no frame {number} in a clip of {count_noun(len(times), 'frame')}"
            raise SettingsError(problem, "They are numbered from 0.")
        return times[number]
    hours, minutes = (int(match[part] or 0) for part in ("hours", "minutes"))
    time = 60 * (60 * hours + minutes) + Fraction(match["seconds"])
    if end is not None and time > end:
        problem = f"{text} is after the end of the clip, which has {float(end):.4g} seconds"
        raise SettingsError(problem, "Name a time within it.")
    return time


def choose_part(text: str, times: Sequence[Fraction]) -> range:
    """Read which frames of a clip are meant.

    Args:
        text: numbers of frames from 0 as Python has them: `100:200` is up to but without 200, `100:` to the end, and
            `100` one frame; or two times as `parse_time` reads them, `00:03-00:07`; empty for all.
        times: when each frame is shown.

    Raises:
        SettingsError: it is no such text, or there are no such frames.
    """
    start, mark, stop = text.replace(" ", "").partition("-")
    if mark and (start or stop):
        try:
            first = bisect_left(times, parse_time(start, times)) if start else 0
            last = bisect_left(times, parse_time(stop, times)) if stop else len(times)
        except SettingsError as error:
            problem, hint = error.texts
            raise SettingsError(f"{argument('frames')} {text!r:.40}: {problem}", hint) from None
    else:
        first, last = _parse_numbers(text, len(times))
    if not first < min(last, len(times)):
        problem = f"{argument('frames', text)} has no frame of a clip of {count_noun(len(times), 'frame')}"
        raise SettingsError(problem, _PARTS)
    return range(first, min(last, len(times)))


def _parse_numbers(text: str, frames: int) -> tuple[int, int]:
    match = _NUMBERS.fullmatch(text.replace(" ", ""))
    if match is None or (text and not (match["start"] or match["stop"])):
        raise SettingsError(f"{argument('frames')} takes a part of the clip, not {text!r:.40}", _PARTS)
    start = int(match["start"] or 0)
    return start, start + 1 if match["start"] and not match["mark"] else int(match["stop"] or frames)
