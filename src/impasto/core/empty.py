"""Marks in empty places, taken back to what a style has in its own.

Statistics are met on average: a drawing's paper still gets a few dots where it should be bare. See `core.flatness` for
what is empty.
"""

import torch
from torch import Tensor

from impasto.core.flatness import blur, edge_energy, resize_plane
from impasto.core.images import TransferImages
from impasto.core.pyramid import resize
from impasto.core.spec import TransferSpec
from impasto.core.styles import SMALL_SIDE
from impasto.sizing import with_long_side

FLATTEST, FAINT = 0.2, 0.02
"""Share of a style image, its flattest, whose edges an empty place may have; and of the energy of all, beside these."""
BACKGROUND = 2.5
"""Standard deviation, pixels at the size at which it is seen, of what lies under marks: more than `flatness.EDGES`."""
FEW = 1e-3
"""Places that are empty by less have no background of their own."""


class EmptyPlaces:
    """The places of a result that its styles leave empty, as far as the spec asks for that.

    Args:
        images: what the result is made of.
        spec: how much the styles count, and how large they are beside the result.
    """

    def __init__(self, images: TransferImages, spec: TransferSpec) -> None:
        self._images, self._weights = images, spec.style_weights or (1.0,) * images.style_count
        self._side = int(SMALL_SIDE / max(1.0, spec.style_scale))  # a style file has no larger pictures

    def smooth(self, image: Tensor) -> Tensor:
        """Take back marks in empty places of a result (1, 3, H, W), the more the less of them is to be filled.

        The result and the styles are compared as they are seen at `SMALL_SIDE` pixels.
        """
        height, width = image.shape[2:]
        seen = with_long_side((width, height), min(self._side, max(width, height)))
        guidance = self._images.guidance(*seen, self._weights, lambda _width, _height: None)
        regions = [region for region in guidance.regions if region.subset == "flat"] if guidance else []
        content = self._images.content(*seen)
        if guidance is None or not regions or content is None:
            return image
        energies = [
            [flat_energy(picture) for picture, opacity in pictures if opacity is None]
            for pictures in self._images.style_pictures(*seen)
        ]
        places, allowed = torch.zeros_like(regions[0].weights), torch.zeros_like(regions[0].weights)
        for region in regions:
            known = [
                (sum(each) / len(each), share)
                for each, share in zip(energies, region.style_weights, strict=True)
                if each
            ]
            if total := sum(share for _, share in known):
                places += region.weights
                allowed += region.weights * sum(energy * share / total for energy, share in known)
        allowed = self._images.crop(allowed / places.clamp(min=FEW))
        places = places if guidance.trainable is None else places * guidance.trainable
        return smooth_marks(image, self._images.crop(places), torch.maximum(allowed, edge_energy(content)))


def flat_energy(image: Tensor) -> float:
    """Give the mean energy of edges where a style image, (1, 3, H, W), 0..255, is flattest, and a little of all."""
    energy = edge_energy(image).flatten().sort().values
    return float(energy[: max(1, int(FLATTEST * len(energy)))].mean() + FAINT * energy.mean())


def smooth_marks(image: Tensor, places: Tensor, allowed: Tensor) -> Tensor:
    """Take back marks until the energy of edges around each place is about what is allowed there.

    Args:
        image: (1, 3, H, W), 0..255.
        places: where, and how much, (1, 1, h, w), 0..1.
        allowed: see `flatness.edge_energy`: (1, 1, h, w), as it is seen at that size.
    """
    size, seen = (image.shape[3], image.shape[2]), (places.shape[3], places.shape[2])
    places = places.to(image.device).float().clamp(0, 1)
    small = resize(image, *seen).float()
    # Of empty places alone, so that no object bleeds into them.
    background = blur(small * places, BACKGROUND) / blur(places, BACKGROUND).clamp(min=FEW)
    energy = edge_energy(small).clamp(min=FEW)
    amount = places * (1 - (allowed.to(energy) / energy).clamp(max=1))  # not its root: the background has edges, too
    amount = torch.where(places > FEW, amount, 0)
    return torch.lerp(image, resize(background, *size).to(image), resize_plane(amount, *size).to(image))
