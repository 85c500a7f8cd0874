"""What all scales of a run share: the pictures, the settings, the network and the machine."""

import functools
from pathlib import Path
from typing import cast, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto import images, masks
from impasto.core import canvas
from impasto.core.held import HeldObjective, held
from impasto.core.objective import Balance, Objective
from impasto.core.pyramid import resized
from impasto.core.regions import Guidance, grown, guidance
from impasto.core.vgg import VGG, Trunk, smallest_side
from impasto.devices import Machine
from impasto.errors import SettingsError
from impasto.images import Picture
from impasto.layers import Layer
from impasto.masks import Masks, Plane
from impasto.settings import Settings
from impasto.sizes import check_side, style_size

Alpha = NDArray[np.float32]
"""(H, W), 0..1."""


class Inputs:
    """The pictures of a run, and its masks."""

    def __init__(self, content: Picture, styles: tuple[Picture, ...], masks: Masks | None = None) -> None:
        self.content, self.styles, self.masks = content, styles, masks or Masks()
        # The comparison of precisions, a start and an objective ask for the same sizes one after another.
        self.resized = functools.lru_cache(maxsize=1 + len(styles))(images.resize)


class Session:
    """Pictures and settings, brought to the machine: gives objectives and starting pictures of any size.

    Raises:
        ImageError: a picture is too small for the network.
        SettingsError: the network has no such layer, or the blend does not fit the paintings.
    """

    def __init__(self, inputs: Inputs, settings: Settings, machine: Machine, trunk: Trunk) -> None:
        self.inputs, self.settings, self.machine = inputs, settings, machine
        self.balance = _balance(settings)
        self._gray = trunk.mean
        self._alphas: dict[tuple[int, int], Alpha | None] = {}
        self._keeps: dict[tuple[int, int], Tensor] = {}
        self._network = VGG(trunk, self.balance.layers, pooling=settings.pooling, padding=settings.padding)
        self.smallest_side = smallest_side(self.balance.layers)
        self.blend = _blend(settings, inputs)
        for picture in (inputs.content, *inputs.styles):
            size = picture.width, picture.height
            check_side(
                size, self.smallest_side, picture, f"Use a picture of at least {self.smallest_side} pixels a side."
            )

    def check(self, width: int, height: int) -> None:
        """Refuse a size at which the network cannot see the picture, or a painting beside it.

        Raises:
            ImageError: a side is too short.
        """
        check_side(
            (width, height), self.smallest_side, self.inputs.content, "Use a larger --size, or crop the picture."
        )
        for style in self.inputs.styles:
            size = style_size(self.settings, style, (width, height))
            check_side(size, self.smallest_side, style, "Use a larger --size or --style-scale, or crop the painting.")

    def objective(self, width: int, height: int) -> Objective:
        """The objective for whole pictures of a size."""
        self.check(width, height)
        content = self.tensor(self.inputs.content, width, height)
        sizes = [style_size(self.settings, style, (width, height)) for style in self.inputs.styles]
        paintings = [self.tensor(style, *size) for style, size in zip(self.inputs.styles, sizes, strict=True)]
        return Objective(self._network, content, paintings, self.blend, self.balance, self._guidance(width, height))

    def held_objective(self, width: int, height: int) -> Objective | HeldObjective:
        """The same as the minimizers see it: what the keep mask covers is held at the photograph."""
        objective, keep = self.objective(width, height), self._keep(width, height)
        if keep is None:
            return objective
        return HeldObjective(objective, self.tensor(self.inputs.content, width, height), keep)

    def start(self, width: int, height: int) -> Tensor:
        """The starting picture of a size: (1, 3, height, width), 0..255."""
        return self._held(self._start(width, height))

    def _start(self, width: int, height: int) -> Tensor:
        settings, seed = self.settings, self.settings.seed
        style = self.inputs.styles[0]
        if settings.init in get_args(canvas.Start):
            return canvas.start(
                cast("canvas.Start", settings.init),
                self.tensor(self.inputs.content, width, height),
                self.tensor(style, *style_size(settings, style, (width, height))),
                noise_share=settings.noise_share,
                noise_amplitude=settings.noise_amplitude,
                gray=self._gray,
                seed=seed,
            )
        base = self.tensor(_start_picture(settings.init), width, height)
        generator = torch.Generator().manual_seed(seed)
        return canvas.mixed(base, settings.noise_share, settings.noise_amplitude, self._gray, generator)

    def grown(self, image: Tensor, width: int, height: int) -> Tensor:
        """A picture of another scale (1, 3, H, W), brought to a size: (1, 3, height, width)."""
        size, content = (image.shape[3], image.shape[2]), self.inputs.content
        if not self.inputs.masks.styles or size == (width, height):
            return resized(image, width, height)
        return grown(
            image, self.tensor(content, *size), self.tensor(content, width, height), self._masks(width, height)
        )

    def tensor(self, picture: Picture, width: int, height: int) -> Tensor:
        """A picture of a size, on the device: (1, 3, height, width), 0..255."""
        rgb = torch.from_numpy(self.inputs.resized(picture, width, height).rgb)
        planes = rgb.permute(2, 0, 1).unsqueeze(0).contiguous()
        return planes.to(self.machine.device, self.machine.picture_dtype)

    def picture(self, image: Tensor) -> Picture:
        """A tensor as a picture, with what is kept of the photograph, its transparency, bit depth and profile."""
        image = self._held(image)
        rgb = np.ascontiguousarray(image[0].clamp(0, 255).permute(1, 2, 0).float().cpu().numpy())
        size = rgb.shape[1], rgb.shape[0]
        content = self.inputs.content
        if size not in self._alphas:
            self._alphas[size] = None if content.alpha is None else self.inputs.resized(content, *size).alpha
        return Picture(rgb=rgb, alpha=self._alphas[size], depth=content.depth, profile=content.profile)

    def _held(self, image: Tensor) -> Tensor:
        """A picture (1, 3, H, W) with the photograph where the keep mask has it."""
        height, width = image.shape[2:]
        keep = self._keep(width, height)
        return image if keep is None else held(image, self.tensor(self.inputs.content, width, height), keep)

    def _keep(self, width: int, height: int) -> Tensor | None:
        if self.inputs.masks.keep is None:
            return None
        if (width, height) not in self._keeps:
            self._keeps[width, height] = self._plane(self.inputs.masks.keep, width, height)
        return self._keeps[width, height]

    def _guidance(self, width: int, height: int) -> Guidance | None:
        return guidance(self._masks(width, height), self._keep(width, height), self.blend)

    def _masks(self, width: int, height: int) -> list[Tensor]:
        return [self._plane(mask, width, height) for mask in self.inputs.masks.styles]

    def _plane(self, mask: Plane, width: int, height: int) -> Tensor:
        """A mask of a size, on the device: (1, 1, height, width), 0..1."""
        plane = torch.from_numpy(masks.resize(mask, width, height))[None, None]
        return plane.to(self.machine.device, self.machine.picture_dtype)


