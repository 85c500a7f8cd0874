"""The setting `init`: the picture that a run begins with."""

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from impasto.core import init_image as canvas
from impasto.engine.inputs import Inputs
from impasto.engine.sizing import Size, style_size
from impasto.engine.tensors import Planes
from impasto.images import Picture
from impasto.settings import Settings

if TYPE_CHECKING:
    from impasto.core.init_image import Init

Color = tuple[float, float, float]
"""RGB, 0..255."""


def start(
    inputs: Inputs, planes: Planes, settings: Settings, size: Size, *, blend: tuple[float, ...], gray: Color
) -> Tensor:
    """The starting picture of a size (width, height): (1, 3, height, width), about 0..255.

    Args:
        inputs: the pictures.
        planes: the same as tensors.
        settings: `init`, `seed` and what else speaks of the start.
        size: of the picture.
        blend: how much each painting counts where no mask says so.
        gray: what the network takes for zero.
    """
    if inputs.begun:
        base = planes.tensor(inputs.begun, *size)
        generator = torch.Generator().manual_seed(settings.seed)
        return canvas.mixed(base, settings.noise_share, settings.noise_amplitude, gray, generator)

    def begun(painting: Picture | None) -> Tensor:
        return canvas.start(
            cast("Init", settings.init),
            frame,
            planes.tensor(painting, *style_size(settings, painting, size)) if painting else frame,
            noise_share=settings.noise_share,
            noise_amplitude=settings.noise_amplitude,
            gray=gray,
            seed=settings.seed,
        )

    frame = planes.tensor(inputs.subject, *size)
    if settings.init != "palette":
        return begun(next(iter(inputs.styles), None))
    shares = planes.regions(*size) or [frame.new_tensor(share / sum(blend)) for share in blend]
    return canvas.in_places([begun(painting) for painting in inputs.styles], shares, elsewhere=frame)
