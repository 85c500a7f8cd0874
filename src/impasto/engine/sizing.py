"""The sizes of a run, from the settings and the sizes of the inputs alone; loads no torch."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from impasto.engine.estimate import Processor, Workload
from impasto.engine.memory import Load, MemoryPlan, parse_memory
from impasto.errors import SettingsError
from impasto.layers import Layer, limit_depth
from impasto.settings import AUTO_NETWORK, LARGEST_SIZE, ORIGINAL, SIZE_RULE, SMALLEST_SIZE, Settings
from impasto.settings.per_painting import MeasuredWith, split_crops
from impasto.sizing import Scale, Size, padded_pixels, plan_scales, style_size, with_long_side
from impasto.weights.registry import PRUNED, WHOLE, vgg16_for
from impasto.wording import argument

LayerWeights = Mapping[Layer, float]
LAST_LAYER = Layer.parse("relu5_9")
"""Beyond those of every network."""
SHALLOWER_CONTENT = 0.37
"""Share of a content layer's weight that has about its effect at the first layer of block 4, whose activations are
larger: structure is the same by VGG-16 and VGG-19 (decision 28)."""
_ITEM_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "auto": 2}


def result_size(settings: Settings, own: Size, *, may_turn: bool = True) -> Size:
    """Give the size of the result: by `size`, or else by the recipe's `size_rule`.

    A rule of WIDTHxHEIGHT is turned on its side for a picture that stands upright, unless `may_turn` is false: a
    texture, which has no content image, takes any size as it is.

    Args:
        settings: `size` and `size_rule` are read.
        own: of the picture whose aspect the result takes.
        may_turn: whether there is a content image.

    Raises:
        SettingsError: a factor of the picture's own size leads out of the range of sizes.
    """
    if isinstance(settings.size, str):
        return _multiple(own, settings.size)
    if settings.size:
        return with_long_side(own, settings.size)
    rule = re.match(SIZE_RULE, settings.size_rule)
    if rule is None:  # the settings admit nothing else
        raise ValueError(settings.size_rule)
    if rule["rule"] == "long":
        return with_long_side(own, int(rule["length"]))
    if rule["rule"] == "rows":
        return max(1, round(own[0] * int(rule["length"]) / own[1])), int(rule["length"])
    width, height = int(rule["width"]), int(rule["height"])
    fits = not may_turn or (own[0] >= own[1]) == (width >= height)
    return (width, height) if fits else (height, width)


def _multiple(own: Size, size: str) -> Size:
    """Give a picture's own size, or the multiple of it that a factor such as `2x` names."""
    factor = 1.0 if size == ORIGINAL else float(size.removesuffix("x"))
    width, height = (round(side * factor) for side in own)
    if not SMALLEST_SIZE <= max(width, height) <= LARGEST_SIZE:
        problem = f"{argument('size', size)} makes {max(width, height)} pixels of a long side of {max(own)}"
        raise SettingsError(problem, f"Choose a size that is from {SMALLEST_SIZE} to {LARGEST_SIZE} pixels then.")
    return max(1, width), max(1, height)


def style_sizes(settings: Settings, result: Size, styles: Sequence[Size]) -> list[Size]:
    """Give the size at which the network sees each style image."""
    squash = settings.style_fit == "squash"
    return [style_size(own, result, settings.style_scale, squash=squash) for own in styles]


def used_sizes(settings: Settings, styles: Sequence[Size | None]) -> Sequence[Size | None]:
    """Give the size of the part of each style image that is used; None where that is not known."""
    crops = split_crops(settings.style_crop, len(styles)) or [""] * len(styles)
    parts = [crop.split(",")[2:] for crop in crops]
    return [(int(part[0]), int(part[1])) if part else own for part, own in zip(parts, styles, strict=True)]


def scales_of(settings: Settings, size: Size) -> list[Scale]:
    """Plan the scales of a result, for a network that sees the smallest of sizes."""
    return plan_scales(*size, scales=settings.scales, iterations=settings.iterations, decay=settings.iterations_decay)


