"""The sizes of a run and the memory that they take, from the settings and the sizes of the inputs alone.

Loads no torch: whoever accepts work for later, as the studio does, refuses here what could never be done.
"""

import os
import re
from collections.abc import Sequence

from impasto.errors import OutOfMemoryError, SettingsError
from impasto.settings import LARGEST_SIZE, ORIGINAL, SIZE_RULE, SMALLEST_SIZE, Settings
from impasto.settings.per_painting import split_crops
from impasto.sizing import Size, style_size, with_long_side
from impasto.wording import argument

STEP_NUMBERS = 350
"""Numbers that a step keeps for each pixel of the result, with VGG to relu5_1: about 1.4 KB in float32."""
FORWARD_NUMBERS = 250
"""Numbers that the network takes for each pixel of a style image, whose features are computed once."""
_VALUES = 3
"""Of a pixel."""
_SCIPY_VECTORS = 15
"""Of float64 beside those of the history: SciPy's own workspace, bounds, and what it is handed."""
_ITEM_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "auto": 2}


def physical_memory() -> int | None:
    """Bytes of memory of this machine, where the system says."""
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def result_size(settings: Settings, own: Size, *, may_turn: bool = True) -> Size:
    """Give the size of the result: by `size`, or else by the recipe's `size_rule`.

    A rule of WIDTHxHEIGHT is turned on its side for a picture that stands upright, unless `may_turn` is false: a
    texture, which has no content image, takes any size as it is.

    Args:
        settings: `size` and `size_rule` are read.
        own: of the picture whose aspect the result takes.
        may_turn: whether there is a content image.

    Raises:
        SettingsError: a factor of the picture's own size leads out of the range of sizes.
    """
    if isinstance(settings.size, str):
        return _multiple(own, settings.size)
    if settings.size:
        return with_long_side(own, settings.size)
    rule = re.match(SIZE_RULE, settings.size_rule)
    if rule is None:  # the settings admit nothing else
        raise ValueError(settings.size_rule)
    if rule["rule"] == "long":
        return with_long_side(own, int(rule["length"]))
    if rule["rule"] == "rows":
        return max(1, round(own[0] * int(rule["length"]) / own[1])), int(rule["length"])
    width, height = int(rule["width"]), int(rule["height"])
    fits = not may_turn or (own[0] >= own[1]) == (width >= height)
    return (width, height) if fits else (height, width)


def _multiple(own: Size, size: str) -> Size:
    """Give a picture's own size, or the multiple of it that a factor such as `2x` names."""
    factor = 1.0 if size == ORIGINAL else float(size.removesuffix("x"))
    width, height = (round(side * factor) for side in own)
    if not SMALLEST_SIZE <= max(width, height) <= LARGEST_SIZE:
        problem = f"{argument('size', size)} makes {max(width, height)} pixels of a long side of {max(own)}"
        raise SettingsError(problem, f"Choose a size that is from {SMALLEST_SIZE} to {LARGEST_SIZE} pixels then.")
    return max(1, width), max(1, height)


def style_sizes(settings: Settings, result: Size, styles: Sequence[Size]) -> list[Size]:
    """Give the size at which the network sees each style image."""
    squash = settings.style_fit == "squash"
    return [style_size(own, result, settings.style_scale, squash=squash) for own in styles]


def check_memory(settings: Settings, content: Size | None, styles: Sequence[Size], item_bytes: int = 0) -> None:
    """Refuse what cannot fit into this machine's memory, before the system ends the process.

    Args:
        settings: all of the run's.
        content: the content image's own size.
        styles: the style images' own sizes.
        item_bytes: bytes of a number in the network; 0 for the fewest that the settings allow.

    Raises:
        OutOfMemoryError: the result, or a style image at its size beside the result, takes more than there is.
    """
    styles = _cropped(settings, styles)
    subject = content or next(iter(styles), None)
    if subject is None:
        return
    item_bytes = item_bytes or _ITEM_BYTES[settings.precision]
    result = result_size(settings, subject, may_turn=content is not None)
    width, height = result
    _refuse(
        f"a result of {width} x {height}", width * height, result_bytes(settings, result, item_bytes), argument("size")
    )
    for width, height in style_sizes(settings, result, styles) if settings.has_style else ():
        what = f"the painting is to be seen at {width} x {height}, the result's size times {argument('style_scale')}"
        needed = width * height * FORWARD_NUMBERS * item_bytes
        _refuse(what, width * height, needed, f"{argument('style_scale')}, or a smaller {argument('size')}")


def _cropped(settings: Settings, styles: Sequence[Size]) -> Sequence[Size]:
    """Give the size of the part of each style image that is used."""
    crops = split_crops(settings.style_crop, len(styles)) or [""] * len(styles)
    parts = [crop.split(",")[2:] for crop in crops]
    return [(int(part[0]), int(part[1])) if part else own for part, own in zip(parts, styles, strict=True)]


def result_bytes(settings: Settings, result: Size, item_bytes: int) -> int:
    """Estimate what a step takes: the network's maps, and the vectors that the optimizer remembers."""
    pixels = (result[0] + 2 * settings.margin) * (result[1] + 2 * settings.margin)
    vector = _VALUES * pixels
    maps = pixels * STEP_NUMBERS * item_bytes
    if settings.optimizer == "scipy-lbfgsb":  # which reserves its history at once, in float64
        return maps + vector * 8 * (2 * settings.history + _SCIPY_VECTORS)
    remembered = min(settings.history, settings.iterations) if settings.optimizer == "lbfgs" else 1
    return maps + vector * 2 * remembered * max(4, item_bytes)


def _refuse(what: str, pixels: int, needed: int, remedy: str) -> None:
    there = physical_memory()
    if there is not None and needed > there:
        gib, has = needed / 2**30, there / 2**30
        problem = (
            f"{what}: {pixels / 1e6:.0f} megapixels need about {gib:.0f} GiB of memory and this machine has {has:.0f}"
        )
        raise OutOfMemoryError(problem, f"Use a smaller {remedy}.")
