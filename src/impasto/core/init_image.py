"""The starting image."""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.color import match_palette, palette

Init = Literal["content", "palette", "noise", "gaussian", "gray", "style"]


def start(
    init: Init,
    content: Tensor,
    style: Tensor,
    *,
    noise_share: float,
    noise_amplitude: float,
    gray: tuple[float, float, float],
    seed: int,
) -> Tensor:
    """The picture that optimization begins with.

    Args:
        init: `content`; `palette`, the same in the painting's colors; `noise`, uniform in +-amplitude around the gray;
            `gaussian`, the same with a standard deviation; `gray`; `style`, the painting's own colors scattered.
        content: (1, 3, H, W), 0..255; gives the frame, the device and the type.
        style: (1, 3, H', W'), 0..255.
        noise_share: 0..1, how much of the start is replaced by uniform noise around the gray.
        noise_amplitude: in pixel values 0..255.
        gray: RGB, 0..255, what the network takes for zero: the mean that it subtracts.
        seed: of the generator, which runs on the CPU so that every device starts alike.

    Returns:
        (1, 3, H, W), about 0..255; noise may leave the range, as it does in the sources.
    """
    generator = torch.Generator().manual_seed(seed)
    middle = _flat(gray, content)
    if init == "noise":
        return middle + _uniform(content, noise_amplitude, generator)
    if init == "gaussian":
        return middle + noise_amplitude * _on(torch.randn(content.shape, generator=generator), content)
    return mixed(_base(init, content, style, middle, generator), noise_share, noise_amplitude, gray, generator)


def framed(image: Tensor, margin: int) -> Tensor:
    """A picture (1, 3, H, W) with a margin around it that mirrors it: (1, 3, H + 2 margin, W + 2 margin).

    What a network sees at a border, zeros instead of a picture, draws a frame; so that is painted beside the picture.
    """
    if not margin:
        return image
    return F.pad(image, (margin,) * 4, mode="reflect" if margin < min(image.shape[2:]) else "replicate")


def unframed(image: Tensor, margin: int) -> Tensor:
    """The picture without its margin."""
    return image[..., margin : image.shape[2] - margin, margin : image.shape[3] - margin]


def in_places(starts: Sequence[Tensor], shares: Sequence[Tensor], elsewhere: Tensor) -> Tensor:
    """Starts for several paintings (1, 3, H, W) in one: each with its share of a place, (1, 1, H, W) or a scalar.

    Shares that sum to more than 1 are taken in proportion; what they leave to 1 is `elsewhere`'s.
    """
    total = torch.zeros_like(elsewhere[:, :1])
    for share in shares:
        total = total + share
    mixture = sum((share * start for share, start in zip(shares, starts, strict=True)), torch.zeros_like(elsewhere))
    return mixture / total.clamp(min=1) + (1 - total).clamp(min=0) * elsewhere


def mixed(
    base: Tensor,
    noise_share: float,
    noise_amplitude: float,
    gray: tuple[float, float, float],
    generator: torch.Generator,
) -> Tensor:
    """Uniform noise and a picture, each about the gray, in the shares `noise_share` and the rest: (1, 3, H, W)."""
    if noise_share == 0:
        return base.clone()
    middle = _flat(gray, base)
    return middle + noise_share * _uniform(base, noise_amplitude, generator) + (1 - noise_share) * (base - middle)


def _base(init: Init, content: Tensor, style: Tensor, gray: Tensor, generator: torch.Generator) -> Tensor:
    if init == "content":
        return content
    if init == "palette":
        # Colors take the minimizer most of its steps, and each place takes the painting's color that suits it best.
        return _on(match_palette(content.float().cpu(), palette(style.float().cpu())), content)
    return gray.expand_as(content) if init == "gray" else _scattered(style, content, generator)


def _flat(color: tuple[float, float, float], like: Tensor) -> Tensor:
    return torch.tensor(color, device=like.device, dtype=like.dtype).reshape(1, 3, 1, 1)


def _uniform(like: Tensor, amplitude: float, generator: torch.Generator) -> Tensor:
    return _on(torch.rand(like.shape, generator=generator) * 2 - 1, like) * amplitude


def _scattered(style: Tensor, like: Tensor, generator: torch.Generator) -> Tensor:
    colors = style.flatten(2)
    _, _, height, width = like.shape
    chosen = torch.randint(colors.shape[2], (height * width,), generator=generator).to(style.device)
    return colors[:, :, chosen].reshape(1, 3, height, width)


def _on(noise: Tensor, like: Tensor) -> Tensor:
    return noise.to(device=like.device, dtype=like.dtype)
