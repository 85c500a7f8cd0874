"""Clips made of the example photographs, whose motion is known to a fraction of a pixel.

Each is a few layers that move by affine maps; a frame is the layers over each other, with noise as a camera has it. So
where a pixel was in another frame, and whether it was seen there, is arithmetic and not an estimate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

PICTURES = Path(__file__).parents[2] / "examples" / "pictures"
SIZE = 320, 180
"""Width and height, pixels."""
RATE = 12
"""Frames a second."""
NOISE = 2.0
"""Standard deviation of a sample, levels 0..255: of a camera by day."""
_EDGE = 3
"""Pixels around the border of a layer that are trusted in no frame: there two layers mix."""

Frame = NDArray[np.uint8]
"""(H, W, 3), sRGB."""
Matrix = NDArray[np.float64]
"""(2, 3): from a layer's pixels to a frame's."""


@dataclass(frozen=True)
class Layer:
    """A picture, or a part of one, that moves."""

    pixels: NDArray[np.float32]
    """(h, w, 4): color 0..255 and opacity 0..1."""
    motion: Callable[[int], Matrix]
    """Where it is in a frame."""


@dataclass(frozen=True)
class MovingClip:
    """A clip with its true motion."""

    name: str
    title: str
    shots: Sequence[tuple[range, Sequence[Layer]]]
    """Frames, and the layers that are seen in them, the farthest first."""
    lightness: Callable[[int], float] = lambda _number: 1.0
    """By which a frame is multiplied: below 1 in a fade."""
    noise: float = NOISE

    @property
    def length(self) -> int:
        """Frames."""
        return self.shots[-1][0].stop

    @cached_property
    def frames(self) -> list[Frame]:
        """All frames."""
        random = np.random.default_rng(0)
        return [self._frame(number, random) for number in range(self.length)]

    def flow(self, number: int, other: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Give where each pixel of a frame is in another: offsets (H, W, 2), and (H, W) whether it is seen there."""
        layers, there = self._layers(number), self._layers(other)
        owner, before = self._owners(number), self._owners(other)
        height, width = owner.shape
        grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=2).astype(np.float64)
        flow = np.zeros((height, width, 2))
        if layers is there:
            for index, layer in enumerate(layers):
                moved = _compose(layer.motion(other), _invert(layer.motion(number)))
                flow[owner == index] = (grid @ moved[:, :2].T + moved[:, 2] - grid)[owner == index]
        place = (grid + flow).astype(np.float32)
        seen = cv2.remap(before.astype(np.float32), place[..., 0], place[..., 1], cv2.INTER_NEAREST, borderValue=-1)
        return flow.astype(np.float32), (seen == owner) & (owner >= 0) & (layers is there)

    def _layers(self, number: int) -> Sequence[Layer]:
        return next(layers for frames, layers in self.shots if number in frames)

    def _owners(self, number: int) -> NDArray[np.int64]:
        """Give the number of the layer that is seen at each pixel; -1 at the borders of one."""
        owner = np.zeros(SIZE[::-1], np.int64)
        for index, layer in enumerate(self._layers(number)):
            opacity = _warp(layer.pixels[..., 3], layer.motion(number))
            owner[opacity > 0] = -1
            inside = cv2.erode((opacity > 0.999).astype(np.uint8), np.ones((2 * _EDGE + 1,) * 2, np.uint8))  # noqa: PLR2004
            around = cv2.dilate((opacity > 0).astype(np.uint8), np.ones((2 * _EDGE + 1,) * 2, np.uint8))
            owner[around > 0] = -1
            owner[inside > 0] = index
        return owner

    def _frame(self, number: int, random: np.random.Generator) -> Frame:
        frame = np.zeros((*SIZE[::-1], 3), np.float32)
        for layer in self._layers(number):
            seen = _warp(layer.pixels, layer.motion(number))
            frame += seen[..., 3:] * (seen[..., :3] - frame)
        frame = frame * self.lightness(number) + random.normal(0, self.noise, frame.shape).astype(np.float32)
        return np.clip(np.rint(frame), 0, 255).astype(np.uint8)


