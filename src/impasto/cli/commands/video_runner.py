"""Run `impasto video`: name the film, paint it, show what happens, and say how it ended."""

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.cli.commands.video import VideoOptions
from impasto.cli.display.video import choose_video_display
from impasto.cli.failures import no_wrong_use_after
from impasto.cli.inputs import check_count
from impasto.cli.options import build_settings
from impasto.cli.signals import StopFlag, stop_on_signal
from impasto.cli.terminal import STREAM
from impasto.cli.workers import parse_workers
from impasto.errors import ImageError, InputError, OutputError
from impasto.storage.paths import with_name_of_its_own
from impasto.video.defaults import Consistency
from impasto.video.events import FilmEvent, FilmStarted, FilmStopped, FramePainted
from impasto.video.plan import FilmRequest, plan_film
from impasto.video.read.frames import NUMBER, is_pattern
from impasto.video.render import render
from impasto.video.timeline import parse_keyframes
from impasto.video.workspace import is_waiting
from impasto.video.write.film import ANIMATIONS
from impasto.video.write.frames import is_folder_target

_LONGEST_STEM = 100
"""Characters of a name that nobody chose."""
_NOTICE = b"\nstopping\n"
_AT_ONCE = "interrupted a second time: what is painted is kept, and the same command resumes it"
_PREVIEW = "preview"


def run_video(clip: str, paintings: tuple[str, ...], options: VideoOptions, values: Mapping[str, Any]) -> int:
    """Paint a clip.

    Args:
        clip: as the user named it.
        paintings: likewise.
        options: those of the command.
        values: the settings given as options.

    Returns:
        The exit code: 0; 129, 130 or 143 if a signal ended the film, which the same command resumes.

    Raises:
        InputError: an argument cannot be used, and nothing was painted.
        ImpastoError: painting or writing failed; what is painted is kept.
    """
    request = _make_request(clip, paintings, options, values)
    quiet = options.quiet or options.json
    with stop_on_signal(quiet=quiet, notice=_NOTICE, at_once=_AT_ONCE) as stop:
        return _paint(request, options, stop)


def _paint(request: FilmRequest, options: VideoOptions, stop: StopFlag) -> int:
    begun = False
    event: FilmEvent | None = None
    plan = plan_film(request)
    with (
        choose_video_display(request.clip, json=options.json, quiet=options.quiet) as display,
        no_wrong_use_after(lambda: begun),
    ):
        for event in render(plan, stop=stop):
            if isinstance(event, FilmStarted):
                stop.begin()
            begun = begun or isinstance(event, FramePainted)
            display.on_event(event)
    return stop.exit_code if isinstance(event, FilmStopped) else 0


def _make_request(
    clip: str, paintings: tuple[str, ...], options: VideoOptions, values: Mapping[str, Any]
) -> FilmRequest:
    """Check the arguments, as far as they can be by themselves.

    Raises:
        InputError: one cannot be used.
    """
    if STREAM in (clip, *paintings, options.output):
        raise InputError("a film is read from files and written to one, and - is neither", "Name a file.")
    settings = build_settings(values, options.settings_from)
    keyframes = tuple(parse_keyframes(options.at or ()))
    check_count(paintings, weighed=bool(settings.style_blend or settings.mask or keyframes))
    return FilmRequest(
        clip=clip,
        paintings=paintings,
        output=_name_output(clip, paintings, options),
        settings=settings,
        keyframes=keyframes,
        ease=options.ease,
        consistency=Consistency(options.consistency, options.frame_iterations),
        frames=options.frames,
        every=options.every,
        preview=options.preview,
        rate=_parse_rate(options.rate),
        codec=options.codec,
        quality=options.quality,
        loop=options.loop,
        workers=parse_workers(options.workers, on_cluster=options.cluster is not None),
        cluster=options.cluster,
        keep_frames=options.keep_frames,
        overwrite=options.force,
    )


def _name_output(clip: str, paintings: Sequence[str], options: VideoOptions) -> str:
    """Give the output that the user named, or a name beside the clip that is not taken."""
    if options.output == "":
        raise OutputError("the name of an output is empty", "Name a file.")
    if options.output is not None:
        return _name_preview(options.output) if options.preview else options.output
    if not clip:
        raise ImageError("the name of a clip is empty", "Check the path.")
    source = Path(clip).expanduser()
    source = with_name_of_its_own((source.parent if is_pattern(source.name) else source).absolute())
    suffix = source.suffix.lower() if source.is_file() else ""
    parts = [source.stem, *(Path(it).stem for it in paintings), *([_PREVIEW] if options.preview else [])]
    stem = "-".join(parts)[:_LONGEST_STEM]
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    paths = (source.parent / f"{name}{suffix if suffix in ANIMATIONS else '.mp4'}" for name in names)
    return str(next(path for path in paths if options.force or not path.exists() or is_waiting(path)))


def _name_preview(output: str) -> str:
    """Give the name of a preview of a film: not the film's, since the command that paints that would have to force."""
    path = Path(output).expanduser()
    if not is_folder_target(output):
        return str(path.with_name(f"{path.stem}-{_PREVIEW}{path.suffix}"))
    folder, pattern = (path.parent, path.name) if NUMBER.search(path.name) else (path, "")
    folder = with_name_of_its_own(folder)
    return f"{folder.with_name(f'{folder.name}-{_PREVIEW}')}/{pattern}"


def _parse_rate(text: str | None) -> Fraction | None:
    if text is None:
        return None
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        problem = f"--rate takes frames a second, not {text!r:.40}"
        raise InputError(problem, "Try --rate 25 or --rate 30000/1001.") from None
    if rate <= 0:
        raise InputError(f"--rate takes a number above 0, not {text}", "Try --rate 25.")
    return rate
