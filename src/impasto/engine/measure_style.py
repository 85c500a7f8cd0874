"""Measure paintings as one style, for a style file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import cast

import numpy as np
import torch
from torch import Tensor

from impasto import images
from impasto.core import StyleImage
from impasto.core.network.vgg import smallest_side
from impasto.core.styles import fold, pool_palettes, small_picture
from impasto.engine import sizing, spec
from impasto.engine.device import ComputeConfig, return_memory_eagerly, translate_oom
from impasto.engine.style_file import (
    EXACT_SIDES,
    LONGEST_TEXT,
    MOST_PAINTINGS,
    PICTURE,
    THUMBNAIL_SIDE,
    VERSION,
    NetworkInfo,
    PaintingInfo,
    StyleFile,
    StyleInfo,
    is_style,
    make_thumbnail,
    to_half,
    to_plain,
    write_style,
)
from impasto.engine.stylizer import Stylizer
from impasto.errors import ImageError, InputError, count_noun
from impasto.images import Picture, Source
from impasto.layers import Layer
from impasto.settings import Settings
from impasto.settings.per_painting import check_measurable
from impasto.sizing import Size, with_long_side
from impasto.storage.names import base_name
from impasto.wording import argument

SIDES = (64, 128, 181, 256, 362, 512, 1024, 2048)
"""Long sides at which a style is measured, pixels: the scales of the recipes up to 2048 pixels, and with a style scale
of 0.5 or 2 half or twice those; and where what is interpolated shows most, those between."""
ENLARGED_SIDE = 1024
"""Long side, pixels, to which a painting of any size is brought, as it is beside a result of that size."""


class _MeanTriangles:
    """The mean of second moments, by side and layer: on the CPU, and no more than the sum so far.

    Args:
        count: of the paintings.
    """

    def __init__(self, count: int) -> None:
        self._share = 1 / count
        self._sums: dict[tuple[int, Layer], Tensor] = {}

    def add(self, side: int, layer: Layer, second: Tensor) -> None:
        """Add those of a painting, (C, C)."""
        part, key = self._share * fold(second.cpu()), (side, layer)
        self._sums[key] = self._sums[key] + part if key in self._sums else part

    def take(self, side: int, layer: Layer) -> Tensor:
        """Give the mean, (C (C + 1) / 2,) float32, and forget it."""
        return self._sums.pop((side, layer)).float()


@dataclass(frozen=True)
class _MeasuredPainting:
    """What is kept of one painting until the last."""

    info: PaintingInfo
    gray: bool
    shown: Picture
    """For the thumbnail."""
    small: Tensor | None
    """See `core.styles.small_picture`; on the CPU. None where nothing is to be copied of it."""
    palettes: Mapping[int, Tensor]
    """By the long side."""
    means: Mapping[tuple[int, Layer], Tensor]
    """(C,) float32, on the CPU, by the long side and the layer."""
    compute: ComputeConfig


def measure_style(
    stylizer: Stylizer,
    paintings: Sequence[Source | Picture] | Source | Picture,
    settings: Settings | None = None,
    *,
    name: str = "style",
    credit: str = "",
    on_painting: Callable[[int], None] = lambda _number: None,
) -> StyleFile:
    """Measure paintings as one style, each with equal weight.

    Args:
        stylizer: has the network.
        paintings: one, or a list of several.
        settings: the network, its layers and its precision, the statistic and the crops are read; `Settings()` if not
            given.
        name: of the style, for messages.
        credit: whom to name for the paintings.
        on_painting: called with each painting's number, from 0, before it is measured.

    Raises:
        InputError: a painting, a setting, the network or the device cannot be used.
        OutOfMemoryError: the machine has too little memory.
    """
    paintings = paintings if isinstance(paintings, list | tuple) else [cast("Source | Picture", paintings)]
    settings = settings or Settings()
    if not 1 <= len(paintings) <= MOST_PAINTINGS:
        problem = f"{count_noun(len(paintings), 'painting')} cannot be one style"
        raise InputError(problem, f"Give from 1 to {MOST_PAINTINGS}.")
    if len(credit) > LONGEST_TEXT:
        raise InputError(f"{argument('credit')} has more than {LONGEST_TEXT} characters", "Shorten it.")
    check_measurable(settings)
    layers, fingerprint = spec.style_layers(settings), stylizer.fingerprint(spec.network_spec(settings))
    crops = spec.style_crops(settings, len(paintings))
    sides = _choose_sides(sizing.used_sizes(settings, [_own_size(it) for it in paintings]), smallest_side(layers))
    found: list[_MeasuredPainting] = []
    triangles = _MeanTriangles(len(paintings))
    for number, (painting, crop) in enumerate(zip(paintings, crops, strict=True)):
        on_painting(number)
        with translate_oom():
            found.append(_measure_one(stylizer, painting, settings, crop, sides, layers, triangles))
    return _assemble(found, triangles, settings, sides, layers, fingerprint=fingerprint, name=name, credit=credit)


def _own_size(painting: Source | Picture) -> Size | None:
    if is_style(painting):
        raise ImageError(f"{painting} is a style file already", "Give paintings.")
    return (painting.width, painting.height) if isinstance(painting, Picture) else images.measure(painting)


def _choose_sides(sizes: Sequence[Size | None], smallest: int) -> list[int]:
    """Choose the long sides at which paintings are measured.

    Above `ENLARGED_SIDE` there is a side only where it is less than twice that of the largest painting, and no side is
    so short that the network does not see a painting.

    Raises:
        ImageError: a painting is too narrow at all of them.
    """
    known = [size for size in sizes if size]
    largest = max((max(size) for size in known), default=1)
    useful = [side for side in SIDES if side <= ENLARGED_SIDE or side // 2 < largest]
    sides = [side for side in useful if all(min(with_long_side(size, side)) >= smallest for size in known)]
    if not sides:
        raise ImageError("a painting is too long and narrow for the network", "Crop it.")
    return sides


def _measure_one(
    stylizer: Stylizer,
    painting: Source | Picture,
    settings: Settings,
    crop: str,
    sides: Sequence[int],
    layers: frozenset[Layer],
    triangles: _MeanTriangles,
) -> _MeasuredPainting:
    given = painting if isinstance(painting, Picture) else images.read(painting)
    palettes: dict[int, Tensor] = {}
    means: dict[tuple[int, Layer], Tensor] = {}
    for side in sides:
        opened = stylizer.open(None, [given], spec.for_measuring(settings, side, crop))
        picture, transfer = opened.inputs.subject, opened.transfer
        transfer.check(*transfer.spec.size)
        return_memory_eagerly(opened.compute, opened.load.pixels)
        style, size = StyleImage(opened.tensors.source(picture)), transfer.spec.size
        palettes[side] = style.palette(size)
        for layer, measured in style.moments(size, transfer.reader, layers, spec.statistic(settings)).items():
            means[side, layer] = measured.mean.float().cpu()
            triangles.add(side, layer, measured.second)
    name, digest = to_plain(base_name(given.name)), given.sha256
    small = small_picture(style.image).cpu() if spec.copies_strokes(settings) else None
    info = PaintingInfo(
        name=name,
        sha256=digest,
        width=picture.width,
        height=picture.height,
        small=[] if small is None else list(small.shape),
    )
    shown = images.shrink(picture, THUMBNAIL_SIDE)
    return _MeasuredPainting(info, picture.is_gray, shown, small, palettes, means, opened.compute)


def _assemble(
    found: Sequence[_MeasuredPainting],
    triangles: _MeanTriangles,
    settings: Settings,
    sides: Sequence[int],
    layers: frozenset[Layer],
    *,
    fingerprint: str,
    name: str,
    credit: str,
) -> StyleFile:
    asked, compute = spec.network_spec(settings), found[0].compute
    channels: dict[str, int] = {}
    tensors = {"thumbnail": np.frombuffer(make_thumbnail([it.shown for it in found]), np.uint8)}
    tensors |= {f"{PICTURE} {number}": it.small.numpy() for number, it in enumerate(found) if it.small is not None}
    for side in sides:
        half = side not in EXACT_SIDES
        palette = pool_palettes([it.palettes[side] for it in found]).numpy()
        tensors[f"{side}/palette"] = palette.astype(np.float16) if half else palette
        for layer in sorted(layers):
            means, triangle = torch.stack([it.means[side, layer] for it in found]), triangles.take(side, layer).numpy()
            channels[str(layer)], key = means.shape[1], f"{side}/{layer}"
            tensors[f"{key}/means"] = means.numpy()
            if half:
                tensors[f"{key}/triangle"], tensors[f"{key}/scale"] = to_half(triangle)
            else:
                tensors[f"{key}/triangle"] = triangle
    info = StyleInfo(
        version=VERSION,
        made_by=f"impasto {version('impasto')}",
        paintings=[it.info for it in found],
        credit=to_plain(credit),
        network=NetworkInfo(
            name=to_plain(base_name(asked.name)),
            sha256=fingerprint,
            normalize=asked.normalize,
            pooling=asked.pooling,
            padding=asked.padding,
        ),
        statistic=spec.statistic(settings),
        precision=compute.precision,  # type: ignore[arg-type]  # one of the three, which pydantic checks
        device=str(compute.device),
        threads=compute.threads,
        layers=channels,
        sides=list(sides),
        gray=all(it.gray for it in found),
    )
    return write_style(info, tensors, name)
