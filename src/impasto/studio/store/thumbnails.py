"""Small WebP versions of pictures."""

from impasto import images
from impasto.images import Picture
from impasto.video.clip import Clip

THUMBNAIL_SIDE, PREVIEW_SIDE, DISPLAY_SIDE = 320, 1024, 2048
"""Longest sides in pixels."""


def encode_webp(picture: Picture, max_side: int) -> bytes:
    """Encode a picture as WebP, scaled down so that neither side exceeds `max_side` pixels."""
    return images.encode(images.shrink(picture, max_side), "webp")


def representative_frame(clip: Clip) -> Picture:
    """Give the frame that stands for a clip: one a third in, since many films begin with black."""
    number = len(clip.info.times) // 3
    return next(iter(clip.frames(number, number + 1)))
