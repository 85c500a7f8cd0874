"""What a run will take, from settings and sizes alone: for who takes orders and must not hold torch."""

from collections.abc import Sequence
from dataclasses import replace

from impasto.engine import sizing
from impasto.engine.estimate import Estimate, Processor, estimate_seconds
from impasto.engine.memory import plan_memory
from impasto.settings import Settings
from impasto.sizing import Size

_ITEM_BYTES = {"bfloat16": 2, "float64": 8}


def forecast(
    settings: Settings,
    content: Size | None,
    styles: Sequence[Size],
    processor: Processor,
    memory: int,
    *,
    masks: int = 0,
) -> Estimate:
    """Estimate what a run will take; `Stylizer.estimate`, which sets it up, says the same.

    Args:
        settings: all of the run's.
        content: the content image's own size; None for a texture.
        styles: the style images' own sizes.
        processor: where the run will compute.
        memory: bytes that can be had there.
        masks: how many there are beside those that the settings name.

    Raises:
        SettingsError: no layer is left, or the size leads out of the range of sizes.
    """
    load = sizing.memory_load(settings, content, styles, _ITEM_BYTES.get(processor.precision, 4))
    plan = plan_memory(replace(load, masks=load.masks + masks), memory)
    work = sizing.workload(settings, load.result, processor, plan)
    seconds, rough = estimate_seconds(work)
    width, height = load.result
    tiles = plan.tiles(width + 2 * work.margin, height + 2 * work.margin)
    return Estimate(width, height, seconds, plan.needed, rough, tiles)
