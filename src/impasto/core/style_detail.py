"""Detail of a style image, laid over an image that has just been enlarged.

What a coarser scale has painted says where strokes run, and not how their ridges and ends look: that is copied from
where the style image looks alike when it is as coarse (image analogies, Hertzmann et al. 2001; example-based
super-resolution, Freeman et al. 2002). The places are found by PatchMatch (Barnes et al. 2009), on patches in few
dimensions.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.pyramid import detail_beyond, resize

PATCH = 8
"""Side of the patches that are compared, pixels of the coarser scale."""
GRID = 2
"""Every so many pixels of the coarser scale a patch is looked up, or further apart where the image is large."""
COMPARED = 2**18
"""Pixels of the coarser scale up to which all patches of a style image are compared."""
DIMENSIONS = 24
"""Principal components of a patch's 3 x 8 x 8 values that are compared."""
FITTED = 4096
"""Patches of the style image, at most, that the components are found from."""
SEARCHES = 4
"""Rounds of PatchMatch; more find hardly anything better."""
JUMPS = (8, 4, 2, 1)
"""Distances, in patches, over which a match is handed on."""
COHERENCE = 1.3
"""How much worse a match may be for each neighbor that it continues: strokes are copied whole, not in crumbs."""
SHARPNESS = 4.0
"""Exponent of the bilinear weights by which neighboring patches are blended: more than one keeps their energy."""
BAND = 2**20
"""Pixels that are copied at once."""
FAINT = 4.0
"""Variance, of levels 0..255, of a patch with hardly any contrast."""
HIDDEN = 1e4
"""What a patch with a hidden pixel is away from all others."""

_LUMA_CHROMA = ((0.299, 0.587, 0.114), (-0.169, -0.331, 0.5), (0.5, -0.419, -0.081))
"""Rec. 601: what is compared is more of lightness than of color."""


@dataclass(frozen=True)
class StylePicture:
    """A style image beside a result of a finer scale."""

    image: Tensor
    """(1, 3, H', W'), 0..255."""
    opacity: Tensor | None
    """(1, 1, H', W'), 0..1; nothing is copied from where it is not all opaque. None for opaque all over."""
    share: float | Tensor
    """How much of it is wanted, above 0; or where, (1, 1, H, W), 0..1."""


@dataclass(frozen=True)
class _Field:
    """Where patches of an image were found in a style image, for each node of a grid: (rows, columns) each."""

    y: Tensor
    x: Tensor
    distance: Tensor

    def scaled(self, factor: int) -> "_Field":
        """Give it with its places in other units."""
        return _Field(self.y * factor, self.x * factor, self.distance)


