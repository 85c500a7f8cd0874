"""The setting `style_crop`: the part of each style image to learn from."""

from dataclasses import replace

from impasto.errors import SettingsError
from impasto.images import Picture
from impasto.images.picture import fill_transparent
from impasto.settings.per_painting import split_crops


def crop(paintings: tuple[Picture, ...], crops: str) -> tuple[Picture, ...]:
    """Give the parts of the style images that `style_crop` names; all of them where it is empty.

    Raises:
        SettingsError: there is not one crop for each painting, or one does not lie within its painting.
    """
    parts = split_crops(crops, len(paintings))
    if not parts:
        return paintings
    return tuple(_crop_one(*pair) for pair in zip(paintings, parts, strict=True))


def _crop_one(painting: Picture, crop: str) -> Picture:
    if not crop.strip():
        return painting
    left, top, width, height = (int(number) for number in crop.split(","))
    right, bottom = left + width, top + height
    if right > painting.width or bottom > painting.height:
        raise SettingsError(
            f"--style-crop {crop.strip()} reaches beyond {painting.name}, "
            f"which has {painting.width} x {painting.height} pixels",
            f"Keep x + width within {painting.width}, and y + height within {painting.height}.",
        )
    rows, columns = slice(top, bottom), slice(left, right)
    rgb, alpha = painting.rgb[rows, columns], painting.alpha
    if alpha is not None:  # the color under transparency is the mean of the whole painting, not of this part
        alpha = alpha[rows, columns]
        rgb = fill_transparent(rgb, alpha)
    return replace(painting, rgb=rgb, alpha=alpha, name=f"--style-crop {crop.strip()} of {painting.name}")
