"""The pictures and masks of a run as tensors on the machine, at any size, with the margin that is painted around."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.core import init_image as canvas
from impasto.core.color import gray_of, replace_lightness
from impasto.core.losses.guided import bare
from impasto.core.losses.masked import held
from impasto.core.pyramid import grown, resized
from impasto.engine.device import Machine
from impasto.engine.inputs import Inputs, masks
from impasto.engine.inputs.masks import Plane
from impasto.images import Picture
from impasto.settings import Settings

Alpha = NDArray[np.float32]
"""(H, W), 0..1."""


class Planes:
    """From pictures to tensors and back.

    Args:
        inputs: the pictures and masks.
        settings: `margin` and `color` are read.
        machine: where the tensors are, and of what type.
    """

    def __init__(self, inputs: Inputs, settings: Settings, machine: Machine) -> None:
        self._inputs, self._machine, self._margin = inputs, machine, settings.margin
        self.lightness_only = settings.color == "photo"
        """Only lightness is painted; hue and chroma stay the photograph's."""
        self._keeps: dict[tuple[int, int], Tensor] = {}

    def tensor(self, picture: Picture, width: int, height: int) -> Tensor:
        """A picture of a size: (1, 3, height, width), 0..255."""
        rgb = torch.from_numpy(self._inputs.resized(picture, width, height).rgb)
        return self._placed(rgb.permute(2, 0, 1).unsqueeze(0).contiguous())

    def content(self, width: int, height: int) -> Tensor | None:
        """The photograph of a size with its margin, if there is one."""
        content = self._inputs.content
        return None if content is None else self.framed(self.tensor(content, width, height))

    def regions(self, width: int, height: int) -> list[Tensor]:
        """The mask of each painting, (1, 1, height, width), 0..1; empty where the settings name none."""
        return [self._plane(mask, width, height) for mask in self._inputs.masks.styles]

    def keep(self, width: int, height: int) -> Tensor | None:
        """The mask of what stays the photograph, (1, 1, height, width), 0..1."""
        mask = self._inputs.masks.keep
        if mask is None:
            return None
        if (width, height) not in self._keeps:
            self._keeps[width, height] = self._plane(mask, width, height)
        return self._keeps[width, height]

    def framed(self, image: Tensor) -> Tensor:
        """A picture (1, 3, H, W) or a mask (1, 1, H, W) with its margin."""
        return canvas.framed(image, self._margin)

    def begun(self, image: Tensor) -> Tensor:
        """A start (1, 3, H, W) as the minimizer takes it: what is not to be painted put in, and the margin added."""
        return self.framed(self._held(gray_of(image) if self.lightness_only else image, self._inputs.content))

    def resized(self, maps: Tensor, width: int, height: int) -> Tensor:
        """A picture with its margin, or what is of its shape, with the picture within brought to another size."""
        picture = canvas.unframed(maps, self._margin)
        size = picture.shape[3], picture.shape[2]
        return maps if size == (width, height) else self.framed(resized(picture, width, height))

    def grown(self, image: Tensor, sharp: Tensor, share: float) -> Tensor:
        """A picture of another scale brought to the size of a sharp one with a share of its detail, all with margins.

        Where no mask asks for a style, there is all of the detail: no strokes would sharpen it, and the deep layers of
        the content hardly see whether a picture is sharp.
        """
        sharp = canvas.unframed(sharp, self._margin)
        regions = self.regions(sharp.shape[3], sharp.shape[2])
        shares = bare(regions).clamp(min=share) if regions else share
        return self.framed(grown(canvas.unframed(image, self._margin), sharp, shares))

    def picture(self, image: Tensor) -> Picture:
        """A tensor with its margin as a picture without: the photograph's transparency, bit depth, profile, and colors.

        The colors are the photograph's only where the settings ask for them. Without a photograph, depth and profile
        are the painting's; its transparency is not of the result's places.
        """
        image = canvas.unframed(image, self._margin).clamp(0, 255).float().cpu()
        photo, subject = self._inputs.photo, self._inputs.subject
        height, width = image.shape[2:]
        if self.lightness_only and photo:
            image = replace_lightness(image, self.tensor(photo, width, height).float().cpu())
        rgb = np.ascontiguousarray(self._held(image, photo)[0].permute(1, 2, 0).numpy())
        return Picture(rgb=rgb, alpha=self._alpha(width, height), depth=subject.depth, profile=subject.profile)

    def _held(self, image: Tensor, photo: Picture | None) -> Tensor:
        """A picture (1, 3, H, W) with a photograph where the keep mask has it."""
        height, width = image.shape[2:]
        keep = self.keep(width, height)
        if keep is None or photo is None:
            return image
        return held(image, self.tensor(photo, width, height).to(image), keep.to(image))

    def _alpha(self, width: int, height: int) -> Alpha | None:
        content = self._inputs.content
        return None if content is None else self._inputs.resized(content, width, height).alpha

    def _plane(self, mask: Plane, width: int, height: int) -> Tensor:
        return self._placed(torch.from_numpy(masks.resize(mask, width, height))[None, None])

    def _placed(self, maps: Tensor) -> Tensor:
        return maps.to(self._machine.device, self._machine.picture_dtype)
