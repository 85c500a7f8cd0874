"""Orders: what is asked for is checked whole, before anything is added to the queue."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from impasto.engine.estimate import Processor
from impasto.engine.forecast import forecast
from impasto.errors import SettingsError, count_noun
from impasto.settings import Settings
from impasto.settings.per_painting import check_counts
from impasto.sizing import Size, have_one_shape
from impasto.studio.controls import check_sizes, settings_of
from impasto.studio.limits import Limits
from impasto.studio.schemas import Axis, BatchIn, EstimateOut, JobIn, JobOut
from impasto.studio.server import queries
from impasto.studio.server.dependencies import StudioContext
from impasto.studio.store import processors, queue, quota

_UNKNOWN = Processor("cpu", "float32", 1)
"""Stands for a worker's where none has started yet: sizes and memory are told all the same."""
_START_SECONDS = 1.0
"""That a job takes beside its iterations: reading, looking for faces, writing."""


def add(context: StudioContext, new: JobIn) -> int:
    """Add a job to the queue, unless it could never be painted; returns its number.

    Raises:
        InputError: something of it cannot be used.
        QuotaError: the studio's folder is full.
    """
    order = _checked(context, new, new.photo, settings_of(new.settings, context.limits))
    quota.check(context.folder, context.limits)
    return queue.enqueue(context.folder, [order], context.limits)[0]


def again(former: JobOut) -> JobIn:
    """Order what a job has ordered."""
    return JobIn(
        photo=former.photo and former.photo.id,
        paintings=[it.id for it in former.paintings],
        masks=[it.id for it in former.masks],
        keep=former.keep and former.keep.id,
        settings=former.settings,
    )


def estimate(context: StudioContext, new: JobIn) -> EstimateOut:
    """Estimate what a job would take; refuses what `add` would refuse, but for a full folder.

    Raises:
        InputError: something of it cannot be used.
    """
    settings = settings_of(new.settings, context.limits)
    order = _checked(context, new, new.photo, settings)
    content, styles = _sizes(context, order)
    found = processors.published(context.folder)
    processor = found or _UNKNOWN
    if settings.precision != "auto":
        processor = replace(processor, precision=settings.precision)
    expected = forecast(settings, content, styles, processor, masks=len(order.masks) + bool(order.keep))
    return EstimateOut(
        width=expected.width,
        height=expected.height,
        seconds=expected.seconds + _START_SECONDS if found else None,
        rough=expected.rough,
        memory=expected.memory,
        tiles=expected.tiles,
        same_as=queries.same_job(context.folder, settings.model_dump_json(), order.inputs),
    )


def add_batch(context: StudioContext, new: BatchIn) -> int:
    """Add the jobs of a batch to the queue, all of them or none; returns its number.

    Raises:
        InputError: something of it cannot be used.
        QuotaError: the studio's folder is full.
    """
    limits = context.limits
    if len(new.photos) > limits.batch_photos:
        problem = f"a batch takes at most {limits.batch_photos} photographs, not {len(new.photos)}"
        raise SettingsError(problem, "Make two of it.")
    if len(new.photos) > 1 and (new.masks or new.keep):
        raise SettingsError("masks belong to one photograph", "Leave them out, or paint one photograph.")
    cells = [dict(zip((axis.name for axis in new.axes), values, strict=True)) for values in _products(new.axes)]
    if len(cells) > limits.sheet_cells:
        raise SettingsError(f"a sheet has at most {limits.sheet_cells} cells, not {len(cells)}", "Name fewer values.")
    photos: Sequence[str | None] = list(dict.fromkeys(new.photos)) or [None]
    settings = [settings_of(new.settings | cell, limits) for cell in cells]
    orders = [_checked(context, new, photo, each) for photo in photos for each in settings]
    kind: Literal["photographs", "sheet"] = "sheet" if new.axes else "photographs"
    name = plain_name(new.name, limits) or (
        count_noun(len(photos), "photograph") if kind == "photographs" else " by ".join(it.name for it in new.axes)
    )
    quota.check(context.folder, limits)
    first = queue.enqueue(context.folder, orders, limits, queue.NewBatch(kind, name, new.axes, new.refused))[0]
    return queries.job(context.folder, first).batch or 0


def plain_name(name: str, limits: Limits) -> str:
    """Reduce a name that somebody typed to printable text of a length.

    Raises:
        SettingsError: it is too long.
    """
    return plain_text(name, "name", limits.name_length)


def plain_text(text: str, noun: str, longest: int) -> str:
    """Reduce what somebody typed to printable text in a line.

    Raises:
        SettingsError: it is too long.
    """
    plain = " ".join("".join(letter for letter in text if letter.isprintable() or letter.isspace()).split())
    if len(plain) > longest:
        raise SettingsError(f"a {noun} has at most {longest} letters", "Choose a shorter one.")
    return plain


def _products(axes: Sequence[Axis]) -> list[tuple[float | int | str, ...]]:
    """Combine the values of the axes: row by row, and in each the columns."""
    return [tuple(reversed(cell)) for cell in itertools.product(*(axis.values for axis in reversed(axes)))]


def _checked(context: StudioContext, new: JobIn | BatchIn, photo: str | None, settings: Settings) -> queue.Order:
    """Refuse an order that could never be painted."""
    folder, limits = context.folder, context.limits
    if not (photo or new.paintings):
        raise SettingsError("neither a photograph nor a painting was given", "Give at least one of them.")
    if len(new.paintings) > limits.paintings:
        problem = f"a job takes at most {count_noun(limits.paintings, 'painting')}, not {len(new.paintings)}"
        raise SettingsError(problem, "Choose fewer of them.")
    check_counts(settings, len(new.paintings))
    order = queue.Order(photo, new.paintings, settings, new.masks, new.keep)
    queue.touch_pictures(folder, [picture for _, _, picture in order.inputs])
    content, styles = _sizes(context, order)
    _check_masks(context, order, content)
    check_sizes(settings, content, styles, limits, masks=len(order.masks) + bool(order.keep))
    return order


def _sizes(context: StudioContext, order: queue.Order) -> tuple[Size | None, list[Size]]:
    photo = _size(context, order.photo) if order.photo else None
    return photo, [_size(context, painting) for painting in order.paintings]


def _size(context: StudioContext, picture: str) -> Size:
    found = queries.picture(context.folder, picture, context.limits)
    return found.width, found.height


def _check_masks(context: StudioContext, order: queue.Order, content: Size | None) -> None:
    """Refuse masks that are not one for each painting, or not of the photograph's shape."""
    masks = [*order.masks, *([order.keep] if order.keep else [])]
    if not masks:
        return
    if content is None:
        raise SettingsError("a mask needs a photograph", "Choose one, or leave out the masks.")
    if order.masks and len(order.masks) != len(order.paintings):
        given = f"{count_noun(len(order.masks), 'mask')} for {count_noun(len(order.paintings), 'painting')}"
        raise SettingsError(f"there are {given}", "Draw one for each painting, or none.")
    for mask in masks:
        width, height = _size(context, mask)
        if not have_one_shape((width, height), content):
            problem = f"a mask has another shape than the photograph: {width} x {height} pixels"
            raise SettingsError(problem, "Draw it again.")
