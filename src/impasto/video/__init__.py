"""Moving pictures: a clip in, a painted film out.

`sources` opens clips, `film` writes films; `shots` finds where another shot begins; `painter` paints the frames of a
shot one after the other, each from the one before (`flow`); `timeline` says which settings hold when; `workspace` keeps
what is finished, and `render` does all of it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.video.api import paint_film

__all__ = ["paint_film"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: the command's help, which names some of what is here, must not wait for numpy.
    if name not in __all__:
        raise AttributeError(f"module 'impasto.video' has no attribute '{name}'")
    from impasto.video import api  # noqa: PLC0415

    return getattr(api, name)
