"""Reading masks: gray pictures that say where each style goes, and where the content image stays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto import images
from impasto.errors import ImageError
from impasto.images import Picture
from impasto.images.picture import bands
from impasto.settings.per_painting import check_mask_shape, check_masks

MaskPlane = NDArray[np.float32]
"""(H, W), 0..1."""

_LUMA = (0.2126, 0.0722)
"""Of red and blue; green has the rest (ITU-R BT.709, whose primaries are sRGB's)."""


@dataclass(frozen=True, eq=False)
class Masks:
    """The masks of a run, in the sizes of their files."""

    styles: tuple[MaskPlane, ...] = ()
    """One for each painting, white where it goes; or none."""
    keep: MaskPlane | None = None
    """White where the photograph stays."""


def read_masks(files: Sequence[str], keep_file: str | None, content: Picture, styles: int) -> Masks:
    """Read masks.

    Args:
        files: one for each style image, or none.
        keep_file: the mask of what stays the content image.
        content: the picture whose shape they must have.
        styles: how many style images there are.

    Raises:
        ImageError: a mask cannot be read, has another shape than the content image, or is black (the keep mask:
            white) all over.
        SettingsError: there are masks, but not one for each style image.
    """
    check_masks(files, styles)
    planes = tuple(_read(name, content) for name in files)
    for name, plane in zip(files, planes, strict=True):
        if not plane.any():
            raise ImageError(f"{name} is black all over, so its painting would not be used", "Make it white somewhere.")
    keep = None if keep_file is None else _read(keep_file, content)
    if keep is not None and (keep == 1).all():
        raise ImageError(
            f"{keep_file} is white all over, so that nothing is painted", "Make it black where paint may go."
        )
    return Masks(planes, keep)


def resize_mask(plane: MaskPlane, width: int, height: int) -> MaskPlane:
    """Resample with a triangle, which neither rings nor overshoots: what is far from an edge stays 0 or 1 exactly."""
    if (height, width) == plane.shape:
        return plane
    return np.array(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR), np.float32)


def _read(name: str, photograph: Picture) -> MaskPlane:
    picture = images.read(name)
    size, shown = (picture.width, picture.height), (photograph.width, photograph.height)
    check_mask_shape(name, size, photograph.name, shown, kind="photograph")
    return _plane(picture)


def _plane(picture: Picture) -> MaskPlane:
    """The luminance over black."""
    plane = np.empty((picture.height, picture.width), np.float32)
    for rows in bands(picture.height, picture.width):
        band = picture.cut(rows)
        red, green, blue = np.moveaxis(band.rgb, 2, 0)
        light = green + _LUMA[0] * (red - green) + _LUMA[1] * (blue - green)  # in this form a gray is itself to the bit
        gray = light / np.float32(255)
        plane[rows] = np.clip(gray if band.alpha is None else gray * band.alpha, 0, 1)
    return plane
