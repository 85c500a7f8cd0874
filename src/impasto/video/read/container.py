"""Clips in containers, of any codec that FFmpeg knows."""

import bisect
import contextlib
import itertools
import os
import shlex
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError, install_command
from impasto.images import Picture
from impasto.images.decode import MAX_PIXELS
from impasto.images.decoded import check_pixels
from impasto.sizing import Size
from impasto.video import colors
from impasto.video.clip import ClipInfo, ColorTags
from impasto.video.read.demuxers import DEMUXERS
from impasto.video.read.timing import decode, read_timing

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders pass over the opacity that WebM keeps beside each frame."""
_BUFFER = 2**18
_STEPS_BACK = (0, 1, 4)
"""Keyframes before the right one to try: an index may be wrong."""

Rotation = Callable[[NDArray[Any]], NDArray[Any]]


class ContainerClip:
    """A film in a file, of any container and codec.

    Frames are recognized by the times of their packets. One that cannot be decoded repeats the one before it.
    """

    def __init__(self, path: Path, name: str, digest: str) -> None:
        self._path, self._name = path, name
        self._state = _state_of(path)
        with _open(path, name) as container:
            stream = find_video(container, name)
            check_pixels(stream.codec_context.width or 1, stream.codec_context.height or 1, name, MAX_PIXELS)
            self._timing = read_timing(container, stream, name)
            self._index = stream.index
        first = self._first_frame()
        self._alpha = colors.has_alpha(first.format) and not (first.format.has_palette and _is_opaque(first))
        self._rotate, sides_swap = _rotation(first)
        self._display_size = _display_size(first, self._ratio)
        check_pixels(*self._display_size, name, MAX_PIXELS)
        self._info = ClipInfo(
            name=name,
            digest=digest,
            size=self._display_size[::-1] if sides_swap else self._display_size,
            times=self._timing.times,
            end=self._timing.end,
            depth=colors.depth_of(first.format),
            has_alpha=self._alpha,
            has_audio=self._has_audio,
            color=self._tags,
            origin=self._timing.origin,
            problem="; ".join(filter(None, (self._timing.problem, *_look_problems(first, self._tags, name)))),
        )

    @property
    def info(self) -> ClipInfo:
        """What is known of it."""
        return self._info

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        """Decode frames from a number on, in order.

        Raises:
            ImageError: the file changed, or cannot be read any more.
        """
        stop = len(self._info.times) if stop is None else min(stop, len(self._info.times))
        if start >= stop:
            return
        if _state_of(self._path) != self._state:
            raise ImageError(f"{self._name} changed while it was read", "Begin again with the file as it is now.")
        expected, last = start, None
        for number, frame in self._numbered_from(start):
            while expected < min(number, stop):  # those between could not be decoded
                yield self._picture(last or frame)
                expected += 1
            last = frame
            if expected >= stop:
                return
            if number == expected:
                yield self._picture(frame)
                expected += 1
        if last is None:
            raise ImageError(f"no frame of {self._name} can be decoded", "Get an intact copy of the file.")
        for _ in range(expected, stop):
            yield self._picture(last)

    def _numbered_from(self, start: int) -> Iterator[tuple[int, "VideoFrame"]]:
        """Decode frames with their numbers, from the last that can be decoded of those up to `start`, or any later."""
        for steps in (*_STEPS_BACK, None):
            frames = self._decoded_from(self._key_before(start, steps))
            with contextlib.closing(frames):
                first = next(frames, None)
                if first is None or (first[0] > start and steps is not None):
                    continue
                yield first
                yield from frames
                return

    def _key_before(self, start: int, steps: int | None) -> int | None:
        """Find the time of the keyframe that begins the decoding of a frame; None for the beginning of the file."""
        if steps is None or not self._timing.pts:
            return None
        place = bisect.bisect_right(self._timing.keyframe_pts, self._timing.pts[start]) - 1 - steps
        return self._timing.keyframe_pts[place] if place > 0 else None

    def _decoded_from(self, key: int | None) -> Generator[tuple[int, "VideoFrame"]]:
        number_of = self._numbering()
        with _open(self._path, self._name) as container:
            stream: Any = container.streams[self._index]
            codec = _decoder(stream)
            if key is not None:
                _seek(container, stream, key)
            latest = -1
            for frame in decode(container, stream, codec):
                number = number_of(frame)
                if number > latest:
                    latest = number
                    yield number, frame

    def _numbering(self) -> Callable[["VideoFrame"], int]:
        """Give what numbers decoded frames: by their times, -1 for one that is none; or by counting them."""
        if not self._timing.pts:
            count = itertools.count()
            return lambda _: next(count)
        numbers = {pts: number for number, pts in enumerate(self._timing.pts)}
        return lambda frame: -1 if frame.pts is None else numbers.get(frame.pts, -1)

    def _first_frame(self) -> "VideoFrame":
        with _open(self._path, self._name) as container:
            stream: Any = container.streams[self._index]
            self._has_audio = bool(container.streams.audio)
            frame = next(decode(container, stream, _decoder(stream)), None)
            if frame is None:
                raise ImageError(f"no frame of {self._name} can be decoded", "Get an intact copy of the file.")
            self._tags = colors.tags_of(frame, stream.codec_context)
            # Of the codec, where the container does not say: known after the first frame alone.
            self._ratio = Fraction(stream.sample_aspect_ratio or 1)
        return frame

    def _picture(self, frame: "VideoFrame") -> Picture:
        samples = colors.to_samples(frame, self._display_size, self._tags, alpha=self._alpha)
        return colors.to_picture(self._rotate(samples), self._name)


def find_video(container: "InputContainer", name: str) -> "VideoStream":
    """Find the first video stream that is not cover art.

    Raises:
        ImageError: there is none.
    """
    from av.stream import Disposition  # noqa: PLC0415 -- an extra

    for stream in container.streams.video:
        if stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails):
            continue
        if stream.codec_context is None:
            raise ImageError(f"the video of {name} has an unknown codec", "Convert it to another first.")
        return stream
    raise ImageError(f"{name} has {_kinds(container)}no video stream", "Give a film.")


@contextlib.contextmanager
def open_container(file: BinaryIO, name: str) -> Iterator["InputContainer"]:
    """Open a container, which must not lead to other files.

    Raises:
        ImageError: the file is no film, or the package that reads films is missing.
    """
    try:
        import av  # noqa: PLC0415 -- an extra, and slow to load
    except ImportError:
        raise ImageError(
            f"{name} is a film, and the reader for those is not installed", f"Run: {install_command('video')}."
        ) from None
    try:
        container = av.open(
            file,
            "r",
            io_open=_refuse_file,
            options={
                "protocol_whitelist": "none",
                "format_whitelist": ",".join(DEMUXERS),
                "max_pixels": str(MAX_PIXELS),
            },
            buffer_size=_BUFFER,
            metadata_errors="replace",
        )
    except (av.FFmpegError, OSError, ValueError):
        cut = _is_mp4(file)
        problem = f"{name} has no index, as when it was cut short" if cut else f"{name} is not a film that can be read"
        raise ImageError(problem, "Give a film, an animation, or a folder of pictures.") from None
    with container:
        yield container


@contextlib.contextmanager
def _open(path: Path, name: str) -> Iterator["InputContainer"]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise ImageError(f"{name} cannot be read ({error.strerror})", "Check the path.") from None
    with file, open_container(file, name) as container:
        yield container


def _refuse_file(url: str, *_: Any) -> Any:
    """Open none of the files that a playlist names: it may be a stranger's."""
    raise OSError(f"{url} is another file")


