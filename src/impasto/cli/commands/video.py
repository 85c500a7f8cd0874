"""`impasto video`: a clip, painted."""

from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from impasto.cli.options import OUTPUT, Force, Quiet, SettingsFrom, json_option, with_settings
from impasto.cli.signals import exit_on_interrupt

EXAMPLES = """\
Examples:

  impasto video clip.mp4 painting.jpg --preview

  impasto video clip.mp4 painting.jpg -o out.mp4 --at 00:00 strength=0.1 --at 00:05 strength=0.7

The same command goes on with a film that was interrupted. Until it is done, painted frames are in OUT.frames.
"""

_CLIP = Group("Clip", sort_key=-1)
_RUN = Group.create_ordered("Run")


def _flag(text: str, group: Group) -> Parameter:
    return Parameter(negative="", help=text, group=group)


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
    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="Where to write the film: .mp4, .mov, .mkv, .webm, .gif, .webp or .apng; a folder such as out/ or a "
            "pattern such as out/%05d.png for its frames. Unset: CLIP-PAINTING.mp4 beside the clip.",
            metavar="FILE",
            group=OUTPUT,
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        Parameter(
            help="Settings at a time, as SS, MM:SS, HH:MM:SS.mmm or a number of a frame such as 120f: --at 00:03 "
            "strength=0.2 fill=0. Between two such times they go from the one to the other, from the first frame on.",
            metavar="TIME NAME=VALUE",
            consume_multiple=True,
            negative="",
            group=_CLIP,
        ),
    ] = None,
    ease: Annotated[
        Literal["smooth", "linear", "step"],
        Parameter(
            help="How settings go from one --at to the next: smooth, slowly at both ends; linear; step, at once.",
            show_default=True,
            group=_CLIP,
        ),
    ] = "smooth",
    consistency: Annotated[
        float,
        Parameter(
            help="How much each frame is held to the one before it; 0 lets strokes change from frame to frame.",
            metavar="NUMBER",
            validator=Number(gte=0, lte=100),
            show_default=True,
            group=_CLIP,
        ),
    ] = 0.5,
    frames: Annotated[
        str,
        Parameter(
            help="Part of the clip to paint, by the numbers of frames from 0: 100:200 is up to but without 200.",
            metavar="FROM:TO",
            group=_CLIP,
        ),
    ] = "",
    every: Annotated[
        int | None,
        Parameter(
            help="Paint every N-th frame, and show it N times as long.",
            metavar="N",
            validator=Number(gte=1, lte=100_000),
            group=_CLIP,
        ),
    ] = None,
    preview: Annotated[
        bool,
        _flag("Paint a small film of few frames, and estimate how long the whole takes.", _CLIP),
    ] = False,
    rate: Annotated[
        str | None,
        Parameter(
            help="Frames a second of a folder of pictures, such as 25 or 30000/1001. Unset: 24.",
            metavar="N",
            group=_CLIP,
        ),
    ] = None,
    codec: Annotated[
        str | None,
        Parameter(
            help="h264, hevc, vp9, av1, prores or ffv1, as far as the film's container holds it. Unset: h264, and vp9 "
            "in .webm.",
            metavar="NAME",
            group=OUTPUT,
        ),
    ] = None,
    quality: Annotated[
        int | None,
        Parameter(help="Quality of the film, from 1 to 100. Unset: 80.", metavar="N", group=OUTPUT),
    ] = None,
    loop: Annotated[
        bool,
        _flag(
            "Lead the end into the beginning without a seam, and have a GIF, WebP or APNG played without end.",
            OUTPUT,
        ),
    ] = False,
    workers: Annotated[
        str,
        Parameter(
            help="Shots at once, each painted by a process of its own. --threads is the number of threads of each.",
            metavar="auto|N",
            show_default=True,
            group=_RUN,
        ),
    ] = "auto",
    cluster: Annotated[
        str | None,
        Parameter(
            help="Paint on a cluster of Ray: auto is the one that this machine is part of; local starts one of this "
            "machine alone. --workers is then the most shots at once.",
            metavar="local|auto|ADDRESS",
            group=_RUN,
        ),
    ] = None,
    keep_frames: Annotated[bool, _flag("Keep the painted frames in OUT.frames.", OUTPUT)] = False,
    force: Force = False,
    settings_from: SettingsFrom = None,
    json: Annotated[bool, json_option("each event as a line of JSON to stdout; the last is the result")] = False,
    quiet: Quiet = False,
    **values: Any,
) -> int:
    """Paint a clip in the style of one or more paintings, each frame from the one before.

    --mask and --keep-mask take clips as well: each frame is painted with the mask of its time.
    """
    with exit_on_interrupt():
        from impasto.cli.commands.video_runner import VideoArguments, run_video  # noqa: PLC0415
    return run_video(
        VideoArguments(
            clip=source,
            paintings=tuple(paintings),
            output=output,
            at=tuple(at or ()),
            ease=ease,
            consistency=consistency,
            frames=frames,
            every=every,
            preview=preview,
            rate=rate,
            codec=codec,
            quality=quality,
            loop=loop,
            workers=workers,
            cluster=cluster,
            keep_frames=keep_frames,
            force=force,
            settings_from=settings_from,
            json=json,
            quiet=quiet,
        ),
        values,
    )
