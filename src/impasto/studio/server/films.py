"""Films, as they are ordered: which frames, and whether all of it can be painted here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from impasto.engine import sizing
from impasto.errors import InputError, SettingsError
from impasto.settings import SMALLEST_SIZE, Settings
from impasto.sizing import Size
from impasto.studio.limits import Limits, frame_bytes
from impasto.studio.schemas import ClipOut, FilmOrder
from impasto.studio.store import queue
from impasto.video.plan import LONGEST_SIDE


def complete(order: queue.Order, film: FilmOrder, clip: ClipOut, size: Size, limits: Limits) -> queue.Order:
    """Give the order of a film, which states its size and about how many frames it has.

    Raises:
        InputError: there are no such frames, too many of them, or too large ones; or masks, or no painting.
    """
    settings = order.settings
    if not settings.has_content:
        raise SettingsError("this recipe paints without a photograph", "Choose another recipe for a film.")
    if settings.has_style and not order.paintings:
        raise InputError("no painting was given", "Choose at least one.")
    if order.masks or order.keep:
        raise SettingsError("a film cannot have masks in the studio", "Remove them, or use the command for that.")
    if film.start >= clip.seconds or (film.end is not None and film.end <= film.start):
        raise SettingsError("no frame is within this part of the film", f"It is {clip.seconds:.2f} seconds long.")
    if settings.size is None and settings.size_rule == Settings(recipe=settings.recipe).size_rule:
        settings = settings.model_copy(update={"size": max(SMALLEST_SIZE, min(max(size), LONGEST_SIDE))})
    frames = count_frames(film, clip)
    if not film.preview:
        _check_room(frames, sizing.result_size(settings, size), limits)
    return replace(order, settings=settings, film=film, frames=frames)


def count_frames(film: FilmOrder, clip: ClipOut) -> int:
    """Count the frames of a film, about: those of a clip need not be evenly spaced."""
    seconds = min(film.end or clip.seconds, clip.seconds) - film.start
    return max(1, -(-round(seconds * clip.rate) // film.every))


def check_clips(orders: Sequence[queue.Order], clips: Mapping[str, ClipOut]) -> None:
    """Refuse clips where pictures belong; an animation may be a painting, by the frame that it begins with.

    Raises:
        SettingsError: one does.
    """
    for order in orders:
        for role, _, picture in order.inputs:
            clip = clips.get(picture)
            if clip is None or (role == "photo" and order.film):
                continue
            if role == "photo":
                raise SettingsError("a film is not painted together with others", "Paint it by itself.")
            if not clip.media_type.startswith("image/"):
                raise SettingsError("a film can be no painting and no mask", "Choose a picture.")


def _check_room(frames: int, size: Size, limits: Limits) -> None:
    """Refuse a film whose painted frames cannot be kept until it is whole."""
    hint = "Paint a part of it, fewer of its frames, or make it smaller."
    if frames > limits.film_frames:
        raise SettingsError(f"the film would have {frames} frames, and at most {limits.film_frames} are painted", hint)
    needed = frames * frame_bytes(size)
    if needed > limits.folder_bytes:
        problem = f"its painted frames would take about {needed / 1e9:.3g} GB"
        raise SettingsError(f"{problem}, and the studio's folder may have {limits.folder_bytes / 1e9:.3g} GB", hint)