def _balance(settings: Settings) -> Balance:
    if not (settings.content_layers or settings.style_layers):
        raise SettingsError("no layer is given", "Name at least one with --content-layers or --style-layers.")
    balance = Balance(
        convention=settings.convention,
        statistic=settings.statistic,
        content={Layer.parse(name): weight for name, weight in settings.content_layers.items()},
        style={Layer.parse(name): weight for name, weight in settings.style_layers.items()},
        content_weight=settings.content_weight,
        style_weight=settings.style_weight,
        tv_weight=settings.tv_weight,
    )
    if not balance.terms():
        raise SettingsError("all weights are 0", "Raise --content-weight, --style-weight or --tv-weight.")
    return balance


def _blend(settings: Settings, inputs: Inputs) -> tuple[float, ...]:
    if not settings.style_blend:
        return (1.0,) * len(inputs.styles)
    if len(settings.style_blend) != len(inputs.styles):
        raise SettingsError(
            f"--style-blend has {len(settings.style_blend)} weights for {len(inputs.styles)} paintings",
            "Give one weight for each painting.",
        )
    if not sum(settings.style_blend):
        raise SettingsError("--style-blend has no weight above 0", "Give at least one painting a weight.")
    return settings.style_blend


def _start_picture(init: str) -> Picture:
    if not Path(init).exists():
        raise SettingsError(
            f"--init '{init}' is neither a start nor a file",
            f"Choose one of {', '.join(get_args(canvas.Start))}, or give a picture file.",
        )
    return images.read(init)
