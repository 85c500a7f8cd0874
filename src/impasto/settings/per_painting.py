"""Settings that have one part for each painting: as many parts as there are paintings, or none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from impasto.errors import SettingsError, count_noun
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
