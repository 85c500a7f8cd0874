"""Paints the frames of a shot, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from impasto.engine.stylizer import StyleInputs, Stylizer
from impasto.images import Picture
from impasto.images.picture import to_integers
from impasto.settings import Settings


@dataclass(frozen=True)
class ShotFrame:
    """A frame that is to be painted."""

    number: int
    """In the clip, from 0."""
    picture: Picture
    """As it was decoded."""
    settings: Settings
    """That hold at its time; all frames of a clip give results of one size."""


class ShotPainter:
    """Paints the frames of one shot in their order, each from what was painted before.

    All that it remembers are the last `REFERENCES` frames with what was painted of them, to the bit as they were given
    back, and `state`: with both an interrupted shot goes on as if nothing had happened.

    Args:
        stylizer: keeps the network and what was measured of the styles.
        styles: paintings or style files.
    """

    REFERENCES = 1

    def __init__(self, stylizer: Stylizer, styles: StyleInputs) -> None:
        self._stylizer, self._styles = stylizer, styles

    @property
    def state(self) -> dict[str, Any]:
        """What is to be kept beside the painted frames, as JSON holds it; it changes with each frame."""
        return {}

    def resume(self, painted: Sequence[tuple[ShotFrame, Picture]], state: dict[str, Any]) -> None:
        """Go on after the last of some frames that were painted before: the last `REFERENCES` of the shot, or all."""

    def paint(self, frame: ShotFrame) -> Picture:
        """Paint the next frame.

        Returns:
            Integers, of the depth of the frame's picture, so that a PNG keeps them to the bit.

        Raises:
            InputError: a picture, a setting, the network or the device cannot be used.
            DivergedError: the objective is not a finite number, even with smaller steps.
        """
        result = self._stylizer.stylize(frame.picture, self._styles, settings=frame.settings).picture
        samples = to_integers(result, frame.picture.depth)
        alpha = (
            None
            if result.alpha is None
            else samples[..., 3].astype(np.float32) / np.float32(np.iinfo(samples.dtype).max)
        )
        return Picture(samples[..., :3], alpha=alpha, depth=frame.picture.depth)
