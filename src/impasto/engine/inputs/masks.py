"""Reading masks: gray pictures that say where each painting goes, and where the photograph stays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto import images
from impasto.errors import ImageError, SettingsError, count_noun
from impasto.images import Picture
from impasto.settings import Settings

Plane = NDArray[np.float32]
"""(H, W), 0..1."""

ASPECT_TOLERANCE = 0.02
"""How far a mask's aspect may be from the photograph's: rounding of small sizes, but not another crop."""
_LUMA = (0.2126, 0.0722)
"""Of red and blue; green has the rest (ITU-R BT.709, whose primaries are sRGB's)."""


@dataclass(frozen=True, eq=False)
class Masks:
    """The masks of a run, in the sizes of their files."""

    styles: tuple[Plane, ...] = ()
    """One for each painting, white where it goes; or none."""
    keep: Plane | None = None
    """White where the photograph stays."""


def read(settings: Settings, photograph: Picture, paintings: int) -> Masks:
    """Read the masks that the settings name.

    Args:
        settings: its `mask` and `keep_mask` are read.
        photograph: whose shape they must have.
        paintings: how many there are.

    Raises:
        ImageError: a mask cannot be read, has another shape than the photograph, or is black (`keep_mask`: white)
            all over.
        SettingsError: there are masks, but not one for each painting.
    """
    if settings.mask and len(settings.mask) != paintings:
        raise SettingsError(
            f"--mask names {count_noun(len(settings.mask), 'mask')} for {count_noun(paintings, 'painting')}",
            "Give one mask for each painting, in their order.",
        )
    styles = tuple(_read(name, photograph) for name in settings.mask)
    for name, plane in zip(settings.mask, styles, strict=True):
        if not plane.any():
            raise ImageError(f"{name} is black all over, so that its painting goes nowhere", "Make it white somewhere.")
    keep = None if settings.keep_mask is None else _read(settings.keep_mask, photograph)
    if keep is not None and (keep == 1).all():
        problem = f"{settings.keep_mask} is white all over, so that nothing is painted"
        raise ImageError(problem, "Make it black where paint may go.")
    return Masks(styles, keep)


def named(settings: Settings) -> list[str]:
    """The files that the settings name as masks."""
    return [*settings.mask, *([settings.keep_mask] if settings.keep_mask else [])]


def resize(plane: Plane, width: int, height: int) -> Plane:
    """Resample with a triangle, which neither rings nor overshoots: what is far from an edge stays 0 or 1 exactly."""
    if (height, width) == plane.shape:
        return plane
    return np.array(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR), np.float32)


def _read(name: str, photograph: Picture) -> Plane:
    picture = images.read(name)
    ratio = (picture.width * photograph.height) / (picture.height * photograph.width)
    if max(ratio, 1 / ratio) > 1 + ASPECT_TOLERANCE:
        sizes = (f"{it.width} x {it.height} pixels" for it in (picture, photograph))
        problem = "{} is a mask of another shape than {}: {}, not {}".format(name, photograph.name, *sizes)
        raise ImageError(problem, "Make it from the photograph, uncropped; its size does not matter.")
    return _plane(picture)


def _plane(picture: Picture) -> Plane:
    """The luminance over black."""
    red, green, blue = np.moveaxis(picture.rgb, 2, 0)
    light = green + _LUMA[0] * (red - green) + _LUMA[1] * (blue - green)  # in this form a gray is itself to the bit
    gray = light / np.float32(255)
    plane: Plane = np.clip(gray if picture.alpha is None else gray * picture.alpha, 0, 1)
    return plane