def _is_mp4(file: BinaryIO) -> bool:
    file.seek(0)
    return file.read(8)[4:] == b"ftyp"


def _kinds(container: "InputContainer") -> str:
    kinds = {"audio": "audio", "subtitle": "subtitles", "video": "cover art"}
    found = dict.fromkeys(kinds.get(stream.type, "data") for stream in container.streams)
    return f"{' and '.join(found)} but " if found else ""


def _state_of(path: Path) -> tuple[int, int]:
    """Give by what a change of a file is noticed."""
    try:
        found = os.stat(path)  # noqa: PTH116 -- one call for both
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _decoder(stream: "VideoStream") -> Any:
    """Give a context that decodes a stream, within the limit on pixels."""
    from av import CodecContext  # noqa: PLC0415 -- an extra

    codec: Any = stream.codec_context
    if stream.metadata.get("alpha_mode") == "1" and (name := _ALPHA_DECODERS.get(codec.name.removeprefix("lib"))):
        codec = CodecContext.create(name, "r")
    codec.options = {**codec.options, "max_pixels": str(MAX_PIXELS)}
    return codec


def _seek(container: "InputContainer", stream: "VideoStream", pts: int) -> None:
    """Go to the keyframe of a time, or to one before it."""
    from av import FFmpegError  # noqa: PLC0415 -- an extra

    with contextlib.suppress(FFmpegError):  # then decoding begins where the container is, at its beginning
        container.seek(pts, stream=stream)


def _rotation(frame: "VideoFrame") -> tuple[Rotation, bool]:
    """Find what makes a frame upright by its display matrix (ISO/IEC 14496-12, 6.2.2), and if sides are swapped."""
    found: Any = frame.side_data.get("DISPLAYMATRIX")
    if found is None:
        return lambda samples: samples, False
    a, b, _, c, d, *_ = np.frombuffer(bytes(found), np.int32).tolist()
    swapped = abs(b) > abs(a)
    across, down = (c, b) if swapped else (a, d)
    rows, columns = slice(None, None, -1 if down < 0 else 1), slice(None, None, -1 if across < 0 else 1)
    return lambda samples: (samples.swapaxes(0, 1) if swapped else samples)[rows, columns], swapped


def _display_size(frame: "VideoFrame", ratio: Fraction) -> Size:
    """Give the size with square pixels (SAR 1), before rotation: one side is enlarged, as browsers do it."""
    if ratio <= 0:
        return frame.width, frame.height
    if ratio > 1:
        return round(frame.width * ratio), frame.height
    return frame.width, round(frame.height / ratio)


def _look_problems(frame: "VideoFrame", tags: ColorTags, name: str) -> Iterator[str]:
    """Say what will look wrong in a painting, although it is read as it is."""
    if tags.transfer in colors.HDR:
        kind = colors.HDR[tags.transfer]
        yield f"{name} is HDR ({kind}), and its code values are painted: for true colors convert it to SDR first"
    if frame.interlaced_frame:
        command = f"ffmpeg -i {shlex.quote(name)} -vf bwdif=mode=send_frame -c:a copy deinterlaced.mkv"
        yield f"{name} is interlaced, and its combs will be painted; to remove them first, run: {command}"


def _is_opaque(frame: "VideoFrame") -> bool:
    return bool((frame.to_ndarray(format="rgba")[..., 3] == 255).all())  # noqa: PLR2004 -- full opacity
