"""Films in containers, encoded by FFmpeg."""

import contextlib
import json
import math
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.errors import STORAGE_FAILURES, OutputError, StorageError
from impasto.images import Picture
from impasto.images.picture import flatten
from impasto.video import colors
from impasto.video.write.codecs import Codec, Container
from impasto.video.write.film_spec import FilmSpec, Notice, OtherTracks
from impasto.video.write.tracks import TrackCopier

if TYPE_CHECKING:
    from av import VideoFrame

_NARROW = 128
"""Pixels of a row: below it two films of the same frames may differ where libx264 looks ahead by trees of blocks."""
_KEY_SECONDS = 2
"""At most so far apart are the frames to which players can jump."""
_FINEST_BASE = 1_000_000
"""Parts of a second; times that need finer ones are rounded to `_USUAL_BASE`."""
_USUAL_BASE = 90_000
_LARGEST_TERM = 1001
"""Of a rate: those of television are multiples of 1000/1001."""
_NEARLY_WHOLE = Fraction(1, 50)
_SVT = "libsvtav1"
_COMMENTS = ("comment", "description", "synopsis")
"""Names of text that every container holds."""
_SVT_ERRORS = "1"
_SVT_LOG = "SVT_LOG"


class ContainerFilm:
    """Encodes frames as they come, and copies the other tracks beside them."""

    def __init__(
        self,
        partial: Path,
        target: Path,
        spec: FilmSpec,
        container: Container,
        codec: Codec,
        quality: int,
        tracks: OtherTracks | None,
        notice: Notice,
    ) -> None:
        import av  # noqa: PLC0415 -- an extra, and slow to load

        if codec.encoder == _SVT:
            os.environ.setdefault(_SVT_LOG, _SVT_ERRORS)  # this library writes to stderr by itself
        self._target, self._spec, self._count = target, spec, 0
        supported = {kind.name for kind in av.Codec(codec.encoder, "w").video_formats or ()}
        self._pixel_format, self._alpha = codec.pixel_format(spec.depth, supported, alpha=spec.has_alpha)
        self._tags = colors.written_tags(spec.color, spec.size[1], rgb=codec.rgb)
        width, height = spec.size
        self._size = (width + width % 2, height + height % 2) if codec.even else spec.size
        self._report_losses(notice)
        self._base = time_base(spec)
        self._durations: dict[int, int] = {}
        self._copier: TrackCopier | None = None
        self._stream: Any = None
        options = {**container.options, "fflags": "+bitexact"}  # else Matroska gives each file a number of its own
        # Of a path that is not absolute, FFmpeg takes what precedes a colon for a protocol.
        self._out: Any = av.open(str(partial.absolute()), "w", format=container.muxer, container_options=options)
        try:
            with self._translated(self._frames_problem):
                self._stream = self._add_stream(codec, quality)
            with self._translated(self._tracks_problem):
                if tracks is not None:
                    self._copier = TrackCopier(self._out, tracks, container, notice)
                self._keep_metadata()
            with self._translated(f"{target} cannot be begun"):
                self._out.start_encoding()
        except BaseException:
            self.close()
            raise

    def write(self, picture: Picture) -> None:
        """Encode the next frame.

        Raises:
            OutputError: the codec does not take it.
            StorageError: the disk is full or failed.
        """
        picture = picture if self._alpha else flatten(picture)
        frame = colors.to_frame(picture, self._size, self._pixel_format, self._tags)
        frame.time_base = self._base
        frame.pts = self._ticks(self._spec.times[self._count])
        self._count += 1
        self._durations[frame.pts] = max(1, self._ticks(self._spec.shown_until(self._count)) - frame.pts)
        self._encode(frame)

    def finish(self) -> None:
        """Encode what waits, and complete the file.

        Raises:
            OutputError: the container does not take it.
            StorageError: the disk is full or failed.
        """
        self._encode(None)
        if self._copier is not None:
            whole = self._count == len(self._spec.times)
            with self._translated(self._tracks_problem):
                self._copier.finish(None if whole else self._spec.shown_until(self._count))
        with self._translated(f"{self._target} cannot be completed"):
            self._out.close()

    def close(self) -> None:
        """Close the files."""
        import av  # noqa: PLC0415 -- an extra

        if self._copier is not None:
            self._copier.close()
        with contextlib.suppress(av.FFmpegError, OSError):  # what was wrong was said before
            self._out.close()
        self._copier = self._stream = self._out = None  # ends the encoder's threads, and frees its frames

    def _encode(self, frame: "VideoFrame | None") -> None:
        with self._translated(self._frames_problem):
            packets = self._stream.encode(frame)
        for packet in packets:
            packet.duration = self._durations.pop(packet.pts, 0)
            if packet.dts is None or not -self._ticks(self._spec.end) <= packet.dts <= packet.pts:
                packet.dts = packet.pts  # libx265 never sets it in films of one or two frames (its issue 781)
            if self._copier is not None:
                with self._translated(self._tracks_problem):
                    self._copier.copy_until(packet.dts * self._base)
            with self._translated(self._frames_problem):
                self._out.mux(packet)

    def _add_stream(self, codec: Codec, quality: int) -> Any:
        rate = mean_rate(self._spec)
        options = codec.encoder_options(quality)
        if codec.encoder == "libx264" and self._size[0] < _NARROW:
            options["x264-params"] = "mbtree=0"
        stream: Any = self._out.add_stream(codec.encoder, rate=rate, options=options)
        stream.width, stream.height = self._size
        stream.pix_fmt = self._pixel_format
        context = stream.codec_context
        context.time_base = self._base
        context.gop_size = max(1, math.floor(_KEY_SECONDS * rate))
        if profile := codec.profiles.get(self._pixel_format):
            context.profile = profile
        if codec.tag and self._out.format.name in {"mp4", "mov"}:
            context.codec_tag = codec.tag
        context.color_primaries, context.color_trc = self._tags.primaries, self._tags.transfer
        context.colorspace, context.color_range = self._tags.matrix, colors.range_of(self._tags)
        with _usual_priority() if codec.encoder == _SVT and _is_root() else contextlib.nullcontext():
            context.open()
        return stream

    def _keep_metadata(self) -> None:
        """Keep what is known of the film as a comment, or beside the clip's: MP4 has no keys of one's own."""
        taken = {key.lower() for key in self._out.metadata}
        free = [key for key in _COMMENTS if key not in taken]
        if free and self._spec.metadata:
            self._out.metadata[free[0]] = json.dumps(dict(self._spec.metadata))

    def _report_losses(self, notice: Notice) -> None:
        import av  # noqa: PLC0415 -- an extra

        if self._spec.depth > colors.depth_of(av.VideoFormat(self._pixel_format)):
            keeping = "ProRes and FFV1 keep" if self._spec.has_alpha else "HEVC, AV1, ProRes and FFV1 keep"
            notice(f"the film has 8 bits per channel, and the clip more, which {keeping}")
        if self._spec.has_alpha and not self._alpha:
            keeping = "ProRes or FFV1" if self._spec.depth > 8 else "VP9 in WebM, ProRes or FFV1"  # noqa: PLR2004
            notice(f"transparency was flattened onto white; use {keeping} to keep it")
        if self._size != self._spec.size:
            notice("padded to {} x {} pixels: H.264 and HEVC need even sides".format(*self._size))

    def _ticks(self, time: Fraction) -> int:
        return round(time / self._base)

    @property
    def _frames_problem(self) -> str:
        return "{} cannot hold these frames of {} x {} pixels".format(self._target, *self._spec.size)

    @property
    def _tracks_problem(self) -> str:
        return f"the sound or the subtitles of {self._target} cannot be written"

    @contextlib.contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        import av  # noqa: PLC0415 -- an extra

        try:
            yield
        except av.FFmpegError as error:
            if error.errno in STORAGE_FAILURES:
                problem = f"{self._target} could not be written: {error.strerror}"
                raise StorageError(problem, "Make room, or choose another disk.") from None
            hint = (
                "Choose another codec, or another size." if what == self._frames_problem else "Choose another format."
            )
            raise OutputError(f"{what} ({error.strerror})", hint) from None


