"""One picture as a piece of work: what the command, a sweep, a batch and the studio's worker all execute."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from impasto import images
from impasto.engine.events import Event, Finished
from impasto.engine.run import run_to_end
from impasto.engine.style_file import StyleFile
from impasto.engine.stylizer import Stylizer
from impasto.images import Picture, Source
from impasto.settings import Settings


@dataclass(frozen=True)
class Job:
    """What is to be made of what, and where it is to go; picklable where its inputs are paths, bytes or pictures."""

    content: Source | Picture | None = None
    """The content image; None for a texture."""
    styles: tuple[Source | Picture | StyleFile, ...] = ()
    """The style images and style files; none to rebuild the content image."""
    settings: Settings = field(default_factory=Settings)
    output: Path | None = None
    """Where `execute` writes the result; None where the caller does that."""
    overwrite: bool = False
    """Whether `output` may replace a file."""


def _ignore(_event: Event) -> None:
    pass


def _never() -> bool:
    return False


def execute(
    job: Job,
    stylizer: Stylizer,
    on_event: Callable[[Event], None] = _ignore,
    *,
    stop: Callable[[], bool] = _never,
    preview_every: int | None = None,
) -> Finished:
    """Run a job to its end.

    Args:
        job: what to do.
        stylizer: keeps the network between jobs.
        on_event: called with each event as it happens, the last one, Finished, after `output` is written.
        stop: asked between steps; once true, the run ends with the picture as it is.
        preview_every: iterations between previews; by default the settings' `save_every`.

    Returns:
        The last event: its `result` is the picture, and `stopped` says whether it ended early.

    Raises:
        InputError: an input, a setting, the network or the device cannot be used; before the first event.
        DivergedError: the objective is not a finite number, even with smaller steps.
        StorageError: the output could not be written.
    """
    if job.output is not None:
        images.check_output(job.output, overwrite=job.overwrite)

    def write_and_pass_on(event: Event) -> None:
        if isinstance(event, Finished) and job.output is not None:
            event.result.save(job.output, overwrite=job.overwrite)
        on_event(event)

    events = stylizer.run(job.content, job.styles, job.settings, stop=stop, preview_every=preview_every)
    return run_to_end(events, write_and_pass_on)
