"""When the frames of a stream are shown, from its packets alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from impasto.errors import ImageError
from impasto.video.read.packets import PacketSpan, read_packets

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_USUAL_RATE = Fraction(25)
"""Of a stream that states none and has one frame."""
_FORMATS_WITH_LENGTH = frozenset(("mov", "matroska", "avi", "flv", "asf"))
"""Whose headers state how long a file is; of the others FFmpeg may have to guess."""
_FRAMES_MISSING = 3
_SECONDS_MISSING = Fraction(1, 4)
_VP8_SHOWN = 0x10
"""The bit of a VP8 packet's first byte without which it is for reference alone (RFC 6386, section 9.1)."""


@dataclass(frozen=True)
class Timing:
    """The frames of a stream, in the order in which they are shown."""

    times: tuple[Fraction, ...]
    """Seconds from the first."""
    end: Fraction
    """When the last is no longer shown."""
    origin: Fraction
    """When the first is shown, in the time of the container, seconds."""
    pts: tuple[int, ...]
    """When each is presented, in the stream's time base, by which it is recognized; empty where frames are counted."""
    keyframe_pts: tuple[int, ...] = ()
    """Those of the frames at which decoding can begin, rising."""
    problem: str = ""
    """What is wrong with the file; empty for nothing."""


def read_timing(container: "InputContainer", stream: "VideoStream", name: str) -> Timing:
    """Read when frames are shown; decodes only where packets have no time.

    Raises:
        ImageError: there is no frame.
    """
    durations: dict[int, int] = {}
    dts: list[int | None] = []
    keyframe_pts, timed, span = [], True, PacketSpan()
    for packet in read_packets(container, span):
        if packet.stream_index != stream.index or packet.is_discard or _is_hidden(packet, stream):
            continue
        dts.append(packet.pts if packet.dts is None else packet.dts)
        if packet.pts is None or packet.pts in durations or (_has_no_times(container) and packet.pts != packet.dts):
            timed = False
        else:
            durations[packet.pts] = packet.duration or 0
            if packet.is_keyframe:
                keyframe_pts.append(packet.pts)
    if keyframe_pts:  # what comes before the first cannot be decoded: the file was cut off there
        durations = {value: duration for value, duration in durations.items() if value >= keyframe_pts[0]}
    if _loses_its_place(container) or len(span.offsets) > 1:
        keyframe_pts = []
    if not timed:
        pts, last, keyframe_pts = _decoded_pts(container, stream, dts), 0, []
    else:
        pts = sorted(durations)
        last = durations[pts[-1]] if pts else 0
    if not pts:
        raise ImageError(f"{name} has no frames", "Give a film that plays.")
    return _timing(container, stream, pts, last, sorted(keyframe_pts), span, name, timed=timed)


def _timing(
    container: "InputContainer",
    stream: "VideoStream",
    pts: list[int],
    last: int,
    keyframe_pts: list[int],
    span: PacketSpan,
    name: str,
    *,
    timed: bool,
) -> Timing:
    base = Fraction(stream.time_base or 1)
    times = tuple((value - pts[0]) * base for value in pts)
    rate = Fraction(stream.guessed_rate or stream.average_rate or _USUAL_RATE)
    mean = times[-1] / (len(times) - 1) if len(times) > 1 else 1 / rate
    rounded = not last or abs(last * base - mean) <= base  # milliseconds of Matroska
    end = times[-1] + (mean if rounded else last * base)
    problem = span.problem or _missing_end(container, span, mean)
    return Timing(
        times,
        end,
        pts[0] * base,
        tuple(pts) if timed else (),
        tuple(keyframe_pts),
        f"{name} {problem}" if problem else "",
    )


def _missing_end(container: "InputContainer", span: PacketSpan, mean: Fraction) -> str:
    """Say so if a file does not reach as far as its header states."""
    if not container.duration or not _FORMATS_WITH_LENGTH & set(container.format.name.split(",")):
        return ""
    stated = Fraction(container.duration, 1_000_000)
    if stated - span.length <= max(_FRAMES_MISSING * mean, _SECONDS_MISSING):
        return ""
    return f"ends too early: {float(span.length):.1f} s of {float(stated):.1f} s are there"


def _is_hidden(packet: "Packet[Any]", stream: "VideoStream") -> bool:
    return stream.codec_context.name in {"vp8", "libvpx"} and packet.size > 0 and not memoryview(packet)[0] & _VP8_SHOWN


def _has_no_times(container: "InputContainer") -> bool:
    """Whether the format knows the order of packets alone: AVI's are guessed, wrongly where frames are reordered."""
    return container.format.name == "avi"


def _loses_its_place(container: "InputContainer") -> bool:
    """Whether times after a jump are other than from the beginning: MPEG-PS has one for several frames."""
    return container.format.name == "mpeg"


def _decoded_pts(container: "InputContainer", stream: "VideoStream", dts: list[int | None]) -> list[int]:
    """Give decoded frames the times of the packets, in order; if they are not as many, those of their own that rise."""
    base = Fraction(stream.time_base or 1)
    step = max(1, round(1 / (Fraction(stream.guessed_rate or stream.average_rate or _USUAL_RATE) * base)))
    _rewind(container)
    pts: list[int] = []
    for frame in decode(container, stream, stream.codec_context):
        following = pts[-1] + step if pts else 0
        known = frame.pts is not None and (not pts or frame.pts > pts[-1])
        pts.append(frame.pts if known and frame.pts is not None else following)
    stated = {value for value in dts if value is not None}
    return sorted(stated) if len(stated) == len(dts) == len(pts) else pts


def _rewind(container: "InputContainer") -> None:
    from av import FFmpegError  # noqa: PLC0415 -- an extra

    try:
        container.seek(0)
    except FFmpegError:  # a bare stream, which knows no times
        container.seek(0, unsupported_byte_offset=True)


def decode(container: "InputContainer", stream: "VideoStream", codec: Any) -> Iterator["VideoFrame"]:
    """Decode a stream from where its container is; what cannot be decoded is left out.

    Args:
        container: open.
        stream: of its streams.
        codec: a context that decodes the stream.
    """
    for packet in read_packets(container):
        if packet.stream_index == stream.index and packet.size:  # an empty one repeats a frame, as in AVI
            yield from _decode_packet(codec, packet)
    yield from _decode_packet(codec, None)


def _decode_packet(codec: Any, packet: "Packet[Any] | None") -> list["VideoFrame"]:
    from av import FFmpegError  # noqa: PLC0415 -- an extra

    try:
        return list(codec.decode(packet))
    except (FFmpegError, ValueError):
        return []
