"""Remaining marks in empty places, softened until they are as faint as what a style has in its own.

Statistics are met on average: a drawing's paper still gets a few dots where it should be bare. See `core.flatness` for
where an image is empty.
"""

import torch
from torch import Tensor

from impasto.core.flatness import blur, edge_energy, resize_plane
from impasto.core.images import TransferImages
from impasto.core.losses.guided import overlap
from impasto.core.pyramid import resize
from impasto.core.spec import TransferSpec
from impasto.core.styles import SMALL_SIDE
from impasto.sizing import Size, with_long_side, within_long_side

FLATTEST, FAINT_SHARE = 0.2, 0.02
"""Share of a style image, its flattest, whose edges an empty place may have; and of the energy of all, beside these."""
BACKGROUND = 2.5
"""Standard deviation, pixels at the size at which it is seen, of what lies under marks: more than `flatness.EDGES`."""
MIN_SHARE = 1e-3
"""Places that are empty by less have no background of their own."""


class EmptyPlaces:
    """The places of a result that its styles leave empty, as far as the spec asks for that.

    Args:
        images: what the result is made of.
        spec: how much the styles count, and how large they are beside the result.
    """

    def __init__(self, images: TransferImages, spec: TransferSpec) -> None:
        self._images, self._spec = images, spec

    def soften(self, image: Tensor) -> Tensor:
        """Soften marks in empty places of a result (1, 3, H, W), the more the less of them is to be filled.

        The result and the styles are compared as they are seen at `SMALL_SIDE` pixels. Edges of the content image are
        no marks.
        """
        if not self._spec.soften_empty or min(self._images.fills, default=1.0) == 1:
            return image
        height, width = image.shape[2:]
        seen = within_long_side((width, height), SMALL_SIDE)
        content = self._images.subject(*seen)
        places, allowed = self._allow(*seen, like=content.float())
        keep = self._images.keep(*seen)
        places = places if keep is None else places * (1 - keep)
        return soften_marks(image, places, torch.maximum(allowed, edge_energy(content)))

    def _allow(self, width: int, height: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """Give how empty each place is to be, 0..1, and the energy of edges that its styles allow: (1, 1, h, w)."""
        energies, masks = self._energies((width, height)), self._images.masks(width, height)
        weights = self._images.style_weights
        shares = [like.new_full((1, 1, 1, 1), weight / sum(weights)) for weight in weights]
        if masks:
            shares = [(mask / overlap(masks)).to(like) for mask in masks]
        places, allowed = like.new_zeros(1, 1, height, width), like.new_zeros(1, 1, height, width)
        styles = zip(shares, self._images.empty, self._images.fills, energies, strict=True)
        for share, plane, fill, energy in styles:
            if energy is not None:
                empty = share * (1 - fill) * resize_plane(plane, width, height).to(like)
                places, allowed = places + empty, allowed + empty * energy
        return places, allowed / places.clamp(min=MIN_SHARE)

    def _energies(self, seen: Size) -> list[float | None]:
        """Give what each style has in its flattest places, beside a result of a size; None where that is not known."""
        larger = max(1.0, self._spec.style_scale)  # by how much a style is, of which no larger pictures are needed
        pictures = self._images.style_pictures(*with_long_side(seen, max(1, int(max(seen) / larger))))
        known = [[flat_energy(it) for it, opacity in each if opacity is None] for each in pictures]
        return [sum(each) / len(each) / larger**2 if each else None for each in known]


def flat_energy(image: Tensor) -> float:
    """Give the mean energy of edges where a style image, (1, 3, H, W), 0..255, is flattest, and a little of all."""
    energy = edge_energy(image).flatten().sort().values
    return float(energy[: max(1, int(FLATTEST * len(energy)))].mean() + FAINT_SHARE * energy.mean())


def soften_marks(image: Tensor, places: Tensor, allowed: Tensor) -> Tensor:
    """Soften marks until the energy of edges around each place is at most about what is allowed there.

    Args:
        image: (1, 3, H, W), 0..255.
        places: where, and how much, (1, 1, h, w), 0..1.
        allowed: see `flatness.edge_energy`: (1, 1, h, w), as it is seen at that size.
    """
    size, seen = (image.shape[3], image.shape[2]), (places.shape[3], places.shape[2])
    places = places.to(image.device).float().clamp(0, 1)
    small = resize(image, *seen).float()
    # Of empty places alone, so that no object bleeds into them.
    background = blur(small * places, BACKGROUND) / blur(places, BACKGROUND).clamp(min=MIN_SHARE)
    energy = edge_energy(small).clamp(min=MIN_SHARE)
    amount = places * (1 - (allowed.to(energy) / energy).clamp(max=1))  # not its root: the background has edges, too
    amount = torch.where(places > MIN_SHARE, amount, 0)
    return torch.lerp(image, resize(background, *size).to(image), resize_plane(amount, *size).to(image))
