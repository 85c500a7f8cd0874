"""How large the result and the paintings are: the rules of `size`, `size_rule`, `style_fit` and `style_scale`."""

import re

from impasto.errors import ImageError
from impasto.images import Picture
from impasto.settings import SIZE_RULE, Settings

Size = tuple[int, int]
"""Width and height, pixels."""


def result_size(settings: Settings, content: Picture, *, may_turn: bool = True) -> Size:
    """The size of the result: `size` as its long side, or else the recipe's `size_rule`.

    A frame of WIDTHxHEIGHT is turned on its side for a picture that stands upright, unless `may_turn` is false: a
    texture, which has no photograph, takes any frame as it is.
    """
    if settings.size:
        return _with_long_side(content, settings.size)
    frame = re.match(SIZE_RULE, settings.size_rule)
    if frame is None:  # the settings admit nothing else
        raise ValueError(settings.size_rule)
    if frame["rule"] == "long":
        return _with_long_side(content, int(frame["length"]))
    if frame["rule"] == "rows":
        return max(1, round(content.width * int(frame["length"]) / content.height)), int(frame["length"])
    wide = int(frame["width"]), int(frame["height"])
    fits = not may_turn or (content.width >= content.height) == (wide[0] >= wide[1])
    return wide if fits else (wide[1], wide[0])


def style_size(settings: Settings, style: Picture, result: Size) -> Size:
    """The size of a painting beside a result: of the same long side, or squashed to it, times `style_scale`."""
    if settings.style_fit == "squash":
        return round(result[0] * settings.style_scale), round(result[1] * settings.style_scale)
    return _with_long_side(style, round(max(result) * settings.style_scale))


def check_side(size: Size, smallest: int, picture: Picture, remedy: str) -> None:
    """Refuse a picture that would be smaller than the network can see.

    Raises:
        ImageError: the short side of `size` is under `smallest` pixels.
    """
    if min(size) < smallest:
        raise ImageError(f"{picture.name}: {size[0]} x {size[1]} pixels is too small for the network", remedy)


def _with_long_side(picture: Picture, length: int) -> Size:
    share = length / max(picture.width, picture.height)
    return max(1, round(picture.width * share)), max(1, round(picture.height * share))
