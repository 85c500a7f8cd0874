"""A film by one call from Python."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from impasto.settings import Settings
from impasto.video.events import FilmEvent, FilmFinished
from impasto.video.plan import FilmRequest, plan_film
from impasto.video.render import render
from impasto.video.timeline import Keyframe


def paint_film(
    clip: str | os.PathLike[str],
    paintings: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    at: Mapping[str, Mapping[str, Any]] | None = None,
    on_event: Callable[[FilmEvent], object] | None = None,
    **choices: Any,
) -> FilmFinished:
    """Paint a clip in the style of one or more paintings.

    A call that was interrupted is resumed by the same call: see `workspace`.

    Args:
        clip: a film, an animation, a folder of pictures or a pattern such as `frames/%05d.png`.
        paintings: one painting or style file, or several.
        output: the film, or a folder or a pattern for its frames.
        settings: of all frames.
        at: settings by time: `{"00:03": {"strength": 0.2}}`.
        on_event: called with each event as it happens; the last is FilmFinished.
        choices: further fields of `FilmRequest`.

    Raises:
        InputError: the clip, a painting, a setting or the output cannot be used.
        ImpastoError: painting or writing failed; what is finished is kept.
    """
    several = [paintings] if isinstance(paintings, str | os.PathLike) else paintings
    request = FilmRequest(
        clip=os.fspath(clip),
        paintings=tuple(os.fspath(painting) for painting in several),
        output=os.fspath(output),
        settings=settings or Settings(),
        keyframes=tuple(Keyframe(time, values) for time, values in (at or {}).items()),
        **choices,
    )
    event: FilmEvent | None = None
    for event in render(plan_film(request)):
        if on_event is not None:
            on_event(event)
    assert isinstance(event, FilmFinished)
    return event
