"""What is to be painted of a clip, and how: everything is checked before anything is written."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from impasto import images
from impasto.cluster.connect import check_address, check_installed
from impasto.engine import sharing, sizing
from impasto.engine.style_file import is_style, read_style
from impasto.errors import ImageError, InputError, OutputError, SettingsError, count_noun
from impasto.settings import INPUTS_KEY, METADATA_KEY, SMALLEST_SIZE, Settings
from impasto.settings.effect import effective_values, named_files
from impasto.settings.per_painting import check_mask_shape, check_measured
from impasto.settings.stored import portable_json
from impasto.sizing import Size
from impasto.storage.names import base_name
from impasto.storage.paths import is_file, is_folder, with_name_of_its_own
from impasto.video.clip import Clip, ClipInfo
from impasto.video.masks import is_still_picture
from impasto.video.opencv import load_opencv
from impasto.video.read.sources import find_files, open_clip
from impasto.video.request import FilmRequest
from impasto.video.shot import ClipSource, PaintingSource
from impasto.video.timeline import Timeline
from impasto.video.times import choose_part
from impasto.video.workspace import is_waiting
from impasto.video.write.film import check_film, check_size
from impasto.video.write.film_spec import FilmSpec, OtherTracks
from impasto.video.write.frames import frames_in, is_folder_target, split_target
from impasto.wording import argument, either

__all__ = ["LONGEST_SIDE", "FilmPlan", "FilmRequest", "plan_film"]

LONGEST_SIDE = 512
"""Of a film whose size is not chosen; it is never larger than its clip, then."""
PREVIEW_SIDE = 256
PREVIEW_FRAMES = 48
"""Of a preview, at most, where it does not take every n-th."""


@dataclass(frozen=True)
class WholeFilm:
    """The film that a preview is one of; or the film itself."""

    part: range
    """Of the clip, all frames."""
    every: int
    """Of these, each so many-th is painted."""
    size: Size
    memory: int
    """Bytes that a worker takes."""


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
    whole: WholeFilm
    notices: tuple[str, ...] = ()
    """What the user should know before it is painted."""

    @property
    def numbers(self) -> range:
        """The frames to be painted, by their numbers in the clip."""
        return self.part[:: self.every]

    @property
    def output(self) -> Path:
        """Where the film goes."""
        return _output_of(self.request)

    @property
    def source(self) -> ClipSource:
        """The clip."""
        return ClipSource(self.request.clip, self.request.rate, self.clip.info.digest)

    @property
    def film_spec(self) -> FilmSpec:
        """What is known of the film."""
        part = self.part
        spec = FilmSpec.of_clip(self.clip.info, size=self.size, start=part.start, stop=part.stop, step=self.every)
        return replace(spec, loops=0 if self.request.loop else spec.loops, metadata=self._describe())

    def _describe(self) -> dict[str, str]:
        """Give what a film says of how it was made, as pictures do; names without folders."""
        named = [("content", self.request.clip, self.clip.info.digest)]
        named += [("style", it.path, it.sha256) for it in self.paintings]
        inputs = [{"role": role, "name": base_name(path), "sha256": sha256} for role, path, sha256 in named]
        film = {name: self.identity[name] for name in ("keyframes", "consistency", "frames", "every")}
        return {
            "impasto:version": version("impasto"),
            METADATA_KEY: portable_json(self.timeline.base),
            INPUTS_KEY: json.dumps(inputs),
            "impasto:film": json.dumps(film),
        }

    @property
    def other_tracks(self) -> OtherTracks:
        """The sound and all else that is copied from the clip."""
        times, part = self.clip.info.times, self.part
        stop = times[part.stop] if part.stop < len(times) else None
        return OtherTracks(Path(self.request.clip).expanduser(), times[part.start], stop, origin=self.clip.info.origin)


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
    part, every = choose_part(request.frames, info.times), request.every or 1
    settings = _with_size(request.settings, info.size)
    moving_masks, notices = _check_masks(settings, info)
    sizes, paintings = _check_paintings(request.paintings, settings)
    whole = WholeFilm(part, every, sizing.result_size(settings, info.size), _memory_of(settings, info.size, sizes))
    if request.preview:
        settings = settings.model_copy(update={"size": min(max(whole.size), PREVIEW_SIDE)})
        part = part if request.every else _middle(part)
    size = sizing.result_size(settings, info.size)
    _check_output(request, settings, size)
    plan = FilmPlan(
        request=request,
        clip=clip,
        timeline=Timeline(
            settings,
            request.keyframes,
            times=info.times,
            end=info.end,
            paintings=len(request.paintings),
            ease=request.ease,
        ),
        part=part,
        every=every,
        size=size,
        memory=_memory_of(settings, info.size, sizes),
        paintings=paintings,
        moving_masks=moving_masks,
        identity={},
        whole=whole,
        notices=notices,
    )
    return replace(plan, identity=_identify(plan))


def _middle(part: range) -> range:
    """Give the frames of a preview: some in a row, so that it shows how they agree."""
    length = min(len(part), PREVIEW_FRAMES)
    first = (len(part) - length) // 2
    return part[first : first + length]


def _memory_of(settings: Settings, own: Size, paintings: Sequence[Size | None]) -> int:
    """Give the bytes that a worker takes."""
    item_bytes = sharing.AUTO_BYTES if settings.precision == "auto" else 0
    return sharing.memory_needed(sizing.memory_load(settings, own, paintings, item_bytes))


def _open(request: FilmRequest) -> Clip:
    """Open the clip; a photograph is none.

    Raises:
        InputError: it cannot be read, or is one picture.
    """
    clip = open_clip(request.clip) if request.rate is None else open_clip(request.clip, rate=request.rate)
    if is_still_picture(request.clip, clip):
        command = either(python="impasto.stylize", command="`impasto PHOTO PAINTING`")
        raise ImageError(f"{request.clip} is a picture, not a clip", f"Paint it with {command}.")
    return clip


def _with_size(settings: Settings, own: Size) -> Settings:
    """Give a film whose size is not chosen that of its clip, up to a long side that a laptop paints in time."""
    if settings.size is not None or settings.size_rule != Settings(recipe=settings.recipe).size_rule:
        return settings
    return settings.model_copy(update={"size": max(SMALLEST_SIZE, min(max(own), LONGEST_SIDE))})


def _check_masks(settings: Settings, info: ClipInfo) -> tuple[tuple[ClipSource, ...], tuple[str, ...]]:
    """Check the files that settings name; give those of the masks that are clips, and what is odd about them.

    Raises:
        InputError: one does not exist, cannot be read, or has another shape than the clip.
    """
    moving, notices = [], []
    for name, paths in named_files(settings).items():
        for path in paths:
            if name not in ("mask", "keep_mask"):
                if not is_file(Path(path).expanduser()):
                    raise SettingsError(f"{argument(name)} names {path}, which is no file", "Check the path.")
                continue
            mask = open_clip(path)
            check_mask_shape(path, mask.info.size, info.name, info.size, kind="clip")
            if is_still_picture(path, mask):
                continue
            by_frame = find_files(path)[1] or len(mask.info.times) == len(info.times)
            notices += _compare_lengths(path, mask.info, info, by_frame=by_frame)
            moving.append(ClipSource(path, None, mask.info.digest, by_frame=by_frame))
    return tuple(dict.fromkeys(moving)), tuple(dict.fromkeys(notices))


def _compare_lengths(path: str, mask: ClipInfo, clip: ClipInfo, *, by_frame: bool) -> list[str]:
    """Say that a mask is shorter or longer than the clip; pictures in a folder have no times of their own."""
    masks, frames = len(mask.times), len(clip.times)
    if by_frame and masks != frames:
        rest = "the last one holds for the rest" if masks < frames else "the others are left out"
        return [f"{path} has {count_noun(masks, 'mask')}, and the clip {count_noun(frames, 'frame')}: {rest}"]
    if not by_frame and mask.end < clip.times[-1]:
        return [f"{path} ends after {float(mask.end):.4g} seconds, and its last mask holds for the rest of the clip"]
    return []


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


def _output_of(request: FilmRequest) -> Path:
    return with_name_of_its_own(Path(request.output).expanduser())


def _check_output(request: FilmRequest, settings: Settings, size: Size) -> None:
    """Refuse an output that cannot be written, or that would replace one of the inputs.

    Raises:
        OutputError: it is so.
    """
    named = [path for paths in named_files(settings).values() for path in paths]
    _spare_inputs(request.output, (request.clip, *request.paintings, *named))
    overwrite = request.overwrite or is_waiting(_output_of(request))
    check_film(request.output, codec=request.codec, quality=request.quality, overwrite=overwrite)
    check_size(request.output, size)


def _spare_inputs(output: str, inputs: Sequence[str]) -> None:
    """Refuse to replace a file that is read, or to put pictures into a folder whose pictures are read.

    Raises:
        OutputError: it would be so.
    """
    target = Path(output).expanduser()
    is_several = is_folder_target(output)
    folder, pattern = split_target(output) if is_several else (target.parent, None)
    files = frames_in(folder, pattern) if pattern else [target]
    replaced = {_identify_file(path) for path in files} - {None}
    for source in inputs:
        paths, path = find_files(source)[0], Path(source).expanduser()
        is_picture = is_several or target.suffix.lower() in images.readable_suffixes()
        if not replaced.isdisjoint(map(_identify_file, paths)):
            raise OutputError(f"{output} would replace one of the inputs", "Choose another name.")
        if is_picture and is_folder(path) and folder.resolve() == path.resolve():
            raise OutputError(f"{output} would be among the frames of {source}", "Choose another folder.")


def _identify_file(path: Path) -> tuple[int, int] | None:
    """Give what is one for all names of a file: links, and other spellings where case does not matter."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


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
        "loop": request.loop,
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
