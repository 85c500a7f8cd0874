"""Paints the frames of a shot, one after the other: each begins as the one before it, moved as its content moved.

Ruder, Dosovitskiy and Brox 2016, "Artistic style transfer for videos". They paint each frame with hundreds of
iterations; here the first is painted from coarse to fine, and the others take a few iterations at the finest scale:
what was painted before has its strokes already. Only what is new is painted from coarse to fine, too.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from impasto.core import StyleTransfer
from impasto.core.color import gray_of
from impasto.core.losses import Loss, LossInputs
from impasto.core.losses.temporal import TemporalLoss
from impasto.core.pyramid import resize
from impasto.engine.run import RunInputs
from impasto.engine.style_file import LoadedStyle
from impasto.engine.stylizer import Stylizer
from impasto.images import Picture
from impasto.images.picture import Rgb, fill_transparent, to_integers
from impasto.settings import Settings
from impasto.sizing import with_long_side
from impasto.video.defaults import Consistency
from impasto.video.opencv import load_opencv
from impasto.video.painting.flow import Motion, Plane, Samples, find_motion, warp
from impasto.video.painting.references import KEPT_EVERY, MOST_KEPT, references

KNOWN = 0.998
"""Mean trust from which on no further frame is looked at, and nothing is painted from coarse to fine."""
_UNIT = 10.0
"""Levels 0..255; see `Consistency.weight`."""
_COLOR_SIDE = 256
"""Pixels of a row of the frames whose colors stand for those of a shot."""
_SHARED = 4.0
"""How fast trust falls where another style is asked for than before: at a quarter of a mask there is none."""
_LOW = 1 / 24
"""Of the long side: the standard deviation of the Gaussian that parts the colors that are held from the strokes."""


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
class _FrameView:
    """What is looked at of a frame, all of it of the result's size."""

    source: Samples
    """(H, W, 3)."""
    start: Rgb
    """The source as it would be begun if it were new: in the styles' palette, where the run begins so."""
    masks: tuple[Plane, ...]
    """How much of which style is asked for where, (H, W) each, 0..1."""
    is_content: bool
    """Whether nothing is painted, as the settings ask for no style."""

    @classmethod
    def of(cls, opened: RunInputs) -> "_FrameView":
        """Look at the frame of a run."""
        transfer, original = opened.transfer, opened.inputs.original
        content = transfer.details.content(*transfer.spec.size)
        assert original is not None  # a frame is one
        assert content is not None
        source = _to_samples(opened.inputs.resize(original, *transfer.spec.size))
        return cls(source, _to_array(content), _masks(opened), transfer.spec.content_only)


@dataclass(frozen=True)
class _Painted:
    """What is remembered of a frame."""

    seen: _FrameView
    result: Rgb
    """Of its size, (H, W, 3)."""


