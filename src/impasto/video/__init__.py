"""Moving pictures: a clip in, a painted film out.

`read` opens clips and `write` makes films; `painting` finds where a shot begins and paints its frames, each from the
one before. `plan` checks what is wanted, `timeline` says which settings hold when, `workspace` keeps what is finished,
and `render` does all of it, with workers of this machine (`local`) or of others (`cluster`).
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