def style_detail(
    image: Tensor, styles: Sequence[StylePicture], width: int, height: int, generator: torch.Generator
) -> Tensor:
    """Give the detail that style images have where they look like an image, as coarse as that.

    Of several style images each patch is taken from the one that has the nearest, by distance over share.

    Args:
        image: what a coarser scale has painted: (1, 3, h, w).
        styles: one or more.
        width: of the finer scale, pixels.
        height: the same.
        generator: draws the first guesses; on the CPU.

    Returns:
        (1, 3, height, width): what is to be added to the image, enlarged. Zeros where no style image has a patch.
    """
    ratio = width / image.shape[3]
    stride = _stride(image.shape[2] * image.shape[3])
    grid = max(GRID, stride)
    around = _luma_chroma(F.pad(image, (PATCH,) * 4, mode="replicate"))
    found: list[tuple[Tensor, _Field, Tensor, Tensor, tuple[float, float]]] = []
    for style in styles:
        whole = style.image.to(image)
        coarse = resize(whole, round(whole.shape[3] / ratio), round(whole.shape[2] / ratio))
        if min(coarse.shape[2:]) < PATCH:
            continue
        seen = _luma_chroma(coarse)
        components = _components(seen, generator)
        known, wanted = _describe(seen, components, stride), _describe(around, components, grid)
        if style.opacity is not None:
            hidden = 1 - F.interpolate(style.opacity.to(image), size=coarse.shape[2:], mode="area")
            hidden = F.max_pool2d(hidden, PATCH, stride=stride)[0] * HIDDEN
            known, wanted = torch.cat([known, hidden]), torch.cat([wanted, torch.zeros_like(wanted[:1])])
        field = _match(known, wanted, grid // stride, generator)
        calm = _calm(field, _variance(seen, stride), _variance(around, grid))
        field = field.scaled(stride)
        detail = detail_beyond(whole, coarse.shape[3], coarse.shape[2])
        ratios = whole.shape[2] / coarse.shape[2], whole.shape[3] / coarse.shape[3]  # which rounding parts a little
        found.append((detail, field, calm, _cost(field, style.share), ratios))
    if not found:
        return image.new_zeros(1, 3, height, width)
    best = torch.stack([cost for _, _, _, cost, _ in found]).argmin(dim=0)
    canvas = _Canvas(width, height, grid, ratio, image)
    for number, (detail, field, calm, _, ratios) in enumerate(found):
        canvas.lay(detail, field, calm, best == number, ratios)
    return canvas.picture()


def _stride(pixels: int) -> int:
    """Give how far apart the patches of a style image are that are compared: all, while that is little memory."""
    return min(PATCH // 2, max(1, math.ceil(math.sqrt(pixels / COMPARED))))


def _cost(field: _Field, share: float | Tensor) -> Tensor:
    """Give the distance of each match, larger where less of its style image is wanted."""
    if isinstance(share, Tensor):
        share = F.interpolate(share.to(field.distance), size=field.distance.shape, mode="area")[0, 0]
    return (field.distance + 1) / (share + 1e-6)  # of equal matches the one that is more wanted


def _variance(image: Tensor, stride: int) -> Tensor:
    """Give the variance of the first channel within every so many-th patch: (rows, columns)."""
    luma = image[:, :1]
    mean, square = (F.avg_pool2d(each, PATCH, stride=stride)[0, 0] for each in (luma, luma.square()))
    return (square - mean.square()).clamp(min=0)


def _calm(field: _Field, known: Tensor, wanted: Tensor) -> Tensor:
    """Tell how much of the detail belongs to each match, (rows, columns), 0..1: less of a patch with more contrast.

    Else specks and crumbs come where all is smooth. It is the ratio of the variances, over a few matches.

    Args:
        field: the matches.
        known: the variance of each patch of the style image.
        wanted: of each patch that was looked up.
    """
    planes = torch.stack([wanted, known[field.y, field.x]]).unsqueeze(0)
    around = F.avg_pool2d(F.pad(planes, (1, 1, 1, 1), mode="replicate"), 3, stride=1)[0] + FAINT
    return (around[0] / around[1]).clamp(max=1)


def _luma_chroma(image: Tensor) -> Tensor:
    return torch.einsum("ij,bjhw->bihw", image.new_tensor(_LUMA_CHROMA), image)


def _components(image: Tensor, generator: torch.Generator) -> Tensor:
    """Give the principal components of an image's patches, as kernels: (DIMENSIONS, 3, PATCH, PATCH)."""
    patches = image[0].unfold(1, PATCH, 1).unfold(2, PATCH, 1)
    y, x = (torch.randint(places, (FITTED,), generator=generator).to(image.device) for places in patches.shape[1:3])
    chosen = patches[:, y, x].transpose(0, 1).flatten(1)
    centered = chosen - chosen.mean(dim=0)
    largest: Tensor = torch.linalg.eigh((centered.T @ centered).cpu().double())[1][:, -DIMENSIONS:]
    return largest.T.to(image).reshape(-1, 3, PATCH, PATCH)


def _describe(image: Tensor, components: Tensor, stride: int) -> Tensor:
    """Give what every so many-th patch has of each component: (DIMENSIONS, rows, columns)."""
    return F.conv2d(image, components, stride=stride)[0]


def _match(known: Tensor, wanted: Tensor, step: int, generator: torch.Generator) -> _Field:
    """Find the patch of a style image that is nearest to each patch of an image.

    Args:
        known: of the style image: (D, rows, columns).
        wanted: of the image: (D, rows, columns).
        step: how many places of `known` are as far apart as two of `wanted`.
        generator: draws places.
    """
    (_, height, width), shape = known.shape, wanted.shape[1:]
    table, queries = (maps.flatten(1).T.contiguous() for maps in (known, wanted))

    def compared(y: Tensor, x: Tensor) -> _Field:
        y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
        return _Field(y, x, (table[(y * width + x).flatten()] - queries).square().sum(dim=1).reshape(shape))

    def drawn(reach: int) -> Tensor:
        return torch.randint(-reach, reach + 1, shape, generator=generator).to(known.device)

    found = compared(drawn(height).abs(), drawn(width).abs())
    for _ in range(SEARCHES):
        for y, x in _neighbors(found, JUMPS, step):
            found = _nearer(found, compared(y, x))
        reach = max(height, width) // 2
        while reach:
            found = _nearer(found, compared(found.y + drawn(reach), found.x + drawn(reach)))
            reach //= 2
    for _ in range(SEARCHES):
        for y, x in _neighbors(found, (1,), step):
            other = compared(y, x)
            gained = _continued(found, other, step) - _continued(found, found, step)
            found = _chosen(other.distance < found.distance * COHERENCE**gained, other, found)
    return found


def _neighbors(found: _Field, jumps: tuple[int, ...], step: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Give where each patch would be if it continued that of a neighbor, one direction after the other."""
    for jump in jumps:
        for down, right in ((0, jump), (0, -jump), (jump, 0), (-jump, 0)):
            y, x = (torch.roll(places, (down, right), (0, 1)) for places in (found.y, found.x))
            yield y + down * step, x + right * step


def _continued(found: _Field, other: _Field, step: int) -> Tensor:
    """Count the neighbors in a field that the matches of another continue: 0 to 4."""
    continued = [(y == other.y) & (x == other.x) for y, x in _neighbors(found, (1,), step)]
    return torch.stack(continued).float().sum(dim=0)


def _nearer(one: _Field, other: _Field) -> _Field:
    return _chosen(other.distance < one.distance, other, one)


def _chosen(where: Tensor, one: _Field, other: _Field) -> _Field:
    fields = zip((one.y, one.x, one.distance), (other.y, other.x, other.distance), strict=True)
    return _Field(*(torch.where(where, first, second) for first, second in fields))


class _Canvas:
    """Where detail is laid, patch by patch."""

    def __init__(self, width: int, height: int, grid: int, ratio: float, like: Tensor) -> None:
        self._grid = grid
        self._total, self._weights = like.new_zeros(3, height, width), like.new_full((height, width), 1e-6)
        first = (PATCH / 2) * ratio  # what the nodes' patches begin before the image, less half a patch
        self._down, self._across = (
            (torch.arange(length, device=like.device) + 0.5 + first) / (grid * ratio) for length in (height, width)
        )

    def lay(self, detail: Tensor, field: _Field, gain: Tensor, where: Tensor, ratios: tuple[float, float]) -> None:
        """Copy the detail of a style image from where each patch was found, at those nodes that take it from there.

        `gain`, (rows, columns), is how much of it.
        """
        band = max(1, BAND // len(self._across))
        for top in range(0, len(self._down), band):
            for corner in ((0, 0), (0, 1), (1, 0), (1, 1)):
                self._lay_corner(detail, field, gain, where, ratios, slice(top, top + band), corner)

    def _lay_corner(
        self,
        detail: Tensor,
        field: _Field,
        gain: Tensor,
        where: Tensor,
        ratios: tuple[float, float],
        band: slice,
        corner: tuple[int, int],
    ) -> None:
        """Copy into some rows, from the patch of one of the four nodes around each pixel."""
        (rows, columns), (height, width) = where.shape, detail.shape[2:]
        i = (self._down[band].long() + corner[0]).clamp(max=rows - 1).unsqueeze(1)
        j = (self._across.long() + corner[1]).clamp(max=columns - 1)
        down, right = self._down[band].unsqueeze(1) - i, self._across - j
        weights = ((1 - down.abs()).clamp(min=0) * (1 - right.abs()).clamp(min=0)) ** SHARPNESS * where[i, j]
        y = ((field.y[i, j] + PATCH / 2 + down * self._grid) * ratios[0]).long().clamp(0, height - 1)
        x = ((field.x[i, j] + PATCH / 2 + right * self._grid) * ratios[1]).long().clamp(0, width - 1)
        self._total[:, band] += weights * gain[i, j] * detail[0][:, y, x]
        self._weights[band] += weights

    def picture(self) -> Tensor:
        """Give it: (1, 3, H, W)."""
        return (self._total / self._weights).unsqueeze(0)
