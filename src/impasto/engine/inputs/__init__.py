"""The pictures of a run, as the network is to see them."""

import functools
from pathlib import Path

from impasto import images
from impasto.engine.inputs import masks
from impasto.engine.inputs import recolor as recoloring
from impasto.engine.inputs.crop import cropped
from impasto.errors import SettingsError
from impasto.images import Picture
from impasto.settings import INIT_IMAGES, Settings


class Inputs:
    """A photograph, paintings, or both; and the masks that say where each goes.

    Raises:
        ImageError: a mask, or the start that a file names, cannot be used.
        SettingsError: there is neither photograph nor painting, there is not one crop or mask for each painting, a
            crop does not lie within its painting, or `init` is neither a start nor a file.
    """

    def __init__(self, content: Picture | None, styles: tuple[Picture, ...], settings: Settings) -> None:
        if not (content or styles):
            raise SettingsError("neither a photograph nor a painting was given", "Give at least one of them.")
        self.photo = content
        """As it was given; `content` has other colors where the settings say so."""
        self.content, self.styles = recoloring.recolored(content, cropped(styles, settings.style_crop), settings.color)
        self.begun = _begun(settings.init)
        """The picture file that `init` names, if it does."""
        self.masks = masks.read(settings, self.subject, len(styles))
        # The comparison of precisions, a start and an objective ask for the same sizes one after another.
        self.resized = functools.lru_cache(maxsize=2 + len(styles))(images.resize)

    @property
    def subject(self) -> Picture:
        """Whose aspect and bit depth the result takes: the photograph, or where there is none the first painting."""
        return self.content or self.styles[0]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The photograph, if there is one, and the paintings."""
        return (self.content, *self.styles) if self.content else self.styles


def _begun(init: str) -> Picture | None:
    if init in INIT_IMAGES:
        return None
    if not Path(init).exists():
        raise SettingsError(
            f"--init '{init}' is neither a start nor a file",
            f"Choose one of {', '.join(INIT_IMAGES)}, or give a picture file.",
        )
    return images.read(init)
