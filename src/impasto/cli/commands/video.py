"""`impasto video`: a clip, painted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from impasto.cli.options import OUTPUT, Force, Quiet, SettingsFrom, json_option, with_settings
from impasto.cli.signals import exit_on_interrupt
from impasto.video.defaults import (
    DEFAULT_EASE,
    DEFAULT_QUALITY,
    DEFAULT_RATE,
    HIGHEST_QUALITY,
    Consistency,
    Ease,
)

EXAMPLES = """\
Examples:

  impasto video clip.mp4 painting.jpg --preview

  impasto video clip.mp4 painting.jpg -o out.mp4 --at 00:00 strength=0.1 --at 00:05 strength=0.7

The same command resumes a film that was interrupted. Until it is done, painted frames are in OUT.frames.
"""

_CLIP = Group("Clip", sort_key=-1)
_RUN = Group.create_ordered("Run")
_VALUE = re.compile(r"[A-Za-z][\w-]*=")


def _flag(text: str, group: Group) -> Parameter:
    return Parameter(negative="", help=text, group=group)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class VideoOptions:
    """The options of the command beside the settings."""

    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="Where to write the film: .mp4, .mov, .mkv, .webm, .gif, .webp or .apng; a folder such as out/ or a "
            "pattern such as out/%05d.png for its frames. Unset: CLIP-PAINTING.mp4 beside the clip.",
            metavar="FILE",
            group=OUTPUT,
        ),
    ] = None
    at: Annotated[
        list[str] | None,
        Parameter(
            help="Settings at a time of the clip, as SS, MM:SS, HH:MM:SS.mmm or a number of a frame such as 120f: --at "
            "00:03 strength=0.2 fill=0. They go from one such time to the next; at 0 the options of the command hold.",
            metavar="TIME NAME=VALUE",
            negative="",
            group=_CLIP,
        ),
    ] = None
    ease: Annotated[
        Ease,
        Parameter(
            help="How settings go from one --at to the next: smooth, slowly at both ends; linear; step, at once.",
            show_default=True,
            group=_CLIP,
        ),
    ] = DEFAULT_EASE
    consistency: Annotated[
        float,
        Parameter(
            help="How much each frame is held to the one before it; 0 lets strokes change from frame to frame.",
            metavar="NUMBER",
            show_default=True,
            group=_CLIP,
        ),
    ] = Consistency.weight
    frame_iterations: Annotated[
        int,
        Parameter(
            help="Iterations for each frame but the first of a shot, which has --iterations: it begins as the one "
            "before it, so that a few do.",
            metavar="N",
            show_default=True,
            group=_CLIP,
        ),
    ] = Consistency.iterations
    frames: Annotated[
        str,
        Parameter(
            help="Part of the clip to paint: by the numbers of frames from 0, 100:200 is up to but without 200; by "
            "times as for --at, 00:03-00:07.",
            metavar="FROM:TO|FROM-TO",
            group=_CLIP,
        ),
    ] = ""
    every: Annotated[
        int | None,
        Parameter(
            help="Paint every N-th frame, and show it N times as long.",
            metavar="N",
            validator=Number(gte=1, lte=100_000),
            group=_CLIP,
        ),
    ] = None
    preview: Annotated[
        bool,
        _flag(
            "Paint a small film of a few frames from the middle, or of every N-th, and estimate how long the whole "
            "takes. Its name ends in -preview.",
            _CLIP,
        ),
    ] = False
    rate: Annotated[
        str | None,
        Parameter(
            help=f"Frames a second of a folder of pictures, such as 25 or 30000/1001. Unset: {DEFAULT_RATE}.",
            metavar="N",
            group=_CLIP,
        ),
    ] = None
    codec: Annotated[
        str | None,
        Parameter(
            help="h264, hevc, vp9, av1, prores or ffv1, as far as the film's container holds it. Unset: h264, and vp9 "
            "in .webm.",
            metavar="NAME",
            group=OUTPUT,
        ),
    ] = None
    quality: Annotated[
        int,
        Parameter(
            help=f"Quality of the film, from 1 to {HIGHEST_QUALITY}.",
            metavar="N",
            show_default=True,
            group=OUTPUT,
        ),
    ] = DEFAULT_QUALITY
    loop: Annotated[
        bool,
        _flag(
            "Lead the end into the beginning without a seam, and have a GIF, WebP or APNG played without end.",
            OUTPUT,
        ),
    ] = False
    workers: Annotated[
        str,
        Parameter(
            help="Shots at once, each painted by a process of its own. --threads is the number of threads of each.",
            metavar="auto|N",
            show_default=True,
            group=_RUN,
        ),
    ] = "auto"
    cluster: Annotated[
        str | None,
        Parameter(
            help="Paint on a cluster of Ray: auto is the one that this machine is part of; local starts one of this "
            "machine alone. --workers is then the most shots at once.",
            metavar="local|auto|ADDRESS",
            group=_RUN,
        ),
    ] = None
    keep_frames: Annotated[bool, _flag("Keep the painted frames in OUT.frames.", OUTPUT)] = False
    force: Force = False
    settings_from: SettingsFrom = None
    json: Annotated[bool, json_option("each event as a line of JSON to stdout; the last is the result")] = False
    quiet: Quiet = False


DEFAULTS = VideoOptions()


@with_settings(without=frozenset({"save_every", "checkpoint"}))
def video(
    source: Annotated[
        str,
        Parameter(
            name="CLIP",
            help="The clip: a film, an animation, a folder of pictures, or a pattern such as 'frames/%05d.png'.",
        ),
    ],
    paintings: Annotated[
        list[str], Parameter(name="PAINTING", help="The paintings, which give the style.", negative="")
    ],
    /,
    *,
    options: VideoOptions = DEFAULTS,
    **values: Any,
) -> int:
    """Paint a clip in the style of one or more paintings, each frame from the one before.

    --mask and --keep-mask take clips as well: each frame is painted with the mask of its time.
    """
    with exit_on_interrupt():
        from impasto.cli.commands.video_runner import run_video  # noqa: PLC0415
    return run_video(source, tuple(paintings), options, values)


def join_keyframes(arguments: Sequence[str]) -> list[str]:
    """Make one word of the time and the values of each `--at`, of which the parser takes one or all that follows."""
    joined: list[str] = []
    takes_time = takes_values = False
    for word in arguments:
        if takes_values and _VALUE.match(word):
            joined[-1] += f" {word}"
            continue
        takes_values = (takes_time and not word.startswith("--")) or word.startswith("--at=")
        takes_time = word == "--at"
        joined.append(word)
    return joined
