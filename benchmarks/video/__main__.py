"""Paint the four clips as films and frame by frame, and measure both.

    PYTHONPATH=src:benchmarks python -m video [CLIP ...]

Writes video.json and a sheet for each clip; what is measured already of another clip stays. Some 20 minutes on two
cores: a film is painted whole, of the frames by themselves a few pairs.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from shared import BENCHMARKS, picture, write

from impasto import Settings, Stylizer, images
from impasto.images import Picture
from impasto.video import paint_film
from impasto.video.painting.painter import ShotFrame, ShotPainter
from impasto.video.read.sources import open_clip
from impasto.video.write.film import FilmSpec, open_film
from video.clips import RATE, SIZE, Frame, MovingClip, clips
from video.measures import StyleJudge, drift, warping_error

FILE = BENCHMARKS / "video.json"
SHEETS = BENCHMARKS.parent / "docs" / "images"
PAINTING = "wheat_field_with_cypresses"
"""Not the one that was tuned on, which is starry_night."""
PAIRS = 4
"""Of frames that are painted by themselves."""
TIMED = 4
"""Frames."""


def main() -> None:
    """Measure the clips that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", metavar="CLIP")
    chosen = parser.parse_args().clips
    for clip in clips():
        if clip.name in chosen or not chosen:
            _keep(clip.name, _measure(clip, PAINTING))


def save_clip(clip: MovingClip, path: Path) -> None:
    """Write a clip without loss."""
    times = tuple(Fraction(number, RATE) for number in range(clip.length))
    with open_film(path, FilmSpec(SIZE, times, Fraction(clip.length, RATE)), codec="ffv1") as film:
        for frame in clip.frames:
            film.write(Picture(frame))


def choose_pairs(clip: MovingClip) -> list[int]:
    """Give the later frames of the pairs that are painted by themselves: none of them in a fade or after a cut."""
    clear = [
        number
        for number in range(2, clip.length)
        if clip.lightness(number) == clip.lightness(number - 1) == 1 and clip.flow(number, number - 1)[1].any()
    ]
    return [clear[round(place)] for place in np.linspace(0, len(clear) - 1, PAIRS)]


def _measure(clip: MovingClip, painting: str) -> dict[str, Any]:
    """Paint a clip both ways, and measure it."""
    settings, pairs = Settings(size=SIZE[0]), choose_pairs(clip)
    film, alone = _paint_film(clip, painting, settings), _paint_alone(clip, painting, settings, pairs)
    seconds_film, seconds_alone = _measure_speed(clip, painting, settings)
    source = dict(enumerate(clip.frames))
    judge = StyleJudge(images.read(picture(painting)), SIZE[0])
    _save_sheet(clip, painting, film, alone, pairs)
    lightness, palette = drift(film) if clip.name == "static" else (None, None)
    return {
        "frames": clip.length,
        "error_source": warping_error(clip, source, pairs),
        "error_alone": warping_error(clip, alone, pairs),
        "error_film": warping_error(clip, film, pairs),
        "style_alone": statistics.mean(judge.gap_closed(source[it], alone[it]) for it in pairs),
        "style_film": statistics.mean(judge.gap_closed(source[it], film[it]) for it in pairs),
        "seconds_alone": seconds_alone,
        "seconds_film": seconds_film,
        "drift_lightness": lightness,
        "drift_palette": palette,
    }


def _measure_speed(clip: MovingClip, painting: str, settings: Settings) -> tuple[float, float]:
    """Give the seconds of a frame of a film and of one by itself, taken in turns: medians."""
    stylizer, style = Stylizer(), images.read(picture(painting))
    frames = [Picture(frame) for frame in clip.frames[: TIMED + 2]]
    painter = ShotPainter(stylizer, [style], frames)
    film, alone = list[float](), list[float]()
    for number, frame in enumerate(frames):
        start = time.perf_counter()
        painter.paint(ShotFrame(number, frame, settings))
        between = time.perf_counter()
        if number > 1:  # the first is painted whole, and the second measures the precision
            film.append(between - start)
            stylizer.stylize(frame, style, settings=settings)
            alone.append(time.perf_counter() - between)
    return statistics.median(film), statistics.median(alone)


def _paint_film(clip: MovingClip, painting: str, settings: Settings) -> dict[int, Frame]:
    """Give the frames of a film."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_clip(clip, folder / "clip.mkv")
        output = folder / "film.mkv"
        paint_film(folder / "clip.mkv", picture(painting), output, settings=settings, codec="ffv1")
        return {number: np.asarray(frame.colors, np.uint8) for number, frame in enumerate(open_clip(output).frames())}


def _paint_alone(clip: MovingClip, painting: str, settings: Settings, pairs: Sequence[int]) -> dict[int, Frame]:
    """Give the frames of pairs, each painted by itself."""
    stylizer, found = Stylizer(), {}
    for number in sorted({it for pair in pairs for it in (pair - 1, pair)}):
        result = stylizer.stylize(clip.frames[number], picture(painting), settings=settings)
        found[number] = np.asarray(result.picture.to_pil(), np.uint8)
    return found


def _save_sheet(
    clip: MovingClip, painting: str, film: dict[int, Frame], alone: dict[int, Frame], pairs: Sequence[int]
) -> None:
    """Write the clip, the frames painted by themselves, and the film, below each other."""
    rows = [np.hstack([frames[number] for number in pairs]) for frames in (dict(enumerate(clip.frames)), alone, film)]
    Image.fromarray(np.vstack(rows)).save(SHEETS / f"video-{clip.name}-{painting}.webp", quality=88)


def _keep(clip: str, measured: dict[str, Any]) -> None:
    known = json.loads(FILE.read_text(encoding="utf-8"))["clips"] if FILE.exists() else {}
    known[clip] = {name: _rounded(value) for name, value in measured.items()}
    about = {"size": "{} x {}".format(*SIZE), "frames a second": RATE, "painting": PAINTING}
    write(FILE, about, clips=known)
    print(clip, json.dumps(known[clip], indent=1), flush=True)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


if __name__ == "__main__":
    main()
