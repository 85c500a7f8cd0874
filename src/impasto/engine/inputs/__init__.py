"""The pictures of a run, as the network is to see them."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from impasto import images
from impasto.engine.inputs import faces
from impasto.engine.inputs.crop import crop, crop_to_visible
from impasto.engine.inputs.faces import draw_mask
from impasto.engine.inputs.masks import read_masks
from impasto.engine.inputs.recolor import recolor
from impasto.engine.style_file import LoadedStyle, StyleFile
from impasto.errors import SettingsError
from impasto.images import Picture
from impasto.settings import INIT_IMAGES
from impasto.wording import argument

_LARGEST_KEPT = 4_000_000
"""Pixels of a resized picture that is kept: making a larger one again takes less than a step with it."""


@dataclass(frozen=True)
class InputSpec:
    """What becomes of the pictures before the network sees them."""

    style_crop: str
    color: Literal["style", "photo", "match"]
    masks: tuple[str, ...]
    """A file for each style image, or none."""
    keep_mask: str | None
    init: str | None
    """The file to start from; None where the start is not a file."""
    cheek: float | None = None
    """How much of what is done to eyes, nose and mouth is done to the rest of a face, 0..1; None where nothing is."""

    @property
    def files(self) -> list[str]:
        """Every file that is read beside the images: masks, and the start."""
        return [*self.masks, *(name for name in (self.keep_mask, self.init) if name)]


class Inputs:
    """A content image, style images, or both; and the masks that say where each style goes.

    Args:
        content: the content image as it was given.
        styles: the style images and style files as they were given.
        spec: what becomes of them.
        colors_like: a picture whose colors stand for the content image's, wherever either side is recolored.

    Raises:
        ImageError: a mask, or the start that a file names, cannot be used; or a style image is transparent all over.
        SettingsError: there is neither content nor style, there is not one crop or mask for each style image, a crop
            is not within its image, or `init` is neither a start nor a file.
    """

    def __init__(
        self,
        content: Picture | None,
        styles: tuple[LoadedStyle, ...],
        spec: InputSpec,
        colors_like: Picture | None = None,
    ) -> None:
        if not (content or styles):
            raise SettingsError("neither a photograph nor a painting was given", "Give at least one of them.")
        self.original = content
        """The content image as it was given; `content` may have other colors."""
        self.colors_like = colors_like
        """As it was given."""
        cropped = crop(styles, spec.style_crop)
        visible = {number: crop_to_visible(it) for number, it in enumerate(cropped) if isinstance(it, Picture)}
        self.content, recolored = recolor(content, tuple(visible.values()), spec.color, colors_like)
        pictures = dict(zip(visible, recolored, strict=True))
        self.styles: tuple[LoadedStyle, ...] = tuple(pictures.get(number, it) for number, it in enumerate(cropped))
        self.keeps_colors = spec.color == "photo"
        """Whether the result has the hue and the chroma of the original."""
        self.init = None if spec.init is None else _read_init(spec.init)
        """The picture to start from, where a file names it."""
        given = [picture for picture in (content, *visible.values(), self.init) if picture]
        files = [style for style in styles if isinstance(style, StyleFile)]
        self.are_gray = all(picture.is_gray for picture in given) and all(file.info.gray for file in files)
        """Whether no input has color: the result is to have none, either."""
        self.masks = read_masks(spec.masks, spec.keep_mask, self.subject, len(styles))
        self.faces = () if spec.cheek is None or content is None else faces.find(content)
        """The faces of the content image, where they are painted otherwise."""
        self.face_mask = draw_mask(self.subject, self.faces, spec.cheek or 0.0) if self.faces else None
        # The comparison of precisions, a start and an objective ask for the same sizes one after another.
        self._resize = functools.lru_cache(maxsize=2 + len(styles))(images.resize)

    def resize(self, picture: Picture, width: int, height: int) -> Picture:
        """Give a picture at a size; what is not too large is kept for the next time."""
        return (self._resize if width * height <= _LARGEST_KEPT else images.resize)(picture, width, height)

    @property
    def subject(self) -> Picture:
        """The picture whose aspect and bit depth the result takes: the content, or else the first style image."""
        subject = self.content or self.styles[0]
        assert isinstance(subject, Picture)  # `check_measured` refuses a style file here
        return subject


def _read_init(init: str) -> Picture:
    if not Path(init).exists():
        raise SettingsError(
            f"{argument('init', init)} is neither a start nor a file",
            f"Choose one of {', '.join(INIT_IMAGES)}, or give a picture file.",
        )
    return images.read(init)
