"""The setting `color`: the pictures recolored, once and at their full size, as the network is to see them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from impasto.core import color
from impasto.images import Picture
from impasto.images.picture import bands, fill_transparent


def recolor(
    photo: Picture | None,
    paintings: tuple[Picture, ...],
    whose: Literal["style", "photo", "match"],
    like: Picture | None = None,
) -> tuple[Picture | None, tuple[Picture, ...]]:
    """Recolor the content image and the style images.

    `style` leaves them alone; `photo` makes them gray, the paintings with the mean and the spread of its lightness;
    `match` gives the paintings the photograph's palette. Each pixel has as much say as it is opaque. The colors of
    `like` stand for the photograph's, where it is given.
    """
    if photo is None or whose == "style":
        return photo, paintings
    colors = _tensors(like or photo)
    if whose == "match":
        change = partial(color.match_palette, wanted=color.palette(*colors))
    else:
        change = partial(color.match_tone, wanted=color.tone(*colors))
        photo = _apply(photo, lambda image, _: color.gray_of(image))
    return photo, tuple(
        _apply(painting, lambda image, opacity: change(image, opacity=opacity)) for painting in paintings
    )


def _apply(picture: Picture, change: Callable[[Tensor, Tensor | None], Tensor]) -> Picture:
    rgb = change(*_tensors(picture))[0].permute(1, 2, 0).numpy()
    return replace(picture, colors=rgb if picture.alpha is None else fill_transparent(rgb, picture.alpha))


def _tensors(picture: Picture) -> tuple[Tensor, Tensor | None]:
    """(1, 3, H, W), 0..255, and the opacity (1, 1, H, W)."""
    image = torch.empty(1, 3, picture.height, picture.width)
    for rows in bands(picture.height, picture.width):
        image[0, :, rows] = torch.from_numpy(picture.cut(rows).rgb).permute(2, 0, 1)
    return image, None if picture.alpha is None else torch.from_numpy(picture.alpha).reshape(1, 1, *image.shape[2:])
