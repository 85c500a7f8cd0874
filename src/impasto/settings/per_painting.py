"""Settings that have one part for each painting: as many parts as there are paintings, or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from impasto.errors import ImageError, SettingsError, count_noun
from impasto.sizing import Size, have_one_shape
from impasto.wording import argument

if TYPE_CHECKING:
    from impasto.settings import Settings


def check_counts(settings: "Settings", paintings: int) -> None:
    """Check all settings that have one part for each painting.

    Raises:
        SettingsError: one has another number of parts, or the weights are all 0.
    """
    style_weights(settings.style_blend, paintings)
    split_crops(settings.style_crop, paintings)
    check_masks(settings.mask, paintings)


def style_weights(blend: Sequence[float], paintings: int) -> tuple[float, ...]:
    """Give one weight for each painting; equal ones where none are stated.

    Raises:
        SettingsError: there is not one for each, or all are 0.
    """
    weights = tuple(blend) or (1.0,) * paintings
    if len(weights) != paintings:
        counts = f"{count_noun(len(weights), 'weight')} for {count_noun(paintings, 'painting')}"
        problem = f"{argument('style_blend')} has {counts}"
        raise SettingsError(problem, "Give one weight for each painting.")
    if paintings and not sum(weights):
        raise SettingsError(f"{argument('style_blend')} has no weight above 0", "Give at least one painting a weight.")
    return weights


def split_crops(crops: str, paintings: int) -> list[str]:
    """Give one crop for each painting, empty for all of it; none where none are stated.

    Raises:
        SettingsError: there is not one for each.
    """
    if not crops.strip():
        return []
    parts = crops.split(";")
    if len(parts) != paintings:
        raise SettingsError(
            f"{argument('style_crop', crops)} has {count_noun(len(parts), 'crop')} "
            f"for {count_noun(paintings, 'painting')}",
            f"Give {paintings}, separated by ';'; nothing before or after a ';' means the whole painting."
            if paintings > 1
            else "Give one crop.",
        )
    return parts


def check_masks(files: Sequence[str], paintings: int) -> None:
    """Check that there is one mask for each painting, or none.

    Raises:
        SettingsError: there is another number of masks.
    """
    if files and len(files) != paintings:
        raise SettingsError(
            f"{argument('mask')} names {count_noun(len(files), 'mask')} for {count_noun(paintings, 'painting')}",
            "Give one mask for each painting, in their order.",
        )


@dataclass(frozen=True)
class MeasuredWith:
    """What a style file fixes of the settings with which it is used: the network has seen its paintings already."""

    name: str
    """Of the file."""
    network: str
    """Without folders; its weights may have another name elsewhere, and are compared when they are loaded."""
    other_networks: frozenset[str]
    """Names that are known to be those of other weights."""
    choices: Mapping[str, Any]
    """Further settings of the network."""
    layers: frozenset[str]
    """Those that were measured."""


def check_measured(settings: "Settings", styles: Sequence[MeasuredWith | None], *, has_photograph: bool) -> None:
    """Check that settings ask nothing of style files that takes their paintings' pixels, or another network.

    Args:
        settings: all of them.
        styles: each style in order, None for a painting.
        has_photograph: whether there is a content image.

    Raises:
        SettingsError: they do.
    """
    crops = split_crops(settings.style_crop, len(styles))
    for number, style in enumerate(styles):
        if style is None:
            continue
        if number == 0 and not has_photograph:
            problem = f"{style.name} is a style file, and a texture without a photograph needs a painting"
            raise SettingsError(problem, "Give the painting itself, or a photograph.")
        _check_network(settings, style)
        for asked in _pixels_asked(settings, crops[number] if crops else "", first=number == 0):
            problem = f"{style.name} is a style file, without the pixels that {asked} needs"
            raise SettingsError(problem, "Give the painting itself.")


def check_measurable(settings: "Settings") -> None:
    """Check that settings serve to measure a style file: those with which it can be used later.

    Raises:
        SettingsError: they ask for the pixels of every painting; a crop is made before it is measured.
    """
    for asked in _pixels_asked(settings, "", first=False):
        problem = f"{argument('recipe', settings.recipe_name)} has {asked}, which needs the pixels of the painting"
        raise SettingsError(problem, "Paint with the painting itself, or save the style with another recipe.")


def _check_network(settings: "Settings", style: MeasuredWith) -> None:
    for name, own in {"network": style.network, **style.choices}.items():
        wanted = getattr(settings, name)
        if wanted in style.other_networks if name == "network" else wanted != own:
            problem = f"{style.name} was measured with {argument(name, own)}, not {argument(name, wanted)}"
            raise SettingsError(problem, "Make a style file with these settings, or use the painting itself.")
    if not (settings.has_style and settings.strength):
        return
    missing = [name for name, weight in settings.style_layers.items() if weight > 0 and name not in style.layers]
    if missing:
        problem = f"{style.name} does not have the layers {', '.join(missing)} of {argument('style_layers')}"
        raise SettingsError(problem, f"It has {', '.join(sorted(style.layers))}: use those, or the painting itself.")


def _pixels_asked(settings: "Settings", crop: str, *, first: bool) -> list[str]:
    """List the settings that need a painting's own pixels."""
    asked = []
    if first and settings.init == "style":
        asked.append(argument("init", "style"))
    if settings.color != "style":
        asked.append(argument("color", settings.color))
    if crop.strip():
        asked.append(argument("style_crop"))
    if settings.style_fit == "squash":
        asked.append(argument("style_fit", "squash"))
    return asked


def check_mask_shape(name: str, size: Size, masked: str, masked_size: Size, *, kind: str) -> None:
    """Refuse a mask of another shape than what it is of.

    Args:
        name: of the mask.
        size: of the mask.
        masked: the name of what it is of.
        masked_size: its size.
        kind: what that is.

    Raises:
        ImageError: the shapes differ.
    """
    if not have_one_shape(size, masked_size):
        sizes = (f"{width} x {height} pixels" for width, height in (size, masked_size))
        problem = "{} is a mask of another shape than {}: {}, not {}".format(name, masked, *sizes)
        raise ImageError(problem, f"Make it from the {kind}, uncropped; its size does not matter.")
