"""Sizes of images beside each other, and of one from scale to scale: plain arithmetic."""

from dataclasses import dataclass

Size = tuple[int, int]
"""Width and height, pixels."""


def with_long_side(size: Size, length: int) -> Size:
    """Give the size of the same aspect whose long side has a length, in pixels."""
    share = length / max(size)
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def within_long_side(size: Size, length: int) -> Size:
    """Give the size of the same aspect whose long side has at most a length, in pixels: itself where it has."""
    return with_long_side(size, min(length, max(size)))


def style_size(own: Size, result: Size, scale: float, *, squash: bool) -> Size:
    """Give the size of a style image beside a result: of its long side, or squashed to it, times a scale."""
    if squash:
        return round(result[0] * scale), round(result[1] * scale)
    return with_long_side(own, round(max(result) * scale))


SMALLEST_LONG_SIDE = 128
"""No scale is coarser than this, pixels: below it relu5_1 has fewer than 8 positions a side and motifs lose shape."""
ASPECT_TOLERANCE = 0.02
"""How far the aspects of pictures may differ that are of one shape: rounding of small sizes, but not another crop."""
DECAYING_SCALES = 3
"""Iterations fall from scale to scale as far as this one: then each takes four times the one before for four times the
pixels, so that the time for a pixel of the result is about the same at any size."""


def have_one_shape(one: Size, other: Size) -> bool:
    """Tell whether two pictures have about the same aspect."""
    ratio = (one[0] * other[1]) / (one[1] * other[0])
    return max(ratio, 1 / ratio) <= 1 + ASPECT_TOLERANCE


def padded_pixels(size: Size, margin: int) -> int:
    """Give the pixels of an iterate of a size, with its margin."""
    return (size[0] + 2 * margin) * (size[1] + 2 * margin)


@dataclass(frozen=True)
class Scale:
    """One size of the schedule."""

    width: int
    height: int
    iterations: int

    @property
    def size(self) -> Size:
        """Width and height, pixels."""
        return self.width, self.height


def plan_scales(
    width: int, height: int, *, scales: int, iterations: int, decay: float, smallest_side: int = 1
) -> list[Scale]:
    """Plan sizes that double up to (width, height), with geometrically falling iteration counts.

    Large motifs are laid at small sizes, strokes at large ones (Gatys et al. 2017, section 6).

    Args:
        width: of the finest scale, pixels.
        height: of the finest scale, pixels.
        scales: how many are wanted; those that would be too small are left out, but never the last.
        iterations: at the first, coarsest scale.
        decay: each further scale runs this share of the iterations of the one before, up to the third.
        smallest_side: of an image that the network can see, pixels.
    """

    def is_large_enough(factor: int) -> bool:
        return max(width, height) >= SMALLEST_LONG_SIDE * factor and min(width, height) >= smallest_side * factor

    factors = [2**step for step in range(scales) if step == 0 or is_large_enough(2**step)]
    return [
        Scale(
            width=max(1, round(width / factor)),
            height=max(1, round(height / factor)),
            iterations=max(1, round(iterations * decay ** min(index, DECAYING_SCALES - 1))),
        )
        for index, factor in enumerate(reversed(factors))
    ]
