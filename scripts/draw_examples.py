"""Draw examples/drawings: in pencil and ink a photograph, as a mosaic and a watercolor paintings, all by a program.

    python scripts/draw_examples.py CAMERA.png

The photograph is `skimage/data/camera.png` of scikit-image; the paintings are of examples/pictures. Lines are
differences of Gaussians (Winnemoeller, Kyprianidis and Olsen 2012, "XDoG"); shadows are strokes, in pencil in three
directions, in ink along the forms. A mosaic's tiles are square Voronoi cells that lie along the forms (Hausner 2001,
"Simulating decorative mosaics"). Watercolor is washes of a few tones whose pigment is uneven and gathers at their rims
(Bousseau et al. 2006, "Interactive watercolor rendering").
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps
from scipy import ndimage
from scipy.spatial import cKDTree

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
DRAWINGS = EXAMPLES / "drawings"
SIDE, DRAWN = 768, 1024
"""Pixels of a drawing, and as it is drawn."""
PENCIL_PAPER, INK_PAPER, INK = (246, 242, 232), (240, 232, 214), (24, 22, 26)
HATCHING = ((-0.8, 0.15), (-0.35, 0.45), (0.5, 0.7))
"""Directions of the pencil's strokes, radians, and from which darkness on there are such."""

TILE, ROUNDS, NEAREST = 20, 12, 6
"""Side of a mosaic's tile, pixels; how often tiles find their places; and how many may own a pixel."""
GROUT = (122, 112, 100)
WATERCOLOR_PAPER, TONES = (250, 248, 240), 7
"""Of a watercolor, and how many washes there are from dark to light."""

Plane = NDArray[np.float64]


class Artist:
    """Draws a tone, (DRAWN, DRAWN), 0 black to 1 white."""

    def __init__(self, tone: Plane) -> None:
        self._tone, self._random = tone, np.random.default_rng(0)
        self._darkness = np.clip(1 - 1.15 * tone, 0, 1)
        self._along, self._edges = _forms(tone, 2, 6)

    def pencil(self) -> Image.Image:
        """Hatching of three directions under soft lines."""
        drawn = 1 - 0.75 * np.clip(1.25 * self._shadows(1.6, 18, 0.3, 6), 0, 1)
        for direction, lightest in HATCHING:
            wanted = 0.35 * np.clip((ndimage.gaussian_filter(self._darkness, 2) - lightest) / 0.5, 0, 1)
            strokes = self._strokes(60_000, wanted, np.full_like(wanted, direction), length=26, width=2, dark=150)
            drawn = drawn * (1 - 0.75 * (1 - strokes))
        grain = np.clip(3 * _noise(self._random, 0.8), 0, 1)
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
        grain = _noise(self._random, 1.2)
        paper: Plane = np.array(color) * (1 + amount * grain[..., None] / grain.std())
        return paper


