"""The images and masks of a transfer at any size, with the margin around them."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from impasto.core.color import match_palette
from impasto.core.flatness import SIDE, Flatness, find_empty, measure_flatness, resize_plane
from impasto.core.init_image import crop_padding, pad, visible_colors
from impasto.core.losses.guided import Faces, Fill, Guidance, guidance
from impasto.core.pyramid import check_side, resize
from impasto.core.spec import TransferSpec
from impasto.core.styles import StyleImage, StyleSource
from impasto.sizing import Size, style_size, with_long_side, within_long_side
from impasto.wording import argument


class ImageSource(Protocol):
    """An image, or a mask, that can be had at any size."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def size(self) -> Size:
        """Its own."""
        ...

    def resize(self, width: int, height: int) -> Tensor:
        """Give it at a size: (1, 3, height, width), 0..255; or for a mask (1, 1, height, width), 0..1."""
        ...

    def opacity(self, width: int, height: int) -> Tensor | None:
        """Give how opaque it is at a size: (1, 1, height, width), 0..1; None where it is all over."""
        ...


Image = Tensor | ImageSource
"""(1, 3, H, W), RGB, 0..255, or for a mask (1, 1, H, W), 0..1; or what gives such at any size."""

Style = Image | StyleSource
"""A style image; or what else can be asked for its statistics."""


class TensorImage:
    """An image (1, 3, H, W), 0..255, or a mask (1, 1, H, W), 0..1, that is a tensor already.

    Raises:
        ValueError: it has another shape, or values that are not finite.
    """

    def __init__(self, tensor: Tensor, name: str = "a tensor") -> None:
        if tensor.ndim != 4 or tensor.shape[0] != 1 or tensor.shape[1] not in {1, 3}:  # noqa: PLR2004 -- (1, C, H, W)
            raise ValueError(f"{name} has the shape {tuple(tensor.shape)}, not (1, 3, H, W), or (1, 1, H, W) of a mask")
        if not tensor.isfinite().all():
            raise ValueError(f"{name} has values that are not finite")
        self._tensor, self.name = tensor if tensor.dtype == torch.float64 else tensor.float(), name

    @property
    def size(self) -> Size:
        """See `ImageSource.size`."""
        return self._tensor.shape[3], self._tensor.shape[2]

    def resize(self, width: int, height: int) -> Tensor:
        """See `ImageSource.resize`."""
        largest = 1.0 if self._tensor.shape[1] == 1 else 255.0
        return resize(self._tensor, width, height).clamp(0, largest)  # bicubic overshoots at edges

    def opacity(self, _width: int, _height: int) -> None:
        """See `ImageSource.opacity`: a tensor is opaque."""


