"""Paints the frames of a shot, one after the other: each begins as the one before it, moved as its content moved.

Ruder, Dosovitskiy and Brox 2016, "Artistic style transfer for videos". They paint each frame with hundreds of
iterations; here the first is painted from coarse to fine, and the others take a few iterations at the finest scale. What
was painted before has its strokes already, and what is new is small.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.core.losses import Loss, LossInputs
from impasto.core.losses.temporal import TemporalLoss
from impasto.core.pyramid import resize
from impasto.engine.run import RunInputs
from impasto.engine.stylizer import StyleInputs, Stylizer
from impasto.images import Picture
from impasto.images.picture import to_integers
from impasto.settings import Settings
from impasto.video.flow import Motion, find_motion, warp

KEPT_EVERY = 8
"""Every so many frames of a shot one is kept, for what is hidden meanwhile and seen again."""
MOST_KEPT = 8
KNOWN = 0.998
"""Mean trust from which on no further frame is looked at, and nothing is painted from coarse to fine."""
_UNIT = 10.0
"""Levels 0..255: a frame that is as far from the one before, root mean square, costs the loss of the first frame at a
weight of 1."""
_LOW = 1 / 24
"""Of the long side: the standard deviation of the Gaussian beyond which colors are held."""


@dataclass(frozen=True)
class Consistency:
    """How frames are made to agree with those before them."""

    weight: float = 0.5
    """Of the temporal loss; see `_UNIT`."""
    iterations: int = 6
    """Of the optimizer, for each frame but the first of a shot."""
    coarse_iterations: int = 8
    """At half the size, for a frame that shows something new."""


@dataclass(frozen=True)
class ShotFrame:
    """A frame that is to be painted."""

    number: int
    """In the clip, from 0."""
    picture: Picture
    """As it was decoded."""
    settings: Settings
    """That hold at its time; all frames of a clip give results of one size."""


@dataclass(frozen=True)
class _Painted:
    """What is remembered of a frame, all of the result's size."""

    source: NDArray[np.uint8]
    """(H, W, 3)."""
    start: NDArray[np.float32]
    """(H, W, 3): the source in the styles' palette, 0..255."""
    result: NDArray[np.float32]
    """(H, W, 3), 0..255."""