class ShotPainter:
    """Paints the frames of one shot in their order, each from what was painted before.

    All that it remembers are some earlier frames, those that `references` names, with what was painted of them, to
    the bit as they were given back, and `state`: with both an interrupted shot goes on as if nothing had happened.

    Args:
        stylizer: keeps the network and what was measured of the styles.
        styles: paintings or style files.
        typical: frames of the shot, whose colors together stand for those of each.
        consistency: how frames are made to agree.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        styles: Sequence[LoadedStyle],
        typical: Sequence[Picture],
        consistency: Consistency | None = None,
    ) -> None:
        self._stylizer, self._styles, self._consistency = stylizer, tuple(styles), consistency or Consistency()
        self._colors = _stack(typical)
        self._last: _Painted | None = None
        self._kept: deque[_Painted] = deque(maxlen=MOST_KEPT)
        self.state: dict[str, Any] = {}
        """What is to be kept beside the painted frames, as JSON holds it; it changes with each frame."""

    def resume(self, painted: Sequence[tuple[ShotFrame, Picture]], state: dict[str, Any]) -> None:
        """Go on after frames that were painted before: those that `references` names, and the last one's state."""
        places = references(state["painted"])
        for place, (frame, picture) in zip(places, painted, strict=True):
            self.state = {**state, "painted": place}
            opened = self._open(frame)
            self._remember(opened, _FrameView.of(opened), picture)

    def paint(self, frame: ShotFrame) -> Picture:
        """Paint the next frame.

        Returns:
            Integers, of the depth of the frame's picture, so that a PNG keeps them to the bit.

        Raises:
            InputError: a picture, a setting, the network or the device cannot be used.
            DivergedError: the objective is not a finite number, even with smaller steps.
        """
        opened = self._open(frame)
        seen = _FrameView.of(opened)
        if self._last is None or self._last.seen.is_content or seen.is_content:
            image = self._run(opened.transfer)
        else:
            image = self._go_on(opened, seen, self._last)
        result = _round(opened.tensors.picture(image), frame.picture)
        self._remember(opened, seen, result)
        return result

    def _open(self, frame: ShotFrame) -> RunInputs:
        """Set up the run of a frame, in the precision of the first."""
        picture = _fill_hidden(frame.picture)
        if not self.state:
            opened = self._stylizer.open_fastest(picture, self._styles, frame.settings, self._colors)
            self.state = {"precision": opened.compute.precision, "loss": 0.0, "painted": 0}
            return opened
        settings = frame.settings.model_copy(update={"precision": self.state["precision"]})
        return self._stylizer.open(picture, self._styles, settings, self._colors)

    def _go_on(self, opened: RunInputs, seen: _FrameView, last: _Painted) -> Tensor:
        """Paint a frame from those before it: (1, 3, H, W), 0..255."""
        moved, trust = self._move(seen, last)
        scales, images, how = opened.transfer.scales, opened.transfer.images, self._consistency
        weight = how.weight * self.state["loss"] / _UNIT**2
        warped, trusted, new = (_to_tensor(it, opened) for it in (moved, trust, seen.start))
        if trust.mean() < KNOWN and len(scales) > 1 and how.coarse_iterations:
            start = resize(new.lerp(warped, trusted), *scales[-2].size)
            coarse = self._refine(opened, start, how.coarse_iterations, warped, trusted, weight)
            new = images.crop(opened.transfer.hand_on(images.pad(coarse), *scales[-1].size))
        image = self._refine(opened, new.lerp(warped, trusted), how.iterations, warped, trusted, weight)
        return image + _to_tensor(_smooth(moved - _to_array(image), trust), opened)

    def _refine(
        self, opened: RunInputs, start: Tensor, iterations: int, warped: Tensor, trusted: Tensor, weight: float
    ) -> Tensor:
        """Optimize an image at the scale of its size, held to what was painted before: (1, 3, h, w)."""
        size, pad = (start.shape[3], start.shape[2]), opened.transfer.images.pad
        known, trust = pad(resize(warped, *size)), pad(resize(trusted, *size).clamp(0, 1))

        def temporal(_inputs: LossInputs) -> list[Loss]:
            return [TemporalLoss(weight, known, trust)] if weight else []

        return self._run(opened.refine(start, iterations, [temporal]))

    def _run(self, transfer: StyleTransfer) -> Tensor:
        """Give the result of a transfer, and keep what its objective was, without the temporal loss."""
        for iterate in transfer.run(lambda: False):
            image, terms = iterate.image, iterate.terms or {}
        self.state = {**self.state, "loss": sum(value for name, value in terms.items() if name != TemporalLoss.name)}
        return image

    def _move(self, seen: _FrameView, last: _Painted) -> tuple[Rgb, Plane]:
        """Move what was painted before to a frame: (H, W, 3), and how far it is trusted, (H, W).

        What the last frame did not show is looked for in those that are kept, the newest first (Ruder et al., equation
        8). Where the light changes, what was painted changes as its start does.
        """
        trust, sum_ = np.zeros_like(seen.start[..., 0]), np.zeros_like(seen.start)
        for known in (last, *(it for it in reversed(self._kept) if it is not last)):
            if trust.mean() >= KNOWN:
                break
            motion = find_motion(seen.source, known.seen.source)
            shared = _shared(seen.masks, known.seen.masks, motion)
            own = np.clip(motion.trust * shared - trust, 0, None)
            light = _smooth(seen.start - warp(known.seen.start, motion.offsets), motion.trust)
            sum_ += own[..., np.newaxis] * (warp(known.result, motion.offsets) + light)
            trust += own
        share = trust[..., np.newaxis]
        return np.where(share > 0, sum_ / np.maximum(share, np.float32(1e-6)), seen.start), trust

    def _remember(self, opened: RunInputs, seen: _FrameView, result: Picture) -> None:
        """Remember a frame and count it."""
        rgb = _gray(result.rgb, opened) if opened.transfer.spec.luminance_only else result.rgb
        self._last = _Painted(seen, rgb)
        if self.state["painted"] % KEPT_EVERY == 0:
            self._kept.append(self._last)
        self.state = {**self.state, "painted": self.state["painted"] + 1}


