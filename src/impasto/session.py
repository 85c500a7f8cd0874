"""What all scales of a run share: the pictures, the settings, the network and the machine."""

import functools
from pathlib import Path
from typing import cast, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto import images, masks, recoloring
from impasto.core import canvas
from impasto.core.color import gray_of, with_lightness_of
from impasto.core.held import HeldObjective, held
from impasto.core.lightness import LightnessObjective
from impasto.core.objective import Balance, Objective, content_share
from impasto.core.pyramid import resized
from impasto.core.regions import Guidance, grown, guidance
from impasto.core.vgg import VGG, Trunk, smallest_side
from impasto.crops import cropped
from impasto.devices import Machine
from impasto.errors import SettingsError
from impasto.images import Picture
from impasto.layers import Layer
from impasto.masks import Plane
from impasto.settings import Settings
from impasto.sizes import Size, check_side, result_size, style_size

Alpha = NDArray[np.float32]
"""(H, W), 0..1."""


class Inputs:
    """The pictures of a run, as the network is to see them: a photograph, paintings, or both; and its masks.

    Raises:
        ImageError: a mask cannot be used.
        SettingsError: there is neither photograph nor painting, there is not one crop or mask for each painting, or a
            crop does not lie within its painting.
    """

    def __init__(self, content: Picture | None, styles: tuple[Picture, ...], settings: Settings) -> None:
        if not (content or styles):
            raise SettingsError("neither a photograph nor a painting was given", "Give at least one of them.")
        self.photo = content
        """As it was given; `content` has other colors where the settings say so."""
        self.content, self.styles = recoloring.recolored(content, cropped(styles, settings.style_crop), settings.color)
        self.masks = masks.read(settings, self.subject, len(styles))
        # The comparison of precisions, a start and an objective ask for the same sizes one after another.
        self.resized = functools.lru_cache(maxsize=2 + len(styles))(images.resize)

    @property
    def subject(self) -> Picture:
        """Whose aspect and bit depth the result takes: the photograph, or where there is none the first painting."""
        return self.content or self.styles[0]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The photograph, if there is one, and the paintings."""
        return (self.content, *self.styles) if self.content else self.styles


class Session:
    """Pictures and settings, brought to the machine: gives objectives and starting pictures of any size.

    Raises:
        ImageError: a picture is too small for the network.
        SettingsError: the network has no such layer, the blend does not fit the paintings, or the settings ask for
            content or style of a picture that is not there.
    """

    def __init__(self, inputs: Inputs, settings: Settings, machine: Machine, trunk: Trunk) -> None:
        self.inputs, self.settings, self.machine = inputs, settings, machine
        self.balance = _balance(settings)
        _check_present(self.balance, settings, inputs)
        self._gray, self._margin = trunk.mean, settings.margin
        self._alphas: dict[tuple[int, int], Alpha | None] = {}
        self._keeps: dict[tuple[int, int], Tensor] = {}
        self._network = VGG(trunk, self.balance.layers, pooling=settings.pooling, padding=settings.padding)
        self.smallest_side = smallest_side(self.balance.layers)
        self.blend = _blend(settings, inputs)
        for picture in inputs.pictures:
            size = picture.width, picture.height
            check_side(
                size, self.smallest_side, picture, f"Use a picture of at least {self.smallest_side} pixels a side."
            )

    @property
    def _lightness_only(self) -> bool:
        return self.settings.color == "photo"

    @property
    def result_size(self) -> Size:
        """Width and height of the result, pixels."""
        return result_size(self.settings, self.inputs.subject, may_turn=self.inputs.content is not None)

    def check(self, width: int, height: int) -> None:
        """Refuse a size at which the network cannot see the picture, or a painting beside it.

        Raises:
            ImageError: a side is too short.
        """
        check_side(
            (width, height), self.smallest_side, self.inputs.subject, "Use a larger --size, or crop the picture."
        )
        for style in self.inputs.styles:
            size = style_size(self.settings, style, (width, height))
            check_side(size, self.smallest_side, style, "Use a larger --size or --style-scale, or crop the painting.")

    def objective(self, width: int, height: int) -> Objective:
        """The objective for pictures of a size and the margin around them."""
        self.check(width, height)
        content = self.framed(self.tensor(self.inputs.content, width, height)) if self.inputs.content else None
        sizes = [style_size(self.settings, style, (width, height)) for style in self.inputs.styles]
        paintings = [self.tensor(style, *size) for style, size in zip(self.inputs.styles, sizes, strict=True)]
        kind = LightnessObjective if self._lightness_only else Objective
        return kind(self._network, content, paintings, self.blend, self.balance, self._guidance(width, height))

    def held_objective(self, width: int, height: int) -> Objective | HeldObjective:
        """The same as the minimizers see it: what the keep mask covers is held at the photograph."""
        objective, keep, content = self.objective(width, height), self._keep(width, height), self.inputs.content
        if keep is None or content is None:
            return objective
        return HeldObjective(objective, self.framed(self.tensor(content, width, height)), self.framed(keep))

    def start(self, width: int, height: int) -> Tensor:
        """The starting picture of a size with its margin: (1, 3, height + 2 margin, width + 2 margin), 0..255."""
        begun = self._start(width, height)
        return self.framed(self._held(gray_of(begun) if self._lightness_only else begun, self.inputs.content))

    def framed(self, image: Tensor) -> Tensor:
        """A picture (1, 3, H, W) or a mask (1, 1, H, W) with the margin of the settings."""
        return canvas.framed(image, self._margin)

    def resized(self, maps: Tensor, width: int, height: int) -> Tensor:
        """A picture with its margin, or what is of its shape, with the picture within brought to another size."""
        picture = canvas.unframed(maps, self._margin)
        size = picture.shape[3], picture.shape[2]
        return maps if size == (width, height) else self.framed(resized(picture, width, height))

    def grown(self, image: Tensor, width: int, height: int) -> Tensor:
        """A picture of another scale with its margin, brought to a size; where no mask asks for style, it is sharp."""
        picture = canvas.unframed(image, self._margin)
        size, content = (picture.shape[3], picture.shape[2]), self.inputs.content
        if content is None or not self.inputs.masks.styles or size == (width, height):
            return self.resized(image, width, height)
        small, photograph = self.tensor(content, *size), self.tensor(content, width, height)
        return self.framed(grown(picture, small, photograph, self._masks(width, height)))

    def _start(self, width: int, height: int) -> Tensor:
        settings = self.settings
        if settings.init not in get_args(canvas.Start):
            base = self.tensor(_start_picture(settings.init), width, height)
            generator = torch.Generator().manual_seed(settings.seed)
            return canvas.mixed(base, settings.noise_share, settings.noise_amplitude, self._gray, generator)
        frame = self.tensor(self.inputs.subject, width, height)
        if settings.init != "palette":
            return self._begun(frame, next(iter(self.inputs.styles), None))
        starts = [self._begun(frame, style) for style in self.inputs.styles]
        shares = self._masks(width, height) or [frame.new_tensor(share / sum(self.blend)) for share in self.blend]
        return canvas.in_places(starts, shares, elsewhere=frame)

    def _begun(self, frame: Tensor, painting: Picture | None) -> Tensor:
        """The start of a picture of a size, (1, 3, height, width), for one painting."""
        settings, size = self.settings, (frame.shape[3], frame.shape[2])
        return canvas.start(
            cast("canvas.Start", settings.init),
            frame,
            self.tensor(painting, *style_size(settings, painting, size)) if painting else frame,
            noise_share=settings.noise_share,
            noise_amplitude=settings.noise_amplitude,
            gray=self._gray,
            seed=settings.seed,
        )

    def tensor(self, picture: Picture, width: int, height: int) -> Tensor:
        """A picture of a size, on the device: (1, 3, height, width), 0..255."""
        rgb = torch.from_numpy(self.inputs.resized(picture, width, height).rgb)
        planes = rgb.permute(2, 0, 1).unsqueeze(0).contiguous()
        return planes.to(self.machine.device, self.machine.picture_dtype)

    def picture(self, image: Tensor) -> Picture:
        """A tensor with its margin as a picture without: the photograph's transparency, bit depth, profile, and colors.

        The colors are the photograph's only where the settings ask for them. Without a photograph, depth and profile
        are the painting's; its transparency is not of the result's places.
        """
        image = canvas.unframed(image, self._margin).clamp(0, 255).float().cpu()
        if self._lightness_only and self.inputs.photo:
            photo = self.tensor(self.inputs.photo, image.shape[3], image.shape[2])
            image = with_lightness_of(image, photo.float().cpu())
        image = self._held(image, self.inputs.photo)
        rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).numpy())
        size = rgb.shape[1], rgb.shape[0]
        content, subject = self.inputs.content, self.inputs.subject
        if size not in self._alphas:
            self._alphas[size] = (
                None if content is None or content.alpha is None else self.inputs.resized(content, *size).alpha
            )
        return Picture(rgb=rgb, alpha=self._alphas[size], depth=subject.depth, profile=subject.profile)

    def _held(self, image: Tensor, photo: Picture | None) -> Tensor:
        """A picture (1, 3, H, W) with a photograph where the keep mask has it."""
        height, width = image.shape[2:]
        keep = self._keep(width, height)
        if keep is None or photo is None:
            return image
        return held(image, self.tensor(photo, width, height).to(image), keep.to(image))

    def _keep(self, width: int, height: int) -> Tensor | None:
        if self.inputs.masks.keep is None:
            return None
        if (width, height) not in self._keeps:
            self._keeps[width, height] = self._plane(self.inputs.masks.keep, width, height)
        return self._keeps[width, height]

    def _guidance(self, width: int, height: int) -> Guidance | None:
        keep = self._keep(width, height)
        placed = [self.framed(mask) for mask in self._masks(width, height)]
        return guidance(placed, None if keep is None else self.framed(keep), self.blend)

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
        content_weight=settings.content_weight * content_share(settings.strength),
        style_weight=settings.style_weight if settings.strength else 0.0,
        tv_weight=settings.tv_weight if settings.strength else 0.0,
    )
    if not balance.terms():
        raise SettingsError("all weights are 0", "Raise --content-weight, --style-weight or --tv-weight.")
    return balance


def _check_present(balance: Balance, settings: Settings, inputs: Inputs) -> None:
    """Refuse settings that want something of a picture that is not there."""
    wanted = {term.kind for term in balance.terms()}
    if inputs.content is None:
        if "content" in wanted:
            problem = f"no photograph was given for --content-weight {settings.content_weight:g}"
            raise SettingsError(problem, "Give one, or take --content-weight 0 as the recipe 'texture' does.")
        if settings.keep_mask is not None:
            raise SettingsError("--keep-mask needs a photograph to keep", "Give one, or leave out --keep-mask.")
        if settings.color != "style":
            raise SettingsError(f"--color {settings.color} needs a photograph", "Give one, or take --color style.")
        if settings.init in ("content", "palette"):
            raise SettingsError(
                f"--init {settings.init} needs a photograph", "Give one, or start from noise, gray or style."
            )
    if not inputs.styles:
        if "style" in wanted:
            problem = f"no painting was given for --style-weight {settings.style_weight:g}"
            raise SettingsError(problem, "Give one, or take --style-weight 0 as the recipe 'rebuild' does.")
        if settings.init in ("style", "palette"):
            raise SettingsError(
                f"--init {settings.init} needs a painting", "Give one, or start from noise, gray or content."
            )


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
