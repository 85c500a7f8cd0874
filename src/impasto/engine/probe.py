"""Small sizes at which a run is tried before it begins: for the precision, and for the speed."""

from collections.abc import Iterator

from impasto.core import StyleTransfer
from impasto.errors import ImageError
from impasto.sizing import Size, with_long_side

PROBE_SIDE = 128
"""Pixels of the long side of the first."""


def probe_sizes(transfer: StyleTransfer) -> Iterator[Size]:
    """Yield sizes at which the network sees all images, each twice the one before, up to the result's."""
    width, height = transfer.spec.size
    side = PROBE_SIDE
    while side < max(width, height):
        small = with_long_side((width, height), side)
        side *= 2
        try:
            transfer.check(*small)
        except ImageError:
            continue
        yield small
    yield width, height
