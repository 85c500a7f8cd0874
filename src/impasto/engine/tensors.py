"""From pictures and masks to tensors on the device, and from a tensor back to a picture."""

from collections.abc import Hashable

import torch
from torch import Tensor

from impasto.core import StoredStyle, StyleSource, TransferImages, TransferSpec
from impasto.core.color import gray_of, replace_lightness
from impasto.core.losses.masked import blend_with_content
from impasto.core.pyramid import LatestSize
from impasto.core.styles import StoredMoments
from impasto.engine.device import ComputeConfig
from impasto.engine.inputs import Inputs
from impasto.engine.inputs.masks import MaskPlane, resize_mask
from impasto.engine.style_file import PICTURE, LoadedStyle, StyleFile
from impasto.engine.targets import CachedStyle, TargetCache
from impasto.images import Picture
from impasto.layers import Layer
from impasto.sizing import Size


class PictureImage:
    """A picture as a source of tensors; see `core.ImageSource`."""

    def __init__(self, picture: Picture, inputs: Inputs, compute: ComputeConfig) -> None:
        self._picture, self._inputs, self._compute = picture, inputs, compute

    @property
    def name(self) -> str:
        """The picture's."""
        return self._picture.name

    @property
    def size(self) -> Size:
        """Its own, pixels."""
        return self._picture.width, self._picture.height

    def resize(self, width: int, height: int) -> Tensor:
        """Give it at a size: (1, 3, height, width), 0..255."""
        rgb = torch.from_numpy(self._inputs.resize(self._picture, width, height).rgb)
        return rgb.permute(2, 0, 1).unsqueeze(0).contiguous().to(self._compute.device, self._compute.image_dtype)

    def opacity(self, width: int, height: int) -> Tensor | None:
        """Give its opacity at a size: (1, 1, height, width), 0..1; None where it is opaque."""
        alpha = self._inputs.resize(self._picture, width, height).alpha
        return None if alpha is None else torch.from_numpy(alpha)[None, None].to(self._compute.device)


class Mask:
    """A mask as a source of tensors; see `core.ImageSource`."""

    name = "a mask"

    def __init__(self, plane: MaskPlane, compute: ComputeConfig) -> None:
        self._plane, self._compute = plane, compute
        self.resize = LatestSize(self._resize)
        """Gives it at a size: (1, 1, height, width), 0..1."""

    @property
    def size(self) -> Size:
        """Its own, pixels."""
        return self._plane.shape[1], self._plane.shape[0]

    def opacity(self, _width: int, _height: int) -> None:
        """See `core.ImageSource`: a mask has none."""

    def _resize(self, width: int, height: int) -> Tensor:
        plane = torch.from_numpy(resize_mask(self._plane, width, height))[None, None]
        return plane.to(self._compute.device, self._compute.image_dtype)


class ImageTensors:
    """The inputs of a run as tensors, and its images as pictures.

    Args:
        inputs: the pictures and masks.
        compute: the device and the type of the tensors.
        targets: keeps what is measured of the style images.
        network: what that depends on beside them and `compute`.
    """

    def __init__(self, inputs: Inputs, compute: ComputeConfig, targets: TargetCache, network: Hashable) -> None:
        self._inputs, self._compute, self._targets = inputs, compute, targets
        self._run = network, compute.device, compute.dtype, compute.threads
        self._faces = None if inputs.face_mask is None else Mask(inputs.face_mask, compute)
        self._keep = None if inputs.masks.keep is None else Mask(inputs.masks.keep, compute)

    def source(self, picture: Picture) -> PictureImage:
        """Give a picture as a source of tensors."""
        return PictureImage(picture, self._inputs, self._compute)

    def transfer_images(self, spec: TransferSpec, init: Tensor | None = None) -> TransferImages:
        """Give everything that a transfer is made of, to start from an image (1, 3, H, W) or as the inputs say."""
        content, own, like = self._inputs.content, self._inputs.init, self._inputs.colors_like
        return TransferImages(
            None if content is None else self.source(content),
            [self._style(style, spec) for style in self._inputs.styles],
            spec,
            masks=[Mask(plane, self._compute) for plane in self._inputs.masks.styles],
            keep=self._keep,
            init=init if init is not None or own is None else self.source(own),
            faces=self._faces,
            colors_like=None if like is None else self.source(like),
        )

    def _style(self, style: LoadedStyle, spec: TransferSpec) -> StyleSource:
        if isinstance(style, StyleFile):
            return _stored_style(style, self._compute)
        return CachedStyle(self.source(style), style, self._targets, (*self._run, spec.tiles))

    def picture(self, image: Tensor) -> Picture:
        """Give an image (1, 3, H, W), about 0..255, as a picture.

        It has the transparency, the bit depth, the profile and the EXIF of the content image, its colors where they are
        kept, and its pixels where the keep mask is white. It is gray where all inputs are. Without a content image,
        depth and profile are the first style image's, whose transparency is not of the result's positions.
        """
        image = image.clamp(0, 255).float().cpu()
        if self._inputs.are_gray:
            image = gray_of(image)
        height, width = image.shape[2:]
        original, subject = self._inputs.original, self._inputs.subject
        if original is not None:
            image = self._restore(image, self.source(original).resize(width, height).float().cpu())
        rgb = image[0].permute(1, 2, 0).numpy()
        content = self._inputs.content
        alpha = None if content is None else self._inputs.resize(content, width, height).alpha
        exif = None if original is None else original.exif
        return Picture(rgb, alpha=alpha, depth=subject.depth, profile=subject.profile, exif=exif)

    def _restore(self, image: Tensor, original: Tensor) -> Tensor:
        """Put back what is the original's: its colors, where they are kept, and what the keep mask covers."""
        if self._inputs.keeps_colors:
            image = replace_lightness(image, original)
        if self._keep is None:
            return image
        return blend_with_content(image, original, self._keep.resize(image.shape[3], image.shape[2]).to(image))


class _FileValues:
    """What is in a style file; see `core.styles.StoredValues`."""

    def __init__(self, file: StyleFile) -> None:
        self._tensors, self._paintings = file.tensors, file.info.paintings

    def palette(self, side: int) -> Tensor:
        """See `StoredValues.palette`."""
        return self._values(f"{side}/palette")

    def moments(self, side: int, layer: Layer) -> StoredMoments:
        """See `StoredValues.moments`."""
        means, triangle = (self._values(f"{side}/{layer}/{part}") for part in ("means", "triangle"))
        scale = f"{side}/{layer}/scale"
        return StoredMoments(means, triangle * self._values(scale) if scale in self._tensors else triangle)

    def pictures(self) -> list[tuple[Tensor, Size]]:
        """See `StoredValues.pictures`."""
        return [
            (torch.from_numpy(self._tensors[f"{PICTURE} {number}"]), (painting.width, painting.height))
            for number, painting in enumerate(self._paintings)
            if painting.small
        ]

    def _values(self, name: str) -> Tensor:
        return torch.from_numpy(self._tensors[name]).float()


def _stored_style(file: StyleFile, compute: ComputeConfig) -> StoredStyle:
    """Give a style file as a style for a run."""
    info, like = file.info, torch.empty(0, dtype=compute.image_dtype, device=compute.device)
    return StoredStyle(file.name, file.size, info.statistic, info.sides, _FileValues(file), like)
