"""What a run leaves behind, and what a file of it says of how it was made."""

import base64
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any, Self

import numpy as np
import PIL.Image
from numpy.typing import DTypeLike, NDArray

from impasto import images
from impasto.engine.style_file import LoadedStyle, shown_as
from impasto.images import Picture
from impasto.images.picture import to_integers
from impasto.settings import INPUTS_KEY, METADATA_KEY, Settings
from impasto.settings.stored import portable_json
from impasto.storage.names import base_name

_PNG_SIDE, _RESULT_SIDE, _INPUT_SIDE = 1024, 512, 192
"""Longest sides of what a notebook shows, pixels: it keeps them in its file."""
_SAMPLES = 4
"""Pixels of an input across each of its preview's."""
_MOST_PREVIEWS = 4
_LONGEST_NAME = 60


@dataclass(frozen=True)
class InputPreview:
    """An input of a run, small."""

    role: str
    """`photograph` or `painting`."""
    name: str
    """As the user named it, without its folder."""
    webp: bytes


@dataclass(frozen=True)
class InputPreviews:
    """The first inputs of a run, small."""

    shown: tuple[InputPreview, ...] = ()
    hidden: int = 0
    """How many inputs there are beside them."""


@dataclass(frozen=True, repr=False)
class Result:
    """A finished picture; a notebook shows it beside its inputs, and `numpy.asarray` gives `image` as an array."""

    picture: Picture
    losses: Mapping[str, float]
    """Each weighted term of the final picture by name: `content relu4_2`, `style relu1_1`, `tv`; where empty places are
    not filled, before marks in them were softened."""
    settings: Settings
    metadata: Mapping[str, str]
    """What a saved PNG carries: the settings, the inputs' hashes and the version."""
    previews: InputPreviews = field(default=InputPreviews(), compare=False)
    """The inputs, for a notebook."""

    def __repr__(self) -> str:
        size = f"{self.picture.width} x {self.picture.height} px"
        return f"Result({size}, recipe={self.settings.recipe_name!r:.40}, loss={self.loss:.4g})"

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001 -- NumPy's
        """(H, W, 3) uint8 0..255 sRGB, or (H, W, 4) with transparency."""
        if copy is False:
            raise ValueError("an array of a result is always a copy")
        return to_integers(self.picture, 8).astype(dtype or np.uint8)

    @property
    def loss(self) -> float:
        """The objective at the final picture: the sum of `losses`."""
        return sum(self.losses.values())

    @property
    def image(self) -> PIL.Image.Image:
        """The picture, 8 bits a channel, RGB or RGBA."""
        return self.picture.to_pil()

    def save(
        self,
        target: images.Target,
        *,
        format: str | None = None,  # noqa: A002 -- what Pillow, too, calls it
        overwrite: bool = False,
        profile: bytes | None = None,
        strip: bool = False,
    ) -> None:
        """Write the picture, with what made it where the format is PNG; see `images.save`.

        Args:
            target: a path, or a file object that is open for writing in binary.
            format: `png`, `jpeg` and so on; unset, the suffix of the path or of the file object's name.
            overwrite: whether to replace a file that exists at the path.
            profile: an RGB ICC profile to convert to and embed; unset, the file is sRGB.
            strip: whether to write the pixels alone, as `without_metadata` has them.

        Raises:
            OutputError: the path exists and `overwrite` is false, cannot be written, or tells no format.
            StorageError: the disk is full or failed.
        """
        made = self.without_metadata() if strip else self
        images.save(made.picture, target, format=format, metadata=made.metadata, overwrite=overwrite, profile=profile)

    def to_bytes(
        self,
        format: str = "png",  # noqa: A002 -- as for `save`
        *,
        profile: bytes | None = None,
        strip: bool = False,
    ) -> bytes:
        """Give the bytes that `save` would write.

        Raises:
            OutputError: there is no such format, or it cannot hold the picture.
        """
        made = self.without_metadata() if strip else self
        return images.encode(made.picture, format, metadata=made.metadata, profile=profile)

    def without_metadata(self) -> Self:
        """Give the result whose files are the pixels alone: without settings, names of the inputs, date and place."""
        return replace(self, picture=replace(self.picture, exif=None), metadata={})

    def _repr_png_(self) -> bytes:
        return images.encode(images.shrink(self.picture, _PNG_SIDE), "png")

    def _repr_html_(self) -> str:
        shown = [_figure(it.role, it.name, it.webp) for it in self.previews.shown]
        if self.previews.hidden:
            shown.append(f"<span>and {self.previews.hidden} more</span>")
        size = f"{self.picture.width} x {self.picture.height} px, {self.settings.recipe_name}"
        shown.append(_figure("result", size, images.encode(images.shrink(self.picture, _RESULT_SIDE), "webp")))
        return f'<div style="display:flex;flex-wrap:wrap;gap:8px;align-items:flex-end">{"".join(shown)}</div>'


def preview_inputs(content: Picture | None, styles: Sequence[LoadedStyle]) -> InputPreviews:
    """Make small copies of the first inputs of a run.

    They are made of few pixels, in some milliseconds, at the end of every run: a result that made them where it is
    shown would have to hold its inputs, of which one may have 300 MB, or read files that may have changed.
    """
    paintings = [("painting", shown_as(style)) for style in styles]
    inputs = [*([("photograph", content)] if content else []), *paintings]
    shown = inputs[:_MOST_PREVIEWS]
    return InputPreviews(
        tuple(
            InputPreview(role, base_name(it.name), images.encode(images.shrink(_subsample(it), _INPUT_SIDE), "webp"))
            for role, it in shown
        ),
        hidden=len(inputs) - len(shown),
    )


def _subsample(picture: Picture) -> Picture:
    """Leave out rows and columns of a large picture, with several left for each pixel that will be shown."""
    step = max(1, max(picture.width, picture.height) // (_SAMPLES * _INPUT_SIDE))
    return picture.cut(slice(None, None, step), slice(None, None, step))


def describe(settings: Settings, content: Picture | None, styles: Sequence[LoadedStyle]) -> dict[str, str]:
    """The metadata from which a picture can be made again.

    Args:
        settings: all of them.
        content: the content image as it was given.
        styles: the style images and style files as they were given.
    """
    inputs = [*([("content", content)] if content else []), *(("style", style) for style in styles)]
    return {
        "impasto:version": version("impasto"),
        METADATA_KEY: portable_json(settings),
        # Names without folders: pictures are passed on, and where the inputs were stored is nobody's business.
        INPUTS_KEY: json.dumps(
            [{"role": role, "name": base_name(it.name), "sha256": it.sha256} for role, it in inputs]
        ),
    }


def _figure(role: str, name: str, webp: bytes) -> str:
    source = f"data:image/webp;base64,{base64.b64encode(webp).decode()}"
    text = html.escape(f"{role}: {name[:_LONGEST_NAME]}")
    return f'<figure style="margin:0"><img src="{source}" alt="{text}"><figcaption>{text}</figcaption></figure>'
