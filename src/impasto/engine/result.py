"""What a run leaves behind, and what a file of it says of how it was made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from os import PathLike
from pathlib import Path

import PIL.Image

from impasto import images
from impasto.images import Picture
from impasto.settings import INPUTS_KEY, METADATA_KEY, Settings
from impasto.settings.stored import portable_json
from impasto.storage.names import base_name


@dataclass(frozen=True)
class Result:
    """A finished picture."""

    picture: Picture
    losses: Mapping[str, float]
    """Each weighted term of the final picture by name: `content relu4_2`, `style relu1_1`, `tv`."""
    settings: Settings
    metadata: Mapping[str, str]
    """What a saved PNG carries: the settings, the inputs' hashes and the version."""

    @property
    def loss(self) -> float:
        """The objective at the final picture: the sum of `losses`."""
        return sum(self.losses.values())

    @property
    def image(self) -> PIL.Image.Image:
        """The picture, 8 bits a channel, RGB or RGBA."""
        return self.picture.to_pil()

    def save(self, path: str | PathLike[str], *, overwrite: bool = False, profile: bytes | None = None) -> None:
        """Write the picture in the format of the path's suffix; see `images.save`.

        Args:
            path: where; its suffix decides the format.
            overwrite: whether to replace a file that exists.
            profile: an RGB ICC profile to convert to and embed; unset, the file is sRGB.

        Raises:
            OutputError: the path exists and `overwrite` is false, or cannot be written.
            StorageError: the disk is full or failed.
        """
        images.save(self.picture, Path(path), metadata=self.metadata, overwrite=overwrite, profile=profile)


def describe(settings: Settings, content: Picture | None, styles: Sequence[Picture]) -> dict[str, str]:
    """The metadata from which a picture can be made again.

    Args:
        settings: all of them.
        content: the content image as it was given.
        styles: the style images as they were given.
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
