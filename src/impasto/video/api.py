"""A film by one call from Python."""

import os
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from impasto.errors import SettingsError
from impasto.settings import Settings
from impasto.video.defaults import DEFAULT_EASE, DEFAULT_QUALITY, Consistency, Ease
from impasto.video.events import FilmEvent, FilmFinished, FilmStopped
from impasto.video.plan import plan_film
from impasto.video.render import render
from impasto.video.request import FilmRequest
from impasto.video.timeline import Keyframe


def paint_film(
    clip: str | os.PathLike[str],
    paintings: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    at: Mapping[str, Mapping[str, Any]] | None = None,
    ease: Ease = DEFAULT_EASE,
    consistency: float = Consistency.weight,
    frame_iterations: int = Consistency.iterations,
    frames: str = "",
    every: int | None = None,
    preview: bool = False,
    rate: Fraction | float | None = None,
    codec: str | None = None,
    quality: int = DEFAULT_QUALITY,
    loop: bool = False,
    workers: int | None = None,
    cluster: str | None = None,
    keep_frames: bool = False,
    overwrite: bool = False,
    stop: Callable[[], bool] = lambda: False,
    on_event: Callable[[FilmEvent], object] | None = None,
    **choices: Any,
) -> FilmFinished | FilmStopped:
    """Paint a clip in the style of one or more paintings.

    A call that was interrupted is resumed by the same call: see `workspace`.

    Args:
        clip: a film, an animation, a folder of pictures or a pattern such as `frames/%05d.png`.
        paintings: one painting or style file, or several.
        output: the film, or a folder or a pattern for its frames.
        settings: of all frames, all at once; or
        at: settings by time: `{"00:03": {"strength": 0.2}}`; at 0 those of all frames hold, unless it names others.
        ease: how settings go from one time to the next: smooth, linear or step.
        consistency: how much each frame is held to the one before it.
        frame_iterations: for each frame but the first of a shot.
        frames: part of the clip: `100:200` by numbers, `00:03-00:07` by times.
        every: paint every n-th frame, and show it n times as long.
        preview: paint a small film of a few frames, and estimate how long the whole takes.
        rate: frames a second of a folder of pictures.
        codec: of the film, as far as its container holds it.
        quality: of the film, 1 to 100.
        loop: whether the end is to lead into the beginning.
        workers: shots at once; None for as many as the machine is worth.
        cluster: the address of a cluster to paint on.
        keep_frames: whether to keep the painted frames.
        overwrite: whether the film may replace what exists.
        stop: asked often; once true, the film stops, and what is painted is kept.
        on_event: called with each event as it happens.
        choices: some settings by name: `size=512, recipe="gatys"`.

    Returns:
        The last event: FilmStopped where `stop` said so.

    Raises:
        InputError: the clip, a painting, a setting or the output cannot be used.
        ImpastoError: painting or writing failed; what is finished is kept.
    """
    if settings is not None and choices:
        raise SettingsError("both settings and single choices were given", "Give one or the other.")
    several = [paintings] if isinstance(paintings, str | os.PathLike) else paintings
    request = FilmRequest(
        clip=os.fspath(clip),
        paintings=tuple(os.fspath(painting) for painting in several),
        output=os.fspath(output),
        settings=settings or Settings(**choices),
        consistency=Consistency(consistency, frame_iterations),
        keyframes=tuple(Keyframe(time, values) for time, values in (at or {}).items()),
        ease=ease,
        frames=frames,
        every=every,
        preview=preview,
        rate=None if rate is None else Fraction(rate),
        codec=codec,
        quality=quality,
        loop=loop,
        workers=workers,
        cluster=cluster,
        keep_frames=keep_frames,
        overwrite=overwrite,
    )
    event: FilmEvent | None = None
    for event in render(plan_film(request), stop=stop):
        if on_event is not None:
            on_event(event)
    assert isinstance(event, FilmFinished | FilmStopped)
    return event
