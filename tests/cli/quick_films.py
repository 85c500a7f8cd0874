"""What the tests of films share: small clips, and places to paint them without a process of their own."""

import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import PIL.Image

from impasto import images
from impasto.engine.sizing import result_size
from impasto.images import Picture
from impasto.images.picture import to_integers
from impasto.settings import Settings
from impasto.video.opened_clips import OpenedClips, open_source
from impasto.video.painted import encode_painted
from impasto.video.shot import PaintedFrame, ShotBegun, ShotDone

QUICK = Settings(
    recipe="fast",
    size=64,
    scales=1,
    margin=0,
    iterations=2,
    init="content",
    precision="float32",
    style_layers="relu1_1",
    content_layers="relu2_1",
)
"""Settings that paint a frame in a tenth of a second."""


def save_painting(path: Path) -> Path:
    stripes = np.where((np.arange(64)[:, None] + np.arange(64)) // 8 % 2, 220, 30)
    PIL.Image.fromarray(np.stack([stripes, 255 - stripes, stripes // 2], 2).astype(np.uint8)).save(path)
    return path


def frame(number: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """A picture with a bright square that moves to the right."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    pixels = np.stack([3 * x, 2 * y + 60, 200 - x - y], 2)
    pixels[10:30, 4 + 3 * number : 20 + 3 * number] = 240
    return np.clip(pixels, 0, 255).astype(np.uint8)


def save_frames(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        PIL.Image.fromarray(frame(number)).save(folder / f"{number:03d}.png")
    return folder


def cut(folder: Path, number: int) -> None:
    """Have another scene begin at a frame of a folder: what is there, in other colors."""
    for path in sorted(folder.glob("*.png"))[number:]:
        with PIL.Image.open(path) as picture:
            inverted = 255 - np.asarray(picture)
        PIL.Image.fromarray(inverted).save(path)


def save_film(path: Path, pictures, rate: int = 10) -> Path:
    """Save a film without loss."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for number, picture in enumerate(pictures):
            shown = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="bgr0")
            shown.pts, shown.time_base = number, Fraction(1, rate)
            file.mux(stream.encode(shown))
        file.mux(stream.encode(None))
    return path


def read_film(path: Path) -> tuple[list[np.ndarray], list[Fraction]]:
    """The pictures of a film, and when each is shown."""
    with av.open(str(path)) as file:
        found = [(shown.to_ndarray(format="rgb24"), shown.pts * shown.time_base) for shown in file.decode(video=0)]
    return [picture for picture, _ in found], [time for _, time in found]


class InlineShots:
    """Paints shots within this process, one after the other, as the worker processes do."""

    stylizer = None

    def __init__(self) -> None:
        self.tasks = []

    def run(self, tasks, stop):
        from impasto.engine.stylizer import Stylizer  # noqa: PLC0415 - loads torch
        from impasto.video.paint import paint_shot  # noqa: PLC0415

        InlineShots.stylizer = InlineShots.stylizer or Stylizer()
        for task in tasks:
            if task is None:
                continue
            self.tasks.append(task)
            yield ShotBegun(task.number)
            for painted in paint_shot(task, self.stylizer, OpenedClips()):
                if stop():
                    return
                yield painted
            yield ShotDone(task.number)


class CopiedShots:
    """Paints nothing: gives the clip's frames, and a state that depends on all of the shot up to there."""

    def run(self, tasks, stop):
        for task in tasks:
            if task is None:
                continue
            yield ShotBegun(task.number)
            pictures = list(open_source(task.clip).frames())
            for index, number in enumerate(task.frames[task.done :], task.done):
                if stop():
                    return
                state = {"sum": zlib.crc32(str(task.frames[: index + 1]).encode())}
                given = pictures[number % len(pictures)]
                size = result_size(task.timeline.base, (given.width, given.height))
                picture = images.resize(Picture(given.colors, depth=8), *size)
                picture = Picture(to_integers(picture, 8), depth=8)
                yield PaintedFrame(task.number, number, encode_painted(picture, state), 0.01)
            yield ShotDone(task.number)
