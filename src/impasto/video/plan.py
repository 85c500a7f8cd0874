"""What is to be painted of a clip, and how: everything is checked before anything is written."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from impasto import images
from impasto.cluster.connect import check_address, check_installed
from impasto.engine import sharing, sizing
from impasto.engine.style_file import is_style, read_style
from impasto.errors import ImageError, InputError, OutputError, SettingsError, count_noun
from impasto.settings import SMALLEST_SIZE, Settings
from impasto.settings.effect import effective_values, named_files
from impasto.settings.per_painting import check_measured
from impasto.sizing import Size, have_one_shape
from impasto.storage.paths import is_file
from impasto.video.clip import Clip, ClipInfo
from impasto.video.codecs import DEFAULT_QUALITY
from impasto.video.film import check_film, check_size
from impasto.video.film_spec import FilmSpec, OtherTracks
from impasto.video.masks import is_still_picture
from impasto.video.opencv import load_opencv
from impasto.video.shot import ClipSource, Consistency, PaintingSource
from impasto.video.sources import open_clip
from impasto.video.timeline import Ease, Keyframe, Timeline
from impasto.video.workspace import is_waiting
from impasto.wording import argument, either

LONGEST_SIDE = 512
"""Of a film whose size is not chosen; it is never larger than its clip, then."""
PREVIEW_SIDE = 256
PREVIEW_FRAMES = 48
"""Of a preview, at most, where the number is not chosen."""
_RANGE = re.compile(r"(?P<start>\d{0,9})(?P<mark>:)?(?P<stop>\d{0,9})")
_SMALLEST_RANGE = "100:200"


@dataclass(frozen=True)
class FilmRequest:
    """What somebody wants painted."""

    clip: str
    """A film, an animation, a folder of pictures or a pattern."""
    paintings: tuple[str, ...]
    """Paintings and style files."""
    output: str
    """The film; or, for its frames, a folder, of which a new one ends in "/", or a pattern."""
    settings: Settings = field(default_factory=Settings)
    consistency: Consistency = field(default_factory=Consistency)
    keyframes: tuple[Keyframe, ...] = ()
    ease: Ease = "smooth"
    frames: str = ""
    """Part of the clip, such as `100:200`; empty for all of it."""
    every: int | None = None
    """Paint every n-th frame, and show it n times as long; None for each, or for a few where it is a preview."""
    preview: bool = False
    rate: Fraction | None = None
    """Frames a second of a folder of pictures."""
    codec: str | None = None
    quality: int = DEFAULT_QUALITY
    loop: bool = False
    workers: int | None = None
    """Shots at once; None for as many as the machine is worth, or the cluster holds."""
    cluster: str | None = None
    """Where to paint: the address of a cluster, see `cluster.connect.connected`; None for this machine."""
    keep_frames: bool = False
    overwrite: bool = False


@dataclass(frozen=True)
class FilmPlan:
    """What is to be painted."""

    request: FilmRequest
    clip: Clip
    timeline: Timeline
    part: range
    """Of the clip, all frames."""
    every: int
    """Of these, each so many-th is painted."""
    size: Size
    """Of the film."""
    memory: int
    """Bytes that a worker takes."""
    paintings: tuple[PaintingSource, ...]
    moving_masks: tuple[ClipSource, ...]
    identity: dict[str, Any]
    """All that the painted frames depend on, as JSON holds it."""
    whole: tuple[int, Size]
    """Frames and size of the film that a preview is one of."""

    @property
    def numbers(self) -> range:
        """The frames to be painted, by their numbers in the clip."""
        return self.part[:: self.every]

    @property
    def output(self) -> Path:
        """Where the film goes."""
        return Path(self.request.output).expanduser()

    @property
    def source(self) -> ClipSource:
        """The clip."""
        return ClipSource(self.request.clip, self.request.rate, self.clip.info.digest)

    @property
    def film_spec(self) -> FilmSpec:
        """What is known of the film."""
        part = self.part
        spec = FilmSpec.of_clip(self.clip.info, size=self.size, start=part.start, stop=part.stop, step=self.every)
        return replace(spec, loops=0) if self.request.loop else spec

    @property
    def other_tracks(self) -> OtherTracks:
        """The sound and all else that is copied from the clip."""
        times, part = self.clip.info.times, self.part
        stop = times[part.stop] if part.stop < len(times) else None
        return OtherTracks(Path(self.request.clip).expanduser(), times[part.start], stop)


def plan_film(request: FilmRequest) -> FilmPlan:
    """Check what is to be painted, and decide how; nothing is written.

    Raises:
        InputError: the clip, a painting, a setting or the output cannot be used, or a package is not installed.
        OutOfMemoryError: a frame takes more memory than there is.
    """
    load_opencv()
    if request.cluster is not None:
        check_address(request.cluster)
        check_installed()
    clip = _open(request)
    info = clip.info
    part = choose_part(request.frames, len(info.times))
    settings = _with_size(request.settings, info.size)
    whole = len(part[:: request.every or 1]), sizing.result_size(settings, info.size)
    every = request.every or 1
    if request.preview:
        settings = settings.model_copy(update={"size": min(max(whole[1]), PREVIEW_SIDE)})
        every = request.every or -(-len(part) // PREVIEW_FRAMES)
    timeline = Timeline(
        settings, request.keyframes, times=info.times, paintings=len(request.paintings), ease=request.ease
    )
    moving_masks = _check_masks(settings, info)
    sizes, paintings = _check_paintings(request.paintings, settings)
    size = sizing.result_size(settings, info.size)
    item_bytes = sharing.AUTO_BYTES if settings.precision == "auto" else 0
    memory = sharing.memory_needed(sizing.memory_load(settings, info.size, sizes, item_bytes))
    _check_output(request, size)
    plan = FilmPlan(
        request=request,
        clip=clip,
        timeline=timeline,
        part=part,
        every=every,
        size=size,
        memory=memory,
        paintings=paintings,
        moving_masks=moving_masks,
        identity={},
        whole=whole,
    )
    return replace(plan, identity=_identify(plan))


def choose_part(text: str, frames: int) -> range:
    """Read which part of a clip is meant.

    Args:
        text: numbers of frames from 0 as Python has them: `100:200` is up to but without 200, `100:` to the end, and
            `100` one frame; empty for all.
        frames: of the clip.

    Raises:
        SettingsError: it is no such text, or there are no such frames.
    """
    match = _RANGE.fullmatch(text.replace(" ", ""))
    if match is None or (text and not (match["start"] or match["stop"])):
        problem = f"{argument('frames')} takes numbers of frames such as {_SMALLEST_RANGE}, not {text!r:.40}"
        raise SettingsError(problem, "They are counted from 0; the last one is left out.")
    start = int(match["start"] or 0)
    stop = start + 1 if match["start"] and not match["mark"] else int(match["stop"] or frames)
    if not start < min(stop, frames):
        problem = f"{argument('frames', text)} has no frame of a clip of {count_noun(frames, 'frame')}"
        raise SettingsError(problem, "They are counted from 0; the last one is left out.")
    return range(start, min(stop, frames))


def _open(request: FilmRequest) -> Clip:
    """Open the clip; a photograph is none.

    Raises:
        InputError: it cannot be read, or is one picture.
    """
    clip = open_clip(request.clip) if request.rate is None else open_clip(request.clip, rate=request.rate)
    if is_still_picture(request.clip, clip):
        command = either(python="impasto.stylize", command="`impasto PHOTO PAINTING`")
        raise ImageError(f"{request.clip} is a picture, and no clip", f"Paint it with {command}.")
    return clip


def _with_size(settings: Settings, own: Size) -> Settings:
    """Give a film whose size is not chosen that of its clip, up to a long side that a laptop paints in time."""
    if settings.size is not None or settings.size_rule != Settings(recipe=settings.recipe).size_rule:
        return settings
    return settings.model_copy(update={"size": max(SMALLEST_SIZE, min(max(own), LONGEST_SIDE))})


def _check_masks(settings: Settings, info: ClipInfo) -> tuple[ClipSource, ...]:
    """Check the files that settings name, and give those of the masks that are clips.

    Raises:
        InputError: one does not exist, cannot be read, or has another shape than the clip.
    """
    moving = []
    for name, paths in named_files(settings).items():
        for path in paths:
            if name not in ("mask", "keep_mask"):
                if not is_file(Path(path).expanduser()):
                    raise SettingsError(f"{argument(name)} names {path}, which is no file", "Check the path.")
                continue
            mask = open_clip(path)
            if not have_one_shape(mask.info.size, info.size):
                sizes = (f"{width} x {height} pixels" for width, height in (mask.info.size, info.size))
                problem = "{} is a mask of another shape than {}: {}, not {}".format(path, info.name, *sizes)
                raise ImageError(problem, "Make it from the clip, uncropped; its size does not matter.")
            if not is_still_picture(path, mask):
                moving.append(ClipSource(path, None, mask.info.digest))
    return tuple(dict.fromkeys(moving))


def _check_paintings(paths: Sequence[str], settings: Settings) -> tuple[list[Size | None], tuple[PaintingSource, ...]]:
    """Give the size of each painting, None for a style file, and what tells it from others.

    Raises:
        InputError: there is none, one cannot be read, or the settings ask for what a style file does not have.
    """
    if not paths and settings.has_style:
        raise InputError("no painting was given", "Name at least one.")
    files = [read_style(path) if is_style(path) else None for path in paths]
    check_measured(settings, [file.measured_with if file else None for file in files], has_photograph=True)
    sizes, sources = [], []
    for path, file in zip(paths, files, strict=True):
        sizes.append(None if file else images.measure(path))
        sources.append(PaintingSource(path, file.sha256 if file else _digest(path)))
    return sizes, tuple(sources)


def _check_output(request: FilmRequest, size: Size) -> None:
    """Refuse an output that cannot be written, or that is one of the inputs.

    Raises:
        OutputError: it is so.
    """
    inputs = {Path(path).expanduser().resolve() for path in (request.clip, *request.paintings)}
    output = Path(request.output).expanduser()
    if output.resolve() in inputs:
        raise OutputError(f"{request.output} is one of the inputs", "Choose another name.")
    overwrite = request.overwrite or is_waiting(output)
    check_film(request.output, codec=request.codec, quality=request.quality, overwrite=overwrite)
    check_size(request.output, size)


def _identify(plan: FilmPlan) -> dict[str, Any]:
    """Give all that the painted frames depend on, in the order in which a difference is told."""
    request, settings = plan.request, plan.timeline.base
    moving = {source.path: source.digest for source in plan.moving_masks}
    files = {
        name: [moving.get(path) or _digest(path) for path in paths] for name, paths in named_files(settings).items()
    }
    return {
        "clip": plan.clip.info.digest,
        "paintings": [source.sha256 for source in plan.paintings],
        "settings": {**effective_values(settings), "device": settings.device, "threads": settings.threads},
        "files": files,
        "keyframes": plan.timeline.describe(),
        "consistency": asdict(request.consistency),
        "frames": f"{plan.part.start}:{plan.part.stop}",
        "every": plan.every,
        "rate": str(request.rate or ""),
        "versions": {name: _version(name) for name in ("impasto", "torch", "opencv-python-headless")},
    }


def _digest(path: str) -> str:
    try:
        with Path(path).expanduser().open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}", "Check the path.") from None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