def _stack(frames: Sequence[Picture]) -> Picture:
    """Put frames of one size below each other, small: their colors are looked at, and nothing else."""
    cv2 = load_opencv()
    size = with_long_side((frames[0].width, frames[0].height), min(_COLOR_SIDE, frames[0].width))
    small = [cv2.resize(_to_samples(_fill_hidden(it)), size, interpolation=cv2.INTER_AREA) for it in frames]
    return Picture(np.concatenate(small))


def _fill_hidden(picture: Picture) -> Picture:
    """Give what is fully transparent the mean color: what files have there, nobody is to see."""
    if picture.alpha is None:
        return picture
    return replace(picture, colors=fill_transparent(picture.colors, picture.alpha))


def _gray(colors: Rgb, opened: RunInputs) -> Rgb:
    """Give what a run of luminance alone has painted, before it got its colors."""
    return _to_array(gray_of(_to_tensor(colors, opened).float()))


def _masks(opened: RunInputs) -> tuple[Plane, ...]:
    """Give how much of which style is asked for where, (H, W) each, 0..1; nothing where there are no masks."""
    images, spec = opened.transfer.images, opened.transfer.spec
    weights = images.style_weights
    styles = [mask * (weight / sum(weights)) for mask, weight in zip(images.masks(*spec.size), weights, strict=False)]
    keep = images.keep(*spec.size)
    planes = [*styles, *([] if keep is None else [keep])]
    return tuple(plane[0, 0].float().cpu().numpy() for plane in planes)


def _shared(masks: Sequence[Plane], before: Sequence[Plane], motion: Motion) -> Plane | float:
    """Give how far the same styles are asked for as before: 0..1."""
    shared: Plane | float = 1.0
    for mask, other in zip(masks, before, strict=True):
        apart = np.abs(mask - warp(other, motion.offsets))
        shared = np.minimum(shared, np.clip(1 - _SHARED * apart, 0, 1).astype(np.float32))
    return shared


def _smooth(difference: Rgb, trust: Plane) -> Rgb:
    """Give what is smooth of a difference (H, W, 3), where it is trusted (H, W), and nothing elsewhere."""
    cv2, sigma, share = load_opencv(), _LOW * max(trust.shape), trust[..., np.newaxis]
    weights = cv2.GaussianBlur(trust, (0, 0), sigma)[..., np.newaxis]
    smooth: Rgb = share * cv2.GaussianBlur(difference * share, (0, 0), sigma) / np.maximum(weights, np.float32(1e-3))
    return smooth


def _round(result: Picture, frame: Picture) -> Picture:
    """Give a result in the integers of a frame's depth."""
    return Picture(to_integers(Picture(result.colors), frame.depth), alpha=result.alpha, depth=frame.depth)


def _to_samples(picture: Picture) -> Samples:
    return to_integers(Picture(picture.colors), 8).astype(np.uint8, copy=False)


def _to_array(image: Tensor) -> Rgb:
    """Give an image (1, 3, H, W) as (H, W, 3)."""
    array: Rgb = image[0].permute(1, 2, 0).float().cpu().numpy()
    return np.ascontiguousarray(array)


def _to_tensor(array: Rgb | Plane, opened: RunInputs) -> Tensor:
    """Give an image (H, W, 3) or a plane (H, W) as (1, C, H, W), where and as the run computes."""
    planes = torch.from_numpy(array).reshape(*array.shape[:2], -1).permute(2, 0, 1).unsqueeze(0)
    return planes.contiguous().to(opened.compute.device, opened.compute.image_dtype)
