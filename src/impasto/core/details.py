"""The detail that an image is given when it goes to a finer scale."""

from collections.abc import Callable, Sequence

import torch.nn.functional as F
from torch import Tensor

from impasto.core.images import TransferImages
from impasto.core.init_image import seeded_generator
from impasto.core.losses.guided import uncovered
from impasto.core.pyramid import detail_beyond
from impasto.core.spec import TransferSpec
from impasto.core.style_detail import StylePicture, style_detail

FACE = 0.1
"""The value of a mask of faces from which on no strokes are copied."""
WINDOW = 7
"""Side, pixels, of the window in which the energies of two details are compared."""


class Details:
    """Makes what a coarser scale cannot hold: of the content image, of the style images, or some of both.

    The code of Kolkin et al. 2019 begins its middle scales with the content image's Laplacian ("Style transfer by
    relaxed optimal transport and self-similarity"). An image that is only enlarged is blurred, and an optimizer's first
    steps at the finer scale go into inventing detail.

    Args:
        images: what the detail is of.
        spec: how much of it.
        sharp_start: gives the initial image of a size, in the styles' palette where it begins so.
    """

    def __init__(self, images: TransferImages, spec: TransferSpec, sharp_start: Callable[[int, int], Tensor]) -> None:
        self._images, self._spec, self._sharp_start = images, spec, sharp_start

    def make(self, coarse: Tensor, width: int, height: int) -> Tensor | None:
        """Give the detail for an image (1, 3, h, w) at a finer size: (1, 3, height, width); None for none at all.

        Where no mask asks for a style, all of the content image's is put back: no strokes would sharpen the image
        there, and the deep layers of the content hardly see whether it is sharp.
        """
        masks = self._images.masks(width, height)
        bare = uncovered(masks) if masks else None
        share = self._spec.detail if bare is None else bare.clamp(min=self._spec.detail)
        sharp = self.content(width, height) if self._spec.detail or masks else None
        detail = None if sharp is None else share * detail_beyond(sharp, coarse.shape[3], coarse.shape[2])
        pictures = self._pictures(width, height, masks) if self._spec.style_detail else []
        if not pictures:
            return detail
        strokes = style_detail(coarse, pictures, width, height, seeded_generator(self._spec.seed))
        wanted = self._strokes_wanted(width, height, pictures)
        return wanted * strokes if detail is None else detail.lerp(strokes, wanted * _share_of(strokes, detail))

    def _strokes_wanted(self, width: int, height: int, pictures: Sequence[StylePicture]) -> float | Tensor:
        """Give how much of the strokes is wanted: none where only styles without pixels are, and none in faces."""
        wanted: float | Tensor = self._spec.style_detail
        masks = {id(it.share): it.share for it in pictures if isinstance(it.share, Tensor)}  # a style may have several
        if masks:
            wanted = wanted * (1 - uncovered(list(masks.values())))
        faces = self._images.faces(width, height)
        return wanted if faces is None else wanted * (1 - faces / FACE).clamp(min=0)

    def content(self, width: int, height: int) -> Tensor | None:
        """Give the content image as it is to be recognized: in the styles' palette where the start is."""
        if self._spec.init != "palette":
            return self._images.content(width, height)
        return self._sharp_start(width, height)

    def _pictures(self, width: int, height: int, masks: list[Tensor]) -> list[StylePicture]:
        """Give the style images that there are pixels of, each with its mask or its weight."""
        weights = self._images.style_weights
        shares: Sequence[float | Tensor] = masks or weights
        found = zip(self._images.style_pictures(width, height), shares, strict=True)
        return [
            StylePicture(image, opacity, share)
            for pictures, share in found
            for image, opacity in pictures
            if isinstance(share, Tensor) or share > 0
        ]


def _share_of(one: Tensor, other: Tensor) -> Tensor:
    """Give the share of one detail in the energy of two, (1, 1, H, W).

    So the outlines of things stay, and brushwork covers what has none.
    """
    energies = []
    for detail in (one, other):
        energy = detail.square().sum(dim=1, keepdim=True)
        energies.append(F.avg_pool2d(F.pad(energy, (WINDOW // 2,) * 4, mode="replicate"), WINDOW, stride=1))
    return energies[0] / (energies[0] + energies[1]).clamp(min=1e-6)
