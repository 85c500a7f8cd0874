"""A picture of which places count as empty, and what is done with them."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from impasto import images
from impasto.core.color import gray_of
from impasto.core.flatness import resize_plane
from impasto.core.images import TransferImages
from impasto.engine.style_file import LoadedStyle, shown_as
from impasto.images import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

_BUSY = 0.3
"""Brightness of what is not empty."""
_SIDE = 768
"""Long side, pixels, at most of each picture as it is shown."""


def draw_regions(content: Picture | None, styles: tuple[LoadedStyle, ...], found: TransferImages) -> Picture:
    """Show the photograph beside each painting, busy places gray and dark, over how much is empty.

    Args:
        content: the photograph.
        styles: the paintings and style files.
        found: the same, as they are seen.
    """
    shown, labels = [], []
    empty: Sequence[Tensor | None] = found.empty or [None] * len(styles)
    for style, plane, flatness, fill in zip(styles, empty, found.style_flatness, found.fills, strict=True):
        if content and plane is not None:
            shown.append(_dim(content, plane))
            labels.append(f"photograph: {_share(plane)} empty")
        picture = shown_as(style)
        one = flatness[0].plane if len(flatness) == 1 else None  # nothing is known of where in a thumbnail of several
        shown.append(picture if one is None else _dim(picture, one))
        labels.append(f"fill {fill:.2g}" if one is None else f"{_share(one)} empty, fill {fill:.2g}")
    return images.side_by_side(shown, labels)


def _dim(picture: Picture, plane: Tensor) -> Picture:
    share = min(1.0, _SIDE / max(picture.width, picture.height))
    small = images.resize(picture, max(1, round(share * picture.width)), max(1, round(share * picture.height)))
    rgb = torch.from_numpy(small.rgb).permute(2, 0, 1).unsqueeze(0)
    bright = resize_plane(plane, small.width, small.height)
    return Picture((_BUSY * gray_of(rgb)).lerp(rgb, bright)[0].permute(1, 2, 0).numpy())


def _share(plane: Tensor) -> str:
    return f"{plane.mean().item():.0%}"
