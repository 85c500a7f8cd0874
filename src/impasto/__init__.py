"""Neural style transfer: a photograph and a painting in, a picture out.

    >>> import impasto
    >>> result = impasto.stylize("photo.jpg", "painting.jpg", size=1024, seed=1)
    >>> result.save("picture.png")

`Stylizer` keeps the network between pictures and tells what happens as events.
"""

from typing import TYPE_CHECKING, Any

from impasto.errors import ImpastoError

if TYPE_CHECKING:
    from impasto.engine.estimate import Estimate
    from impasto.engine.events import Event, Finished, Preview, Restart, Started, Step
    from impasto.engine.job import Job, execute
    from impasto.engine.measure_style import measure_style
    from impasto.engine.result import Result
    from impasto.engine.style_file import StyleFile, read_style
    from impasto.engine.stylizer import Losses, Stylizer, stylize
    from impasto.images import Picture
    from impasto.settings import Settings

__all__ = [
    "Estimate",
    "Event",
    "Finished",
    "ImpastoError",
    "Job",
    "Losses",
    "Picture",
    "Preview",
    "Restart",
    "Result",
    "Settings",
    "Started",
    "Step",
    "StyleFile",
    "Stylizer",
    "execute",
    "measure_style",
    "read_style",
    "stylize",
]

_HOMES = {
    **dict.fromkeys(("Event", "Finished", "Preview", "Restart", "Started", "Step"), "engine.events"),
    "Estimate": "engine.estimate",
    "Picture": "images",
    "Settings": "settings",
    **dict.fromkeys(("Job", "execute"), "engine.job"),
    "Result": "engine.result",
    "measure_style": "engine.measure_style",
    **dict.fromkeys(("StyleFile", "read_style"), "engine.style_file"),
    **dict.fromkeys(("Losses", "Stylizer", "stylize"), "engine.stylizer"),
}


def __getattr__(name: str) -> Any:
    # Loaded on first use: `impasto --version` must not wait for torch.
    if name not in _HOMES:
        raise AttributeError(f"module 'impasto' has no attribute '{name}'")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"impasto.{_HOMES[name]}"), name)
