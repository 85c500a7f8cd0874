"""Orders: what is asked for is checked whole, before anything is added to the queue."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from impasto.engine.estimate import Processor
from impasto.engine.forecast import forecast
from impasto.engine.memory import free_memory
from impasto.errors import SettingsError, count_noun
from impasto.settings import Settings
from impasto.settings.per_painting import check_counts
from impasto.sizing import Size, have_one_shape
from impasto.studio.controls import check_sizes, on_this_machine, settings_of
from impasto.studio.limits import Limits
from impasto.studio.schemas import Axis, BatchIn, EstimateOut, FilmOrder, JobIn, JobOut
from impasto.studio.server import films, queries
from impasto.studio.server.dependencies import StudioContext
from impasto.studio.store import batches, processors, queue, quota

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
    order = _complete(context, new)
    _check(context, [order], touch=True)
    quota.check(context.folder, context.limits)
    return queue.enqueue(context.folder, order, context.limits)


def again(former: JobOut) -> JobIn:
    """Order what a job has ordered."""
    return JobIn(
        photo=former.photo and former.photo.id,
        paintings=[it.id for it in former.paintings],
        masks=[it.id for it in former.masks],
        keep=former.keep and former.keep.id,
        settings=former.settings,
        film=former.film and FilmOrder(**former.film.model_dump(include=set(FilmOrder.model_fields))),
    )


def estimate(context: StudioContext, new: JobIn) -> EstimateOut:
    """Estimate what a job would take; refuses what `add` would refuse, but for a full folder.

    Raises:
        InputError: something of it cannot be used.
    """
    order = _complete(context, new)
    settings = order.settings
    sizes = _check(context, [order], touch=False)
    found = processors.published(context.folder)
    processor, memory = found or (_UNKNOWN, free_memory())
    if settings.precision != "auto":
        processor = replace(processor, precision=settings.precision)
    content, styles = _inputs(order, sizes)
    expected = forecast(
        on_this_machine(settings, context.limits), content, styles, processor, memory, masks=_count_masks(order)
    )
    seconds = expected.seconds + _START_SECONDS if found else None
    return EstimateOut(
        width=expected.width,
        height=expected.height,
        seconds=queries.seconds_by_preview(context.folder, order) if order.film else seconds,
        rough=expected.rough,
        frames=order.frames if order.film else None,
        memory=expected.memory,
        tiles=expected.tiles,
        same_as=queries.same_job(context.folder, order),
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
    photos: Sequence[str | None] = list(dict.fromkeys(new.photos)) or [None]
    if len(photos) > 1 and (new.masks or new.keep or new.axes):
        what = "a sheet is of one photograph" if new.axes else "masks belong to one photograph"
        raise SettingsError(what, "Paint one photograph, or leave them out.")
    _check_axes(new.axes, limits)
    cells = [dict(zip((axis.name for axis in new.axes), values, strict=True)) for values in _products(new.axes)]
    queue.check_room(context.folder, len(photos) * len(cells), limits)
    settings = [settings_of(new.settings | cell, limits) for cell in cells]
    orders = [_order(new, photo, each) for photo in photos for each in settings]
    _check(context, orders, touch=True)
    kind: Literal["photographs", "sheet"] = "sheet" if new.axes else "photographs"
    name = plain_name(new.name, limits) or (
        count_noun(len(photos), "photograph") if kind == "photographs" else " by ".join(it.name for it in new.axes)
    )
    quota.check(context.folder, limits)
    return batches.add(context.folder, orders, limits, batches.NewBatch(kind, name, new.axes, new.refused))


def check_count(jobs: Sequence[int], limits: Limits) -> None:
    """Refuse to work on too many jobs at once.

    Raises:
        SettingsError: there are more than the limit.
    """
    if len(jobs) > limits.edited_jobs:
        raise SettingsError(f"{len(jobs)} jobs are too many at once", f"Name at most {limits.edited_jobs}.")


def _check_axes(axes: Sequence[Axis], limits: Limits) -> None:
    """Refuse a sheet that says one thing twice, or is too large."""
    if len({axis.name for axis in axes}) < len(axes):
        raise SettingsError("columns and rows are one setting", "Choose two different ones.")
    for axis in axes:
        if len(set(axis.values)) < len(axis.values):
            raise SettingsError(f"a value of {axis.name} is there twice", "Name each once.")
    cells = math.prod(len(axis.values) for axis in axes)
    if cells > limits.sheet_cells:
        raise SettingsError(f"a sheet has at most {limits.sheet_cells} cells, not {cells}", "Name fewer values.")


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


def _complete(context: StudioContext, new: JobIn) -> queue.Order:
    """Complete what was asked for: a photograph that is a clip makes it a film.

    Raises:
        InputError: something of it cannot be used.
    """
    order = _order(new, new.photo, settings_of(new.settings, context.limits))
    clip = queries.clips(context.folder, [new.photo]).get(new.photo) if new.photo else None
    if clip is None:
        if new.film:
            raise SettingsError("only a clip becomes a film", "Choose a clip, or leave out what is said of the film.")
        return order
    assert new.photo
    size = queries.sizes(context.folder, [new.photo])[new.photo]
    return films.complete(order, new.film or FilmOrder(), clip, size, context.limits)


def _order(new: JobIn | BatchIn, photo: str | None, settings: Settings) -> queue.Order:
    return queue.Order(photo, new.paintings, settings, new.masks, new.keep)


Sizes = Mapping[str, Size]
"""Of pictures, by their ids."""


def _check(context: StudioContext, orders: Sequence[queue.Order], *, touch: bool) -> Sizes:
    """Refuse orders of which one could never be painted; returns the sizes of all their pictures.

    Args:
        context: the studio.
        orders: what is ordered.
        touch: whether to keep the pictures for another while.
    """
    limits = context.limits
    for order in orders:
        if not (order.photo or order.paintings):
            raise SettingsError("neither a photograph nor a painting was given", "Give at least one of them.")
        if len(order.paintings) > limits.paintings:
            problem = f"a job takes at most {count_noun(limits.paintings, 'painting')}, not {len(order.paintings)}"
            raise SettingsError(problem, "Choose fewer of them.")
        check_counts(order.settings, len(order.paintings))
    pictures = {picture for order in orders for _, _, picture in order.inputs}
    if touch:
        queue.touch_pictures(context.folder, sorted(pictures))
    sizes = queries.sizes(context.folder, pictures)
    films.check_clips(orders, queries.clips(context.folder, pictures))
    for order in orders:
        _check_masks(order, sizes)
        content, styles = _inputs(order, sizes)
        check_sizes(order.settings, content, styles, limits, masks=_count_masks(order))
    return sizes


def _inputs(order: queue.Order, sizes: Sizes) -> tuple[Size | None, list[Size]]:
    return sizes[order.photo] if order.photo else None, [sizes[painting] for painting in order.paintings]


def _count_masks(order: queue.Order) -> int:
    return len(order.masks) + bool(order.keep)


def _check_masks(order: queue.Order, sizes: Sizes) -> None:
    """Refuse masks that are not one for each painting, or not of the photograph's shape."""
    if not _count_masks(order):
        return
    if order.photo is None:
        raise SettingsError("a mask needs a photograph", "Choose one, or leave out the masks.")
    if order.masks and len(order.masks) != len(order.paintings):
        given = f"{count_noun(len(order.masks), 'mask')} for {count_noun(len(order.paintings), 'painting')}"
        raise SettingsError(f"the job has {given}", "Draw one for each painting, or none.")
    for mask in [*order.masks, *([order.keep] if order.keep else [])]:
        if not have_one_shape(sizes[mask], sizes[order.photo]):
            problem = "a mask has another shape than the photograph: {} x {} pixels".format(*sizes[mask])
            raise SettingsError(problem, "Draw it again.")
