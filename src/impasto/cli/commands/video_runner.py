"""Run `impasto video`: name the film, paint it, show what happens, and say how it ended."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.cli.display.video import choose_video_display
from impasto.cli.failures import no_wrong_use_after
from impasto.cli.inputs import check_count
from impasto.cli.options import build_settings
from impasto.cli.signals import StopFlag, stop_on_signal
from impasto.cli.terminal import STREAM
from impasto.cli.workers import parse_workers
from impasto.errors import ImageError, InputError, OutputError
from impasto.video.codecs import DEFAULT_QUALITY
from impasto.video.events import FilmEvent, FilmStarted, FilmStopped, FramePainted
from impasto.video.film import ANIMATIONS
from impasto.video.folders import NUMBER
from impasto.video.plan import FilmRequest, plan_film
from impasto.video.render import render
from impasto.video.shot import Consistency
from impasto.video.timeline import Ease, parse_keyframes
from impasto.video.workspace import is_waiting

_LONGEST_STEM = 100
"""Characters of a name that nobody chose."""
_NOTICE = b"\nstopping\n"
_AT_ONCE = "interrupted a second time: what is painted is kept, and the same command goes on"


@dataclass(frozen=True)
class VideoArguments:
    """The arguments of the command, as the user gave them."""

    clip: str
    paintings: tuple[str, ...]
    output: str | None
    at: tuple[str, ...]
    ease: Ease
    consistency: float
    frames: str
    every: int | None
    preview: bool
    rate: str | None
    codec: str | None
    quality: int | None
    loop: bool
    workers: str
    cluster: str | None
    keep_frames: bool
    force: bool
    settings_from: str | None
    json: bool
    quiet: bool


def run_video(arguments: VideoArguments, values: Mapping[str, Any]) -> int:
    """Paint a clip.

    Args:
        arguments: those of the command.
        values: the settings given as options.

    Returns:
        The exit code: 0; 129, 130 or 143 if a signal ended the film, which the same command goes on with.

    Raises:
        InputError: an argument cannot be used, and nothing was painted.
        ImpastoError: painting or writing failed; what is painted is kept.
    """
    request = _make_request(arguments, values)
    quiet = arguments.quiet or arguments.json
    with stop_on_signal(quiet=quiet, notice=_NOTICE, at_once=_AT_ONCE) as stop:
        return _paint(request, arguments, stop)


def _paint(request: FilmRequest, arguments: VideoArguments, stop: StopFlag) -> int:
    begun = False
    event: FilmEvent | None = None
    plan = plan_film(request)
    with (
        choose_video_display(request.clip, json=arguments.json, quiet=arguments.quiet) as display,
        no_wrong_use_after(lambda: begun),
    ):
        for event in render(plan, stop=stop):
            if isinstance(event, FilmStarted):
                stop.begin()
            begun = begun or isinstance(event, FramePainted)
            display.on_event(event)
    return stop.exit_code if isinstance(event, FilmStopped) else 0


def _make_request(arguments: VideoArguments, values: Mapping[str, Any]) -> FilmRequest:
    """Check the arguments, as far as they can be by themselves.

    Raises:
        InputError: one cannot be used.
    """
    if STREAM in (arguments.clip, *arguments.paintings, arguments.output):
        raise InputError("a film is read from files and written to one, and - is none", "Name a file.")
    settings = build_settings(values, arguments.settings_from)
    keyframes = tuple(parse_keyframes(arguments.at))
    check_count(arguments.paintings, weighed=bool(settings.style_blend or settings.mask or keyframes))
    return FilmRequest(
        clip=arguments.clip,
        paintings=arguments.paintings,
        output=_name_output(arguments),
        settings=settings,
        keyframes=keyframes,
        ease=arguments.ease,
        consistency=Consistency(arguments.consistency),
        frames=arguments.frames,
        every=arguments.every,
        preview=arguments.preview,
        rate=_parse_rate(arguments.rate),
        codec=arguments.codec,
        quality=DEFAULT_QUALITY if arguments.quality is None else arguments.quality,
        loop=arguments.loop,
        workers=parse_workers(arguments.workers, on_cluster=arguments.cluster is not None),
        cluster=arguments.cluster,
        keep_frames=arguments.keep_frames,
        overwrite=arguments.force,
    )


def _name_output(arguments: VideoArguments) -> str:
    """Give the output that the user named, or a name beside the clip that is not taken."""
    if arguments.output == "":
        raise OutputError("the name of an output is empty", "Name a file.")
    if arguments.output is not None:
        return arguments.output
    clip = Path(arguments.clip).expanduser()
    if not arguments.clip:
        raise ImageError("the name of a clip is empty", "Check the path.")
    clip = clip.parent if NUMBER.search(clip.name) or "*" in clip.name else clip.absolute()
    suffix = clip.suffix.lower() if clip.is_file() else ""
    parts = [clip.stem, *(Path(it).stem for it in arguments.paintings), *(["preview"] if arguments.preview else [])]
    stem = "-".join(parts)[:_LONGEST_STEM]
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    paths = (clip.parent / f"{name}{suffix if suffix in ANIMATIONS else '.mp4'}" for name in names)
    return str(next(path for path in paths if arguments.force or not path.exists() or is_waiting(path)))


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