class Mosaic:
    """Lays a color picture, (DRAWN, DRAWN, 3), 0..255, of tiles."""

    def __init__(self, picture: Plane) -> None:
        self._picture, self._random = picture, np.random.default_rng(0)
        self._along, _ = _forms(picture.mean(axis=2), 3, 12)
        self._pixels: Plane = np.mgrid[:DRAWN, :DRAWN].reshape(2, -1).T + 0.5

    def draw(self) -> Image.Image:
        """Tiles of one color each, on grout; each leans a little, so that light runs over it."""
        sites = self._random.uniform(0, DRAWN, ((DRAWN // TILE) ** 2, 2))
        for _ in range(ROUNDS):
            owner, _ = self._own(sites)
            sites = np.clip(_means(owner, self._pixels, len(sites)), 0, DRAWN - 1)
        owner, gap = self._own(sites)
        colors = _means(owner, self._picture.reshape(-1, 3), len(sites))
        gray = colors.mean(axis=1, keepdims=True)
        colors = gray + 1.25 * (colors - gray) + self._random.normal(0, 9, gray.shape)
        colors += self._random.normal(0, 4, colors.shape)
        lean, offset = self._random.uniform(0, 2 * np.pi, len(sites))[owner], self._pixels - sites[owner]
        light = 14 / TILE * (offset[:, 1] * np.cos(lean) + offset[:, 0] * np.sin(lean))
        tiles = (colors[owner] + light[:, None]).reshape(DRAWN, DRAWN, 3) + self._grain(0.8, 10)
        share = np.clip((ndimage.gaussian_filter(gap, 0.7) - 2.6) / 1.6, 0, 1)[..., None]
        return _shown((np.array(GROUT) + self._grain(1, 14)) * (1 - share) + tiles * share)

    def _own(self, sites: Plane) -> tuple[NDArray[np.intp], Plane]:
        """Give the tile of each pixel, by the larger distance along its sides, and how much further the next is."""
        at = sites.astype(int)
        turn = self._along[at[:, 0], at[:, 1]]
        _, near = cKDTree(sites).query(self._pixels, k=NEAREST)
        down, across = np.moveaxis(self._pixels[:, None] - sites[near], 2, 0)
        cos, sin = np.cos(turn)[near], np.sin(turn)[near]
        distance = np.maximum(np.abs(across * cos + down * sin), np.abs(down * cos - across * sin))
        first, second = np.moveaxis(np.sort(distance, axis=1)[:, :2], 1, 0)
        owner = np.take_along_axis(near, distance.argmin(axis=1)[:, None], axis=1)[:, 0]
        return owner, (second - first).reshape(DRAWN, DRAWN)

    def _grain(self, deviation: float, amount: float) -> Plane:
        return amount * _noise(self._random, deviation)[..., None]


class Watercolor:
    """Washes a color picture, (DRAWN, DRAWN, 3), 0..255."""

    def __init__(self, picture: Plane) -> None:
        self._picture, self._random = picture / 255, np.random.default_rng(0)

    def draw(self) -> Image.Image:
        """Shapes that wobble, white where paper is left, and pigment that gathers at rims and in the paper's grain."""
        color = self._simplified()
        washes = np.floor(TONES * color.mean(axis=2) + self._cloud(14, 0.12)) / TONES + 0.5 / TONES
        washes = ndimage.gaussian_filter(washes, 1.2)
        lightness = np.clip(washes / np.maximum(color.mean(axis=2), 0.05), 0.6, 1.5)
        color = np.clip(color * (0.35 + 0.65 * lightness)[..., None], 0, 1)
        rims = np.clip(6 * (ndimage.gaussian_filter(washes, 5) - washes), 0, 1)
        density = 0.9 * rims + self._cloud(40, 0.16) + self._cloud(10, 0.07) + self._cloud(1.0, 0.06)
        color -= (color - color**2) * density[..., None]
        paper = np.array(WATERCOLOR_PAPER) * (1 + self._cloud(1.3, 0.012))[..., None]
        return _shown(color * paper)

    def _simplified(self) -> Plane:
        places = np.mgrid[:DRAWN, :DRAWN] + np.stack([self._cloud(9, 3) + self._cloud(3, 0.8) for _ in range(2)])
        planes = np.moveaxis(self._picture, 2, 0)
        color = np.stack([ndimage.map_coordinates(it, places, order=1, mode="nearest") for it in planes], axis=-1)
        for _ in range(3):
            color = ndimage.median_filter(color, (13, 13, 1))
        color = 1 - 0.85 * (1 - color)
        white = np.clip((color.mean(axis=2) - 0.62) / 0.2, 0, 1)[..., None]
        simple: Plane = color * (1 - 0.65 * white) + 0.65 * white
        return simple

    def _cloud(self, deviation: float, amount: float) -> Plane:
        cloud = _noise(self._random, deviation)
        return cloud * float(amount / cloud.std())


def _forms(tone: Plane, deviation: float, around: float) -> tuple[Plane, Plane]:
    """Give the direction along the forms of a tone, radians, and how clear it is (structure tensor)."""
    smooth = ndimage.gaussian_filter(tone, deviation)
    dx, dy = ndimage.sobel(smooth, 1), ndimage.sobel(smooth, 0)
    xx, yy, xy = (ndimage.gaussian_filter(product, around) for product in (dx * dx, dy * dy, dx * dy))
    return np.arctan2(2 * xy, xx - yy) / 2 + np.pi / 2, np.hypot(xx - yy, 2 * xy)


def _noise(random: np.random.Generator, deviation: float) -> Plane:
    """Give noise, blurred: (DRAWN, DRAWN)."""
    blurred: Plane = ndimage.gaussian_filter(random.normal(size=(DRAWN, DRAWN)), deviation)
    return blurred


def _means(owner: NDArray[np.intp], values: Plane, owners: int) -> Plane:
    """Give the mean of what each owner has: (owners, C)."""
    count = np.maximum(np.bincount(owner, minlength=owners), 1)
    return np.stack([np.bincount(owner, plane, owners) / count for plane in values.T], axis=1)


def _square(name: str) -> Plane:
    """Give the middle of a picture of the examples: (DRAWN, DRAWN, 3), 0..255."""
    with Image.open(EXAMPLES / "pictures" / f"{name}.jpg") as opened:
        fitted = ImageOps.fit(opened.convert("RGB"), (DRAWN, DRAWN), Image.Resampling.LANCZOS)
        return np.asarray(fitted, np.float64)


def _shown(pixels: Plane) -> Image.Image:
    image = Image.fromarray(np.clip(pixels, 0, 255).round().astype(np.uint8))
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main(photograph: str) -> None:
    """Draw all."""
    with Image.open(photograph) as opened:
        tone = np.asarray(opened.convert("L").resize((DRAWN, DRAWN), Image.Resampling.LANCZOS), np.float64) / 255
    artist = Artist(tone)
    DRAWINGS.mkdir(exist_ok=True)
    drawings = {
        "pencil": artist.pencil(),
        "ink": artist.ink(),
        "mosaic": Mosaic(_square("great_wave")).draw(),
        "watercolor": Watercolor(_square("wheat_field_with_cypresses")).draw(),
    }
    for name, drawing in drawings.items():
        drawing.save(DRAWINGS / f"{name}.jpg", quality=90)


if __name__ == "__main__":
    main(sys.argv[1])
