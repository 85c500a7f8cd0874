"""Run a job for a command: read the inputs, execute, show the events and write the outputs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from impasto import images
from impasto.cli import outputs
from impasto.cli.display import Display, choose_display
from impasto.cli.display.animation import FrameRecorder
from impasto.cli.display.steps import StepWriter
from impasto.cli.failures import no_wrong_use_after
from impasto.cli.inputs import read_picture, read_style_input
from impasto.cli.outputs import OutputPaths, RunArguments
from impasto.cli.signals import NOTHING_PAINTED, Interrupted, StopFlag, stop_on_signal
from impasto.cli.terminal import STREAM
from impasto.cluster.connect import check_address, check_installed, connected
from impasto.core.losses.mapped import TileCluster
from impasto.engine.events import Event, Finished, Started, Step
from impasto.engine.job import Job, execute
from impasto.engine.memory import sent_bytes
from impasto.engine.sizing import memory_load
from impasto.engine.spec import input_spec
from impasto.engine.style_file import shown_as, style_input_size
from impasto.engine.stylizer import Stylizer
from impasto.images import Picture
from impasto.settings import Settings

_NOT_WHERE_PLANNED = 1
_LARGEST_ITEM = 4
"""Bytes of a number in the network, where the precision is left open."""


def run(arguments: RunArguments, settings: Settings) -> int:
    """Make a picture of a photograph, of paintings, or of both, and write all its outputs.

    Returns:
        The exit code: 0; 1 when the picture had to be written elsewhere; 129, 130 or 143 when a signal ended the run.

    Raises:
        ImpastoError: an input, an output or a setting cannot be used, or the run or a write failed.
    """
    options = arguments.options
    with stop_on_signal(quiet=options.quiet or options.json) as stop:
        return _run(arguments, settings, stop)


def _run(arguments: RunArguments, settings: Settings, stop: StopFlag) -> int:
    """Do what `run` does."""
    saves_steps = settings.save_every > 0 or settings.rounds > 1
    paths = outputs.plan_outputs(arguments, steps=saves_steps, masks=input_spec(settings).files)
    return _paint(arguments, settings, stop, paths)


def _open_cluster(address: str | None) -> TileCluster | None:
    """Give the cluster that computes the tiles of large pictures, where one is named; it is not connected yet.

    Raises:
        InputError: its packages are not installed, or the address is none.
    """
    if address is None:
        return None
    check_address(address)
    check_installed()
    from impasto.cluster.tiles import RayTiles  # noqa: PLC0415 - an extra

    return RayTiles()


@contextmanager
def _connected(address: str | None, cluster: TileCluster | None, job: Job) -> Iterator[None]:
    """Be connected to the cluster within this context, if the picture is large enough to be computed there.

    Raises:
        ClusterError: no cluster answers.
    """
    if address is None or cluster is None:
        yield
        return
    content = None if job.content is None else style_input_size(job.content)
    item_bytes = _LARGEST_ITEM if job.settings.precision == "auto" else 0
    load = memory_load(job.settings, content, [style_input_size(style) for style in job.styles], item_bytes)
    if load.pixels <= cluster.side**2:
        yield
        return
    with connected(address, sent_bytes(replace(load, remote_tile_side=cluster.side))):
        yield


def _paint(arguments: RunArguments, settings: Settings, stop: StopFlag, paths: OutputPaths) -> int:
    """Make the picture, and write it and what else is asked for."""
    options = arguments.options
    cluster = _open_cluster(arguments.cluster)
    stylizer = Stylizer(cluster=cluster)
    check_memory(stylizer, arguments, settings)
    content = [] if arguments.photo is None else [read_picture(arguments.photo)]
    styles = [read_style_input(painting) for painting in arguments.paintings]
    job = Job(content[0] if content else None, tuple(styles), settings)
    display = choose_display(json=options.json, quiet=options.quiet)
    if options.dry_run:
        display.plan(_plan(job, stylizer))
        return 0
    recorder = _Recorder(paths, display, stop)
    with (
        no_wrong_use_after(lambda: recorder.has_steps),
        _connected(arguments.cluster, cluster, job),
        display,
    ):
        finished = execute(job, stylizer, recorder.on_event, stop=stop, preview_every=recorder.preview_every(settings))
    if finished.stopped and not recorder.has_steps:
        raise Interrupted(stop.exit_code, NOTHING_PAINTED)
    written = outputs.avoid_new_files(paths)
    profile = finished.picture.profile if options.profile == "source" else None
    result = finished.result.without_metadata() if options.strip else finished.result
    place = outputs.write_picture(result.picture, written, result.metadata, profile)
    display.finish(finished, place)
    outputs.report_picture(options, paths.picture, written.picture, place)
    labels = [*("photo" for _ in content), *("painting" for _ in styles), settings.recipe]
    _write_sheet(written, [*content, *(shown_as(style) for style in styles), finished.picture], labels)
    recorder.write(finished, written)
    if written.regions:
        images.save(stylizer.show_regions(job.content, styles, settings), written.regions, overwrite=written.overwrite)
    if place != written.picture:
        return _NOT_WHERE_PLANNED
    return stop.exit_code if finished.stopped else 0


def _plan(job: Job, stylizer: Stylizer) -> Started:
    """Set a job up, and do not run it."""
    started = next(stylizer.run(job.content, job.styles, job.settings))
    assert isinstance(started, Started)
    return started


def check_memory(stylizer: Stylizer, arguments: RunArguments, settings: Settings) -> None:
    """Refuse what takes too much memory before any picture is decoded, unless the size comes from stdin.

    Raises:
        OutOfMemoryError: the result, or a painting beside it, takes more memory than there is.
    """
    if arguments.photo != STREAM:
        paintings = [painting for painting in arguments.paintings if painting != STREAM]
        stylizer.check_memory(arguments.photo, paintings, settings)


class _Recorder:
    """Passes each event to the display, and to those that make the steps, the plot and the animation."""

    def __init__(self, paths: OutputPaths, display: Display, stop: StopFlag) -> None:
        self._display, self._stop = display, stop
        self.has_steps = False
        """Whether anything was painted."""
        self._steps = StepWriter(paths.steps) if paths.steps else None
        self._frames = FrameRecorder(paths.animation) if paths.animation else None
        self._losses = None
        if paths.plot:
            from impasto.cli.display.plot import LossHistory  # noqa: PLC0415 - few runs need matplotlib

            self._losses = LossHistory()

    def preview_every(self, settings: Settings) -> int | None:
        """None, for the settings' own interval, unless only an animation needs previews."""
        return self._frames.preview_interval(settings.iterations) if self._frames and not self._steps else None

    def on_event(self, event: Event) -> None:
        """Pass an event on."""
        if isinstance(event, Started):
            self._stop.begin()
        self.has_steps = self.has_steps or isinstance(event, Step)
        path = self._steps.on_event(event) if self._steps else None
        for observer in (self._losses, self._frames):
            if observer:
                observer.on_event(event)
        self._display.on_event(event, path)

    def write(self, finished: Finished, paths: OutputPaths) -> None:
        """Write the plot and the animation, if they are asked for."""
        if paths.plot and self._losses:
            self._losses.save_plot(paths.plot)
        if paths.animation and self._frames:
            self._frames.save(finished.picture, paths.animation, overwrite=paths.overwrite)


def _write_sheet(paths: OutputPaths, pictures: list[Picture], labels: list[str]) -> None:
    """Write the inputs and the result side by side, if that is asked for."""
    if paths.sheet:
        images.save(images.side_by_side(pictures, labels), paths.sheet, overwrite=paths.overwrite)
