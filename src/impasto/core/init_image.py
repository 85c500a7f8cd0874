"""The image that optimization starts from."""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.color import match_palette

Init = Literal["content", "palette", "noise", "gaussian", "gray", "style"]
Color = tuple[float, float, float]
"""RGB, 0..255."""


def initial_image(
    init: Init,
    content: Tensor,
    style: Tensor | None = None,
    *,
    opacity: Tensor | None = None,
    palette: Tensor | None = None,
    colors_like: Tensor | None = None,
    noise_share: float,
    noise_amplitude: float,
    mean: Color,
    seed: int,
) -> Tensor:
    """Make the image that optimization starts from.

    Args:
        init: `content`; `palette`, the same in the style image's colors; `noise`, uniform in +-amplitude around the
            mean; `gaussian`, the same with a standard deviation; `gray`, the mean; `style`, the style image's own
            colors scattered.
        content: (1, 3, H, W), 0..255; gives the size, the device and the type.
        style: (1, 3, H', W'), 0..255, for the start `style`.
        opacity: (1, 1, H', W'), 0..1, how much each of the style's pixels counts; None for all alike.
        palette: the style's, OkLab, (3, COLORS), for the start `palette`.
        colors_like: (1, 3, H'', W''), an image whose colors stand for the content's there; None for the content itself.
        noise_share: 0..1, how much of the image is replaced by uniform noise around the mean.
        noise_amplitude: in pixel values 0..255.
        mean: the gray that the network subtracts from its input.
        seed: of everything random.

    Returns:
        (1, 3, H, W), about 0..255; noise may leave the range, as it does in the sources.
    """
    generator = seeded_generator(seed)
    middle = _flat(mean, content)
    if init == "noise":
        return middle + _uniform(content, noise_amplitude, generator)
    if init == "gaussian":
        return middle + noise_amplitude * _like(torch.randn(content.shape, generator=generator), content)
    return add_noise(
        _without_noise(init, content, style, opacity, palette, colors_like, middle, generator),
        noise_share,
        noise_amplitude,
        mean,
        generator,
    )


def seeded_generator(seed: int) -> torch.Generator:
    """Make the generator of everything random, on the CPU so that every device starts alike."""
    return torch.Generator().manual_seed(seed)


def add_noise(
    image: Tensor, noise_share: float, noise_amplitude: float, mean: Color, generator: torch.Generator
) -> Tensor:
    """Mix uniform noise and an image, each about the mean, in the shares `noise_share` and the rest: (1, 3, H, W)."""
    if noise_share == 0:
        return image.clone()
    middle = _flat(mean, image)
    return middle + noise_share * _uniform(image, noise_amplitude, generator) + (1 - noise_share) * (image - middle)


def blend_by_region(images: Sequence[Tensor], shares: Sequence[Tensor], elsewhere: Tensor) -> Tensor:
    """Blend images (1, 3, H, W), each with its share of each position, (1, 1, H, W) or a scalar.

    Shares that sum to more than 1 are taken in proportion; what they leave to 1 is `elsewhere`'s.
    """
    total = torch.zeros_like(elsewhere[:, :1])
    for share in shares:
        total = total + share
    mixture = sum((share * image for share, image in zip(shares, images, strict=True)), torch.zeros_like(elsewhere))
    return mixture / total.clamp(min=1) + (1 - total).clamp(min=0) * elsewhere


def pad(image: Tensor, margin: int) -> Tensor:
    """Add a margin that mirrors an image (1, C, H, W): (1, C, H + 2 margin, W + 2 margin).

    At its border a network sees zeros instead of an image, which draws a frame; so that is drawn beside the image.
    """
    if not margin:
        return image
    return F.pad(image, (margin,) * 4, mode="reflect" if margin < min(image.shape[2:]) else "replicate")


def visible_colors(image: Tensor, opacity: Tensor) -> Tensor:
    """Give the colors of an image (1, 3, H, W) where it is at least half as opaque as anywhere: (1, 3, N)."""
    return image.flatten(2)[:, :, opacity.flatten() >= opacity.max() / 2]


def crop_padding(image: Tensor, margin: int) -> Tensor:
    """Give the image without its margin."""
    return image[..., margin : image.shape[2] - margin, margin : image.shape[3] - margin]


def _without_noise(
    init: Init,
    content: Tensor,
    style: Tensor | None,
    opacity: Tensor | None,
    palette: Tensor | None,
    colors_like: Tensor | None,
    middle: Tensor,
    generator: torch.Generator,
) -> Tensor:
    if init == "content":
        return content
    if init == "gray":
        return middle.expand_as(content)
    if init == "palette":
        assert palette is not None  # whoever asks for this start gives one
        # Colors take the optimizer most of its steps, and each position takes the style's color that suits it best.
        like = None if colors_like is None else colors_like.float().cpu()
        return _like(match_palette(content.float().cpu(), palette, like=like), content)
    assert style is not None
    return _scatter(style, opacity, content, generator)


def _flat(color: Color, like: Tensor) -> Tensor:
    return torch.tensor(color, device=like.device, dtype=like.dtype).reshape(1, 3, 1, 1)


def _uniform(like: Tensor, amplitude: float, generator: torch.Generator) -> Tensor:
    return _like(torch.rand(like.shape, generator=generator) * 2 - 1, like) * amplitude


def _scatter(style: Tensor, opacity: Tensor | None, like: Tensor, generator: torch.Generator) -> Tensor:
    """Give every position the color of a random position of the style image, of those that are as opaque as any."""
    colors = style.flatten(2) if opacity is None else visible_colors(style, opacity)
    _, _, height, width = like.shape
    chosen = torch.randint(colors.shape[2], (height * width,), generator=generator).to(style.device)
    return colors[:, :, chosen].reshape(1, 3, height, width)


def _like(noise: Tensor, like: Tensor) -> Tensor:
    return noise.to(device=like.device, dtype=like.dtype)