class TransferImages:
    """Everything that a transfer is made of, at the sizes that its scales ask for.

    Args:
        content: the content image; None where there is none.
        styles: the styles.
        spec: its size rules and its margin are read.
        masks: one for each style, or none.
        keep: the mask of what stays the content image.
        init: an image to start from.
        faces: the mask of faces in the content image, for a spec that says how they are painted.
        colors_like: an image whose colors stand for the content image's where it begins in the styles' palette.

    Raises:
        ValueError: there is a mask of the content image and no content image; the first style's pixels are needed, and
            it has none; or there is not one mask, or not one weight, for each style, or all weights are 0.
    """

    def __init__(
        self,
        content: Image | None,
        styles: Sequence[Style],
        spec: TransferSpec,
        *,
        masks: Sequence[Image] = (),
        keep: Image | None = None,
        init: Image | None = None,
        faces: Image | None = None,
        colors_like: Image | None = None,
    ) -> None:
        if (keep is not None or faces is not None) and content is None:
            raise ValueError("a keep mask needs a content image, and so do faces")
        self._spec, self._faces = spec, _as_source(faces)
        self._content, self._keep, self._init = (_as_source(image) for image in (content, keep, init))
        self._colors_like = _as_source(colors_like)
        self.styles = [_as_style(style) for style in styles]
        """Each style."""
        self._masks = [TensorImage(mask) if isinstance(mask, Tensor) else mask for mask in masks]
        for what, count in (("masks", len(self._masks)), ("style weights", len(spec.style_weights or ()))):
            if count not in {0, len(self.styles)}:
                raise ValueError(f"there are {count} {what} for {len(self.styles)} styles")
        if self.styles and not sum(self.style_weights):
            raise ValueError("all style weights are 0")
        pixels_needed = content is None or spec.init == "style"
        if pixels_needed and self.styles and self.styles[0].image is None:
            raise ValueError(f"of {self.styles[0].name} there are statistics alone, and its pixels are asked for")

    def check_own_sizes(self, smallest: int) -> None:
        """Refuse images that are themselves too small for the network.

        Raises:
            ImageError: the content image or a style image has a side under `smallest` pixels.
        """
        for image in [*([self._content] if self._content else []), *self._style_images]:
            check_side(image.size, smallest, image.name, f"Use a picture of at least {smallest} pixels a side.")

    def check_sizes(self, width: int, height: int, smallest: int) -> None:
        """Refuse a size at which the network cannot see the result, or a style image beside it.

        Raises:
            ImageError: one of them has a side under `smallest` pixels.
        """
        needed = math.ceil(smallest * max(self._subject.size) / min(self._subject.size))
        remedy = f"Use a {argument('size')} of {needed}, or crop the picture."
        check_side((width, height), smallest, self._subject.name, remedy)
        for style in self._style_images:
            remedy = f"Use a larger {argument('size')} or {argument('style_scale')}, or crop the painting."
            check_side(self._style_size(style.size, width, height), smallest, style.name, remedy)

    def content(self, width: int, height: int) -> Tensor | None:
        """Give the content image: (1, 3, height, width)."""
        return self._content.resize(width, height) if self._content else None

    def subject(self, width: int, height: int) -> Tensor:
        """Give the content image, or where there is none the first style image, which has the result's aspect then."""
        return self._subject.resize(width, height)

    def style_sizes(self, width: int, height: int) -> list[Size]:
        """Give the size of each style beside a result of a size."""
        return [self._style_size(style.size, width, height) for style in self.styles]

    def palettes(self, width: int, height: int) -> list[Tensor]:
        """Give the palette of each style beside a result of a size: OkLab, (3, COLORS)."""
        return [style.palette(self._style_size(style.size, width, height)) for style in self.styles]

    def style_pixels(self, width: int, height: int) -> tuple[Tensor, Tensor | None]:
        """Give the first style image beside a result of a size, (1, 3, H', W'), and how opaque it is."""
        image = self._style_images[0] if self.styles else self._subject
        size = self._style_size(image.size, width, height)
        return image.resize(*size), image.opacity(*size)

    def style_pictures(self, width: int, height: int) -> list[list[tuple[Tensor, Tensor | None]]]:
        """Give the images of each style beside a result of a size, each with how opaque it is; see `StyleSource`."""
        return [style.pictures(self._style_size(style.size, width, height)) for style in self.styles]

    def masks(self, width: int, height: int) -> list[Tensor]:
        """Give the mask of each style, (1, 1, height, width), black for one without weight; or no mask at all."""
        if not self._masks:
            return []
        masks = [mask.resize(width, height) for mask in self._masks]
        weighted = zip(masks, self.style_weights, strict=True)
        return [mask if weight else torch.zeros_like(mask) for mask, weight in weighted]

    def keep(self, width: int, height: int) -> Tensor | None:
        """Give the mask of what stays the content image, (1, 1, height, width)."""
        return self._keep.resize(width, height) if self._keep else None

    def faces(self, width: int, height: int) -> Tensor | None:
        """Give the mask of faces, (1, 1, height, width), where there are any and the spec has something on them."""
        return self._faces.resize(width, height) if self._faces and self._spec.objective.faces else None

    def guidance(
        self, width: int, height: int, style_weights: Sequence[float], portrait: Callable[[int, int], Tensor | None]
    ) -> Guidance | None:
        """Give what the masks ask for, with the margin.

        Args:
            width: of the result, pixels.
            height: of the result, pixels.
            style_weights: of each style.
            portrait: gives the image in which faces are to be recognized, at a size.
        """
        masks, keep, mask = self.masks(width, height), self.keep(width, height), self.faces(width, height)
        padded = None if keep is None else self.pad(keep)
        spec, image = self._spec.objective.faces, None if mask is None else portrait(width, height)
        faces = None if mask is None or image is None or spec is None else Faces(self.pad(mask), self.pad(image), spec)
        fill = self._fill_at(width, height)
        return guidance([self.pad(it) for it in masks], padded, style_weights, faces, fill)

    @cached_property
    def flatness(self) -> Flatness | None:
        """Where the content image is flat; None where there is none."""
        if self._content is None:
            return None
        opacity = self._content.opacity(*within_long_side(self._content.size, SIDE))
        return measure_flatness(self._looked_at(self._content), opacity)

    @cached_property
    def style_flatness(self) -> list[list[Flatness]]:
        """Where each image of each style is flat."""
        return [style.flatness() for style in self.styles]

    @cached_property
    def fills(self) -> list[float]:
        """How much of empty places each style fills, 0..1; all, where the content image or the style has one kind."""
        if self._spec.fill == 1 or self.flatness is None or not self.flatness.contrast:
            return [1.0] * self.style_count
        parted = [any(image.contrast for image in style) for style in self.style_flatness]
        return [self._spec.fill if each else 1.0 for each in parted]

    @cached_property
    def empty(self) -> list[Tensor]:
        """Where each style leaves the content image empty, (1, 1, h, w), 0..1, on the CPU."""
        if self._content is None or self.flatness is None:
            return []
        content, like, planes = self._looked_at(self._content), self.colors_like, list[Tensor]()
        like = None if like is None else like.float().cpu()
        for style, known, fill in zip(self.styles, self.style_flatness, self.fills, strict=True):
            recolored = match_palette(content, style.palette(with_long_side(style.size, SIDE)), like=like)
            planes.append(find_empty(self.flatness, recolored, known, fill))
        return planes

    @staticmethod
    def _looked_at(image: ImageSource) -> Tensor:
        """Give an image as it is parted into flat and busy places: (1, 3, h, w), on the CPU."""
        return image.resize(*within_long_side(image.size, SIDE)).float().cpu()

    def _fill_at(self, width: int, height: int) -> Fill | None:
        if min(self.fills, default=1.0) == 1 or not self.empty:
            return None
        like = self.subject(width, height)
        planes = [resize_plane(plane, width, height).to(like) for plane in self.empty]
        return Fill(tuple(self.pad(plane) for plane in planes), tuple(self.fills))

    def init(self, width: int, height: int) -> Tensor | None:
        """Give the image to start from, (1, 3, height, width), where there is one."""
        return self._init.resize(width, height) if self._init else None

    @cached_property
    def colors_like(self) -> Tensor | None:
        """The image whose colors stand for the content image's, (1, 3, H, W), where there is one.

        Of a content image that is transparent somewhere, its visible pixels do: (1, 3, 1, N).
        """
        if self._colors_like:
            return self._colors_like.resize(*self._colors_like.size)
        if self._content is None:
            return None
        size = within_long_side(self._content.size, SIDE)
        opacity = self._content.opacity(*size)
        return None if opacity is None else visible_colors(self._content.resize(*size), opacity).unsqueeze(2)

    @property
    def style_count(self) -> int:
        """How many styles there are."""
        return len(self.styles)

    @property
    def style_weights(self) -> tuple[float, ...]:
        """The weight of each style: all alike, where the spec names none."""
        return self._spec.style_weights or (1.0,) * self.style_count

    def pad(self, image: Tensor) -> Tensor:
        """Add the margin to an image or a mask."""
        return pad(image, self._spec.margin)

    def crop(self, image: Tensor) -> Tensor:
        """Take the margin off."""
        return crop_padding(image, self._spec.margin)

    def resize_padded(self, maps: Tensor, width: int, height: int) -> Tensor:
        """Resize an image with its margin, or what has its shape, so that the image within has a size."""
        inner = self.crop(maps)
        return maps if (inner.shape[3], inner.shape[2]) == (width, height) else self.pad(resize(inner, width, height))

    @property
    def _subject(self) -> ImageSource:
        return self._content or self._style_images[0]

    @property
    def _style_images(self) -> list[ImageSource]:
        return [style.image for style in self.styles if style.image]

    def _style_size(self, own: Size, width: int, height: int) -> Size:
        """Give the size of a style: of the result's long side or squashed to it, times the style scale."""
        squash = self._spec.style_fit == "squash"
        return style_size(own, (width, height), self._spec.style_scale, squash=squash)


def _as_style(style: Style) -> StyleSource:
    if isinstance(style, StyleSource):
        return style
    return StyleImage(TensorImage(style) if isinstance(style, Tensor) else style)


def _as_source(image: Image | None) -> ImageSource | None:
    return TensorImage(image) if isinstance(image, Tensor) else image
