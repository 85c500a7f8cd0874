"""A picture of which places count as empty, and what is done with them."""

import torch

from impasto import images
from impasto.core.color import gray_of
from impasto.core.flatness import Flatness
from impasto.core.images import TransferImages
from impasto.engine.style_file import LoadedStyle, shown_as
from impasto.images import Picture

_BUSY = 0.3
"""Brightness of what is not empty."""


def draw_regions(content: Picture | None, styles: tuple[LoadedStyle, ...], found: TransferImages) -> Picture:
    """Show the photograph and each painting, busy places gray and dark, over how much is empty and what becomes of it.

    Args:
        content: the photograph.
        styles: the paintings and style files.
        found: the same, as they are seen.
    """
    shown, labels = [], []
    if content and found.flatness:
        shown.append(_dim(content, found.flatness))
        labels.append(f"photograph: {_share(found.flatness)} empty")
    for style, flatness, fill in zip(styles, found.style_flatness, found.fills, strict=True):
        picture = shown_as(style)
        one = flatness[0] if len(flatness) == 1 else None  # nothing is known of where in a thumbnail of several
        shown.append(_dim(picture, one) if one else picture)
        labels.append(f"{_share(one)} empty, fill {fill:.2g}" if one else f"fill {fill:.2g}")
    return images.side_by_side(shown, labels)


def _dim(picture: Picture, flatness: Flatness) -> Picture:
    rgb = torch.from_numpy(picture.rgb).permute(2, 0, 1).unsqueeze(0)
    plane = flatness.resize(picture.width, picture.height).float().cpu()
    return Picture((_BUSY * gray_of(rgb)).lerp(rgb, plane)[0].permute(1, 2, 0).numpy())


def _share(flatness: Flatness) -> str:
    return f"{flatness.plane.mean().item():.0%}"
