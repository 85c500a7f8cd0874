"""Draw examples/drawings: a drawing in pencil and one in ink, made of a photograph by a program.

    python scripts/draw_examples.py CAMERA.png

The photograph is `skimage/data/camera.png` of scikit-image. Lines are differences of Gaussians (Winnemoeller,
Kyprianidis and Olsen 2012, "XDoG"); shadows are strokes, in pencil in three directions, in ink along the forms.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

DRAWINGS = Path(__file__).resolve().parent.parent / "examples" / "drawings"
SIDE, DRAWN = 768, 1024
"""Pixels of a drawing, and as it is drawn."""
PENCIL_PAPER, INK_PAPER, INK = (246, 242, 232), (240, 232, 214), (24, 22, 26)
HATCHING = ((-0.8, 0.15), (-0.35, 0.45), (0.5, 0.7))
"""Directions of the pencil's strokes, radians, and from which darkness on there are such."""

Plane = NDArray[np.float64]


class Artist:
    """Draws a tone, (DRAWN, DRAWN), 0 black to 1 white."""

    def __init__(self, tone: Plane) -> None:
        self._tone, self._random = tone, np.random.default_rng(0)
        self._darkness = np.clip(1 - 1.15 * tone, 0, 1)
        smooth = ndimage.gaussian_filter(tone, 2)
        dx, dy = ndimage.sobel(smooth, 1), ndimage.sobel(smooth, 0)
        xx, yy, xy = (ndimage.gaussian_filter(product, 6) for product in (dx * dx, dy * dy, dx * dy))
        self._along, self._edges = np.arctan2(2 * xy, xx - yy) / 2 + np.pi / 2, np.hypot(xx - yy, 2 * xy)

    def pencil(self) -> Image.Image:
        """Hatching of three directions under soft lines."""
        drawn = 1 - 0.75 * np.clip(1.25 * self._shadows(1.6, 18, 0.3, 6), 0, 1)
        for direction, lightest in HATCHING:
            wanted = 0.35 * np.clip((ndimage.gaussian_filter(self._darkness, 2) - lightest) / 0.5, 0, 1)
            strokes = self._strokes(60_000, wanted, np.full_like(wanted, direction), length=26, width=2, dark=150)
            drawn = drawn * (1 - 0.75 * (1 - strokes))
        grain = np.clip(3 * ndimage.gaussian_filter(self._random.normal(size=drawn.shape), 0.8), 0, 1)
        drawn = drawn * (1 - 0.12 * grain * (drawn < 0.97))  # noqa: PLR2004 -- where the pencil was
        return _shown(self._paper(PENCIL_PAPER, 0.006) * drawn[..., None] ** 0.9)

    def ink(self) -> Image.Image:
        """Black shapes and lines, and strokes along the forms."""
        wanted = 0.35 * np.clip((ndimage.gaussian_filter(self._darkness, 3) - 0.38) / 0.4, 0, 1)
        wanted = wanted * (self._edges > np.quantile(self._edges, 0.3))
        strokes = self._strokes(45_000, wanted, self._along, length=22, width=3, dark=235)
        drawn = np.minimum(1 - self._shadows(1.8, 28, 0.42, 30), strokes)[..., None]
        return _shown(self._paper(INK_PAPER, 0.012) * drawn + (1 - drawn) * np.array(INK))

    def _shadows(self, deviation: float, sharpness: float, threshold: float, slope: float) -> Plane:
        """Lines and dark shapes, 0..1 (eq. 5 and 7)."""
        fine, coarse = (ndimage.gaussian_filter(self._tone, each) for each in (deviation, 1.6 * deviation))
        difference = (1 + sharpness) * fine - sharpness * coarse
        dark: Plane = np.where(difference >= threshold, 0.0, -np.tanh(slope * (difference - threshold)))
        return dark

    def _strokes(
        self, count: int, wanted: Plane, directions: Plane, *, length: float, width: int, dark: float
    ) -> Plane:
        """Slightly bent strokes at places drawn at random: 1 is paper."""
        canvas = Image.new("L", (DRAWN, DRAWN), 255)
        draw, random = ImageDraw.Draw(canvas), self._random
        for y, x in random.integers(0, DRAWN, (count, 2)):
            if random.random() > wanted[y, x]:
                continue
            turn, bend = directions[y, x] + random.normal(0, 0.06), random.normal(0, 0.004)
            steps = np.linspace(-0.5, 0.5, 7) * length * random.uniform(0.6, 1.3)
            turns = turn + bend * steps
            points = np.stack([x + steps * np.cos(turns), y + steps * np.sin(turns)], axis=1)
            draw.line([tuple(point) for point in points], fill=int(255 - dark * random.uniform(0.6, 1)), width=width)
        return np.asarray(canvas, np.float64) / 255

    def _paper(self, color: tuple[int, int, int], amount: float) -> Plane:
        grain = ndimage.gaussian_filter(self._random.normal(size=(DRAWN, DRAWN)), 1.2)
        paper: Plane = np.array(color) * (1 + amount * grain[..., None] / grain.std())
        return paper


def _shown(pixels: Plane) -> Image.Image:
    image = Image.fromarray(np.clip(pixels, 0, 255).round().astype(np.uint8))
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main(photograph: str) -> None:
    """Draw both."""
    with Image.open(photograph) as opened:
        tone = np.asarray(opened.convert("L").resize((DRAWN, DRAWN), Image.Resampling.LANCZOS), np.float64) / 255
    artist = Artist(tone)
    DRAWINGS.mkdir(exist_ok=True)
    for name, drawing in (("pencil", artist.pencil()), ("ink", artist.ink())):
        drawing.save(DRAWINGS / f"{name}.jpg", quality=90)


if __name__ == "__main__":
    main(sys.argv[1])