def clips() -> list[MovingClip]:
    """Give the four clips."""
    return [
        MovingClip("still_camera", "still camera, a subject moves", [(range(48), _still_camera())]),
        MovingClip("parallax", "moving camera, three depths", [(range(48), _parallax())]),
        _cut_and_fade(),
        MovingClip("static", "nothing moves, noise", [(range(100), [_photo("cat", lambda _: _place(0, 0, 0.72))])]),
    ]


def _still_camera() -> list[Layer]:
    """Let a flower roll past a building."""
    return [
        _photo("summer_palace", lambda _: _place(-10, -30, 0.53)),
        _disc("flower", (310, 218), 126, lambda number: _place(20 + 5.3 * number, 118, 0.26, turn=2.4 * number)),
    ]


def _parallax() -> list[Layer]:
    """Let a camera go sideways and forward past a flower and a cup, with a building behind."""
    return [
        _photo("summer_palace", lambda number: _place(-8 - 0.7 * number, -34, 0.58 + 0.0004 * number)),
        _disc("flower", (310, 218), 126, lambda number: _place(240 - 2.4 * number, 60, 0.24 + 0.0008 * number)),
        _disc("coffee", (278, 200), 185, lambda number: _place(330 - 4.6 * number, 130, 0.3 + 0.002 * number)),
    ]


def _cut_and_fade() -> MovingClip:
    """Cut from a slow zoom to a pan, fade that out, and the next in."""
    first = [_photo("coffee", lambda number: _place(-30 - 0.8 * number, -30 - 0.6 * number, 0.66 + 0.004 * number))]
    second = [_photo("astronaut", lambda number: _place(-30, -20 - 1.5 * (number - 20), 0.75))]
    third = [_photo("rocket", lambda number: _place(-20 + 0.4 * (number - 48), -30, 0.56))]

    def lightness(number: int) -> float:
        return min(1.0, max(0.0, abs(number - 47.5) - 0.5) / 8) if number >= 20 else 1.0  # noqa: PLR2004

    shots = [(range(20), first), (range(20, 48), second), (range(48, 72), third)]
    return MovingClip("cut_and_fade", "a cut, then a fade out and in", shots, lightness)


def _photo(name: str, motion: Callable[[int], Matrix]) -> Layer:
    rgb = _read(name)
    return Layer(np.dstack([rgb, np.ones(rgb.shape[:2], np.float32)]), motion)


def _disc(name: str, center: tuple[int, int], radius: int, motion: Callable[[int], Matrix]) -> Layer:
    """Cut a disc out of a photograph; its motion is that of its center."""
    rgb = _read(name)
    cut = cv2.getRectSubPix(rgb, (2 * radius, 2 * radius), center)
    y, x = np.mgrid[: 2 * radius, : 2 * radius] - (radius - 0.5)
    opacity = np.clip((radius - 2 - np.hypot(x, y)) / 3, 0, 1).astype(np.float32)
    centered = np.array([[1, 0, -radius], [0, 1, -radius]], np.float64)
    return Layer(np.dstack([cut, opacity]), lambda number: _compose(motion(number), centered))


def _read(name: str) -> NDArray[np.float32]:
    with Image.open(PICTURES / f"{name}.jpg") as image:
        return np.asarray(image.convert("RGB"), np.float32)


def _place(x: float, y: float, scale: float, *, turn: float = 0.0) -> Matrix:
    """Scale, turn (degrees) and move."""
    cosine, sine = scale * np.cos(np.radians(turn)), scale * np.sin(np.radians(turn))
    return np.array([[cosine, -sine, x], [sine, cosine, y]])


def _compose(outer: Matrix, inner: Matrix) -> Matrix:
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def _invert(matrix: Matrix) -> Matrix:
    inverse = np.linalg.inv(matrix[:, :2])
    return np.column_stack([inverse, -inverse @ matrix[:, 2]])


def _warp(pixels: NDArray[np.float32], matrix: Matrix) -> NDArray[np.float32]:
    """Draw a layer at the size of a frame, at half the pixel so that what shrinks has no stair-steps."""
    double = np.array([[2.0, 0, 0.5], [0, 2.0, 0.5]])
    size = SIZE[0] * 2, SIZE[1] * 2
    large = cv2.warpAffine(pixels, _compose(double, matrix), size, flags=cv2.INTER_LINEAR, borderValue=0)
    return cv2.resize(large, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