@contextlib.contextmanager
def _usual_priority() -> Iterator[None]:
    """Keep the threads of this process as they are scheduled.

    As root, SVT-AV1 has its own threads and the one that opens it run in real time: what they start never gets a core.
    """
    before, usual = os.sched_getscheduler(0), os.sched_getparam(0)
    yield
    with contextlib.suppress(OSError):  # a thread has ended, or this system shows none
        for task in (0, *map(int, os.listdir("/proc/self/task"))):  # noqa: PTH208
            if os.sched_getscheduler(task) != before:
                os.sched_setscheduler(task, before, usual)


def _is_root() -> bool:
    return hasattr(os, "sched_getscheduler") and os.geteuid() == 0


def time_base(spec: FilmSpec) -> Fraction:
    """Find a unit in which all times are whole, if there is a usual one."""
    parts = math.lcm(*{time.denominator for time in (*spec.times, spec.end)})
    return Fraction(1, parts if parts <= _FINEST_BASE else _USUAL_BASE)


def mean_rate(spec: FilmSpec) -> Fraction:
    """Give frames a second, a usual rate where times were rounded."""
    rate = len(spec.times) / spec.end
    whole = Fraction(max(1, round(rate)))
    return whole if abs(rate - whole) < _NEARLY_WHOLE else rate.limit_denominator(_LARGEST_TERM)
