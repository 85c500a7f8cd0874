"""Small WebP versions of pictures."""

from impasto import images
from impasto.images import Picture

THUMBNAIL_SIDE, PREVIEW_SIDE, DISPLAY_SIDE = 320, 1024, 2048
"""Longest sides in pixels."""


def encode_webp(picture: Picture, max_side: int) -> bytes:
    """Encode a picture as WebP, scaled down so that neither side exceeds `max_side` pixels."""
    factor = min(1.0, max_side / max(picture.width, picture.height))
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    return images.encode(images.resize(picture, *size) if factor < 1 else picture, "webp")
