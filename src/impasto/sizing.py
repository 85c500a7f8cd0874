"""Sizes of images beside each other: plain arithmetic."""

Size = tuple[int, int]
"""Width and height, pixels."""


def with_long_side(size: Size, length: int) -> Size:
    """Give the size of the same aspect whose long side has a length, in pixels."""
    share = length / max(size)
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def style_size(own: Size, result: Size, scale: float, *, squash: bool) -> Size:
    """Give the size of a style image beside a result: of its long side, or squashed to it, times a scale."""
    if squash:
        return round(result[0] * scale), round(result[1] * scale)
    return with_long_side(own, round(max(result) * scale))