def memory_load(settings: Settings, content: Size | None, styles: Sequence[Size | None], item_bytes: int = 0) -> Load:
    """Give what a run has to hold in memory.

    Args:
        settings: all of the run's.
        content: the content image's own size; None where there is none.
        styles: the style images' own sizes, None for one that is not known or not seen; where there is no content
            image, the first is known.
        item_bytes: bytes of a number in the network; 0 for the fewest that the settings allow.
    """
    used = used_sizes(settings, styles)
    subject = content or used[0]
    if subject is None:
        raise ValueError("there is neither a content image nor a style image of a known size")
    result = result_size(settings, subject, may_turn=content is not None)
    scales = scales_of(settings, result)
    content_layers, style_layers = compared_layers(settings)
    if len(scales) > 1:
        content_layers, _ = fine_scale_layers(settings, content_layers, style_layers)
    return Load(
        result=result,
        pixels=padded_pixels(result, settings.margin),
        subject=subject,
        recolors=content is not None and settings.color == "photo",
        styles=style_sizes(settings, result, [size for size in used if size]) if settings.has_style else [],
        content_layers=[layer for layer, share in content_layers.items() if share] if settings.has_content else [],
        masks=_count_masks(settings),
        strokes=settings.style_detail > 0 and settings.has_style,
        optimizer=settings.optimizer,
        history=settings.history,
        scales=len(scales),
        iterations=scales[-1].iterations,
        averages=settings.output_iterate != "last",
        item_bytes=item_bytes or _ITEM_BYTES[settings.precision],
        budget=parse_memory(settings.memory),
    )


def scale_work(settings: Settings, size: Size) -> list[Scale]:
    """Plan the scales of a result with the iterations of all rounds; none where nothing is optimized."""
    if settings.strength == 0:
        return []
    return [replace(scale, iterations=scale.iterations * settings.rounds) for scale in scales_of(settings, size)]


def workload(settings: Settings, size: Size, processor: Processor, memory: MemoryPlan | None = None) -> Workload:
    """Give what a run computes that makes a result of a size.

    Raises:
        SettingsError: no layer has a weight.
    """
    return Workload(
        scales=scale_work(settings, size),
        margin=settings.margin,
        network=network_name(settings),
        deepest=deepest_layers(settings),
        optimizer=settings.optimizer,
        processor=processor,
        memory=memory,
    )


def for_styles(settings: Settings, files: Iterable[MeasuredWith]) -> Settings:
    """Give the settings with which style files are used: `auto` is VGG-16 where they were measured on it.

    Raises:
        SettingsError: one was, and another on the pruned network.
    """
    by_network = {file.network: file.name for file in files}
    if settings.network != AUTO_NETWORK or WHOLE not in by_network:
        return settings
    if PRUNED in by_network:
        problem = f"{by_network[WHOLE]} was measured on {WHOLE}, and {by_network[PRUNED]} on {PRUNED}"
        raise SettingsError(problem, "Make one of them again, with the network of the other.")
    return settings.model_copy(update={"network": WHOLE})


def network_name(settings: Settings) -> str:
    """Give the network that the settings name; `auto` is a VGG-16, pruned where it has what is compared.

    It was distilled with maxima in its pools.
    """
    if settings.network != AUTO_NETWORK:
        return settings.network
    if settings.pooling != "max":
        return WHOLE
    return vgg16_for(layer for each in compared_layers(settings) for layer, weight in each.items() if weight > 0)


def compared_layers(settings: Settings) -> tuple[LayerWeights, LayerWeights]:
    """Give the weights of the layers at which content and style are compared at the coarsest scale."""
    content = {Layer.parse(name): weight for name, weight in settings.content_layers.items()}
    return content, {Layer.parse(name): weight for name, weight in settings.style_layers.items()}


def fine_scale_layers(
    settings: Settings, content: LayerWeights, style: LayerWeights
) -> tuple[LayerWeights, LayerWeights]:
    """Limit the depth of layers for all scales but the coarsest, unless nothing would be left of the style."""
    block = settings.fine_scale_block
    limit = Layer.parse(f"relu{block}_1") if block else LAST_LAYER
    limited = limit_depth(style, limit, 0.0)
    if any(style.values()) and not any(limited.values()):
        return content, style
    return limit_depth(content, limit, SHALLOWER_CONTENT), limited


def deepest_layers(settings: Settings) -> tuple[Layer, Layer]:
    """Give as far as which layer the network is run, at the coarsest scale and at all others.

    Raises:
        SettingsError: no layer has a weight.
    """
    coarsest = compared_layers(settings)
    return _deepest(*coarsest), _deepest(*fine_scale_layers(settings, *coarsest))


def _deepest(*weights: LayerWeights) -> Layer:
    names = argument("content_layers"), argument("style_layers")
    if not any(weights):
        raise SettingsError("no layer is given", "Name at least one with {} or {}.".format(*names))
    active = [layer for each in weights for layer, weight in each.items() if weight > 0]
    if not active:
        raise SettingsError("all layers have weight 0", "Give one of {} or {} a weight.".format(*names))
    return max(active)


def _count_masks(settings: Settings) -> int:
    """Count the planes of the result's size that say what is asked for where."""
    masks = len(settings.mask)
    if settings.fill < 1 and settings.has_content and settings.has_style:
        masks = 1 + 2 * max(1, masks)  # where it is empty, and each region in two
    return masks + bool(settings.keep_mask)