class ShotPainter:
    """Paints the frames of one shot in their order, each from what was painted before.

    All that it remembers are the last `REFERENCES` frames with what was painted of them, to the bit as they were given
    back, and `state`: with both an interrupted shot goes on as if nothing had happened.

    Args:
        stylizer: keeps the network and what was measured of the styles.
        styles: paintings or style files.
        typical: frames of the shot, whose colors together stand for those of each.
        consistency: how frames are made to agree.
    """

    REFERENCES = KEPT_EVERY * MOST_KEPT

    def __init__(
        self,
        stylizer: Stylizer,
        styles: StyleInputs,
        typical: Sequence[Picture],
        consistency: Consistency = Consistency(),
    ) -> None:
        self._stylizer, self._styles, self._consistency = stylizer, styles, consistency
        self._colors = _stack(typical)
        self._kept: deque[_Painted] = deque(maxlen=MOST_KEPT)
        self._last: _Painted | None = None
        self._count = 0
        self.state: dict[str, Any] = {}
        """What is to be kept beside the painted frames, as JSON holds it; it changes with each frame."""

    def resume(self, painted: Sequence[tuple[ShotFrame, Picture]], state: dict[str, Any]) -> None:
        """Go on after the last of some frames that were painted before: the last `REFERENCES` of the shot, or all."""
        self.state = state
        for frame, picture in painted:
            self._remember(self._open(frame), frame, picture)

    def paint(self, frame: ShotFrame) -> Picture:
        """Paint the next frame.

        Returns:
            Integers, of the depth of the frame's picture, so that a PNG keeps them to the bit.

        Raises:
            InputError: a picture, a setting, the network or the device cannot be used.
            DivergedError: the objective is not a finite number, even with smaller steps.
        """
        opened = self._open(frame)
        image = self._refine(opened, frame, self._last) if self._last else self._begin(frame)
        result = _round(opened.tensors.picture(image), frame.picture.depth)
        self._remember(opened, frame, result)
        return result

    def _open(self, frame: ShotFrame) -> RunInputs:
        known = {"precision": self.state["precision"]} if self.state else {}
        settings = frame.settings.model_copy(update=known)
        opened = self._stylizer.open(frame.picture, self._styles, settings, self._colors)
        opened.transfer.check(*opened.transfer.spec.size)
        return opened

    def _begin(self, frame: ShotFrame) -> Tensor:
        """Paint the first frame: (1, 3, H, W), 0..255."""
        opened = self._stylizer.open_fastest(frame.picture, self._styles, frame.settings, self._colors)
        for iterate in opened.transfer.run(_never):
            image, loss = iterate.image, iterate.loss
        self.state = {"precision": opened.compute.precision, "loss": loss}
        return image

    def _refine(self, opened: RunInputs, frame: ShotFrame, last: _Painted) -> Tensor:
        """Paint a frame from those before it: (1, 3, H, W), 0..255."""
        fresh = _start(opened)
        before, trust = self._move(_source(opened, frame), fresh, last)
        like = opened.transfer.initial_image(*opened.transfer.spec.size)
        warped, trusted = _to_tensor(before, like), _to_tensor(trust, like)
        weight = self._consistency.weight * self.state["loss"] / _UNIT**2

        def run(start: Tensor, iterations: int) -> Tensor:
            size = start.shape[3], start.shape[2]
            known, certain = resize(warped, *size), resize(trusted, *size).clamp(0, 1)
            pad = opened.transfer.images.pad

            def temporal(_inputs: LossInputs) -> list[Loss]:
                return [TemporalLoss(weight, pad(known), pad(certain))]

            for iterate in opened.refine(start, iterations, [temporal] if weight else []).run(_never):
                image = iterate.image
            return image

        new, scales = _to_tensor(fresh, like), opened.transfer.scales
        if trust.mean() < KNOWN and len(scales) > 1 and self._consistency.coarse_iterations:
            coarse = run(resize(new.lerp(warped, trusted), *scales[-2].size), self._consistency.coarse_iterations)
            images = opened.transfer.images
            new = images.crop(opened.transfer.hand_on(images.pad(coarse), *scales[-1].size))
        image = run(new.lerp(warped, trusted), self._consistency.iterations)
        return image + _to_tensor(_low(before - _to_array(image), trust), like)

    def _move(
        self, source: NDArray[np.uint8], fresh: NDArray[np.float32], last: _Painted
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give what was painted before, moved to a frame, (H, W, 3), and how far it is trusted, (H, W)."""
        trust = np.zeros(source.shape[:2], np.float32)
        target = np.zeros(source.shape, np.float32)
        for known in (last, *reversed(self._kept)):
            if trust.mean() >= KNOWN:
                break
            motion = find_motion(source, known.source)
            own = np.clip(motion.trust - trust, 0, None)  # what nearer frames do not know (equation 8)
            light = _low(fresh - warp(known.start, motion.offsets), motion.trust)
            target += own[..., np.newaxis] * (warp(known.result, motion.offsets) + light)
            trust += own
        return np.where(trust[..., np.newaxis] > 0, target / np.maximum(trust, 1e-6)[..., np.newaxis], fresh), trust

    def _remember(self, opened: RunInputs, frame: ShotFrame, result: Picture) -> None:
        self._last = _Painted(_source(opened, frame), _start(opened), result.rgb)
        if self._count % KEPT_EVERY == 0:
            self._kept.append(self._last)
        self._count += 1


def _stack(frames: Sequence[Picture]) -> Picture:
    """Put frames of one size below each other."""
    return Picture(np.concatenate([to_integers(Picture(frame.colors), 8) for frame in frames]))


def _source(opened: RunInputs, frame: ShotFrame) -> NDArray[np.uint8]:
    """Give a frame at the size of the result: (H, W, 3)."""
    picture = opened.inputs.resize(frame.picture, *opened.transfer.spec.size)
    return to_integers(Picture(picture.colors), 8)


def _start(opened: RunInputs) -> NDArray[np.float32]:
    """Give a frame in the styles' palette: (H, W, 3), 0..255."""
    size = opened.transfer.spec.size
    return _to_array(opened.transfer.images.crop(opened.transfer.initial_image(*size)))


def _low(difference: NDArray[np.float32], trust: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give what is smooth of a difference (H, W, 3), where it is trusted (H, W), and nothing elsewhere."""
    sigma = _LOW * max(trust.shape)
    weights = cv2.GaussianBlur(trust, (0, 0), sigma)
    smooth = cv2.GaussianBlur(difference * trust[..., np.newaxis], (0, 0), sigma)
    return trust[..., np.newaxis] * smooth / np.maximum(weights, 1e-3)[..., np.newaxis]


def _round(picture: Picture, depth: Any) -> Picture:
    samples = to_integers(picture, depth)
    alpha = None if picture.alpha is None else samples[..., 3].astype(np.float32) / np.float32(np.iinfo(samples.dtype).max)
    return Picture(np.ascontiguousarray(samples[..., :3]), alpha=alpha, depth=depth)


def _to_array(image: Tensor) -> NDArray[np.float32]:
    return image[0].permute(1, 2, 0).float().cpu().numpy().copy()


def _to_tensor(array: NDArray[np.float32], like: Tensor) -> Tensor:
    planes = torch.from_numpy(np.ascontiguousarray(array)).reshape(*array.shape[:2], -1)
    return planes.permute(2, 0, 1).unsqueeze(0).contiguous().to(like)


def _never() -> bool:
    return False
