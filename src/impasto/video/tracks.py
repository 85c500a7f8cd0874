"""Copies what is beside the pictures of a film into another: sound, subtitles, attachments, chapters and metadata."""

from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from impasto.errors import ImageError
from impasto.video.codecs import Container, Notice
from impasto.video.containers import find_video, open_container
from impasto.video.film_spec import OtherTracks
from impasto.video.timing import read_packets, read_timing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av import Packet
    from av.container import InputContainer, OutputContainer

_OWN_METADATA = frozenset(
    ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "vendor_id", "handler_name")
)
"""What each file says of itself, in lower case."""
_RATE = 48_000
_NAMES = {"aac": "AAC", "libopus": "Opus", "mov_text": "MP4's own", "srt": "SubRip", "webvtt": "WebVTT"}
_MILLISECOND = Fraction(1, 1000)
_BITS_A_CHANNEL = 96_000


class TrackCopier:
    """Copies packets in the order of their times, so that a player finds them beside the pictures."""

    def __init__(self, out: "OutputContainer", tracks: OtherTracks, container: Container, notice: Notice) -> None:
        self._out, self._tracks = out, tracks
        self._start, self._stop = tracks.start, tracks.stop
        self._stack = ExitStack()
        self._copies: dict[int, _Copy] = {}
        self._waiting: Packet[Any] | None = None
        self._packets: Iterator[Packet[Any]] = iter(())
        source = self._open(tracks)
        if source is None:
            return
        for stream in source.streams:
            if copy := _add_stream(out, stream, container, notice):
                self._copies[stream.index] = copy
        out.metadata.update(_kept(source.metadata))
        self._copy_chapters(source)
        self._packets = read_packets(source) if self._copies else iter(())

    def copy_until(self, time: Fraction | None) -> None:
        """Copy packets up to a time, seconds from the first frame of the film; None for all.

        Raises:
            FFmpegError: they cannot be written.
        """
        while (packet := self._waiting or next(self._packets, None)) is not None:
            self._waiting = None
            copy = self._copies.get(packet.stream_index)
            if copy is None or packet.pts is None or not self._is_part(packet):
                continue
            begin = packet.pts * packet.time_base - self._origin
            if time is not None and begin > time:
                self._waiting = packet
                return
            copy.write(packet, self._origin)
        if time is None:
            for copy in self._copies.values():
                copy.finish()
            self._copies.clear()

    def close(self) -> None:
        """Close the source."""
        self._stack.close()

    def _open(self, tracks: OtherTracks) -> "InputContainer | None":
        """Open the source, and find when the part begins in its time."""
        name = str(tracks.source)
        try:
            with tracks.source.open("rb") as file, open_container(file, name) as source:
                self._origin = read_timing(source, find_video(source, name), name).origin + tracks.start
            file = self._stack.enter_context(tracks.source.open("rb"))
            return self._stack.enter_context(open_container(file, name))
        except (ImageError, OSError):  # a folder, an animation: there is no sound
            return None

    def _is_part(self, packet: "Packet[Any]") -> bool:
        if self._stop is None and not self._start:
            return True
        assert packet.pts is not None
        begin = packet.pts * packet.time_base - self._origin
        stop = None if self._stop is None else self._stop - self._start
        return begin + (packet.duration or 0) * packet.time_base > 0 and (stop is None or begin < stop)

    def _copy_chapters(self, source: "InputContainer") -> None:
        chapters: list[Any] = []
        for chapter in source.chapters():
            base = chapter["time_base"] or Fraction(1)
            offset = round(self._origin / base)
            begin, end = chapter["start"] - offset, chapter["end"] - offset
            stop = None if self._stop is None else (self._stop - self._start) / base
            if end > 0 and (stop is None or begin < stop):
                end = end if stop is None else min(end, round(stop))
                chapters.append({**chapter, "start": max(0, begin), "end": end})
        if chapters:
            self._out.set_chapters(chapters)


class _Copy:
    """Copies the packets of one stream byte for byte."""

    def __init__(self, out: "OutputContainer", stream: Any) -> None:
        self._out, self.stream = out, stream

    def write(self, packet: "Packet[Any]", origin: Fraction) -> None:
        """Copy a packet, whose time is from then on that since `origin`."""
        offset = round(origin / packet.time_base)
        assert packet.pts is not None
        if self.stream.type == "subtitle" and packet.pts < offset:  # began before the part
            packet.duration = (packet.duration or 0) - (offset - packet.pts)
            packet.pts = packet.dts = offset
        packet.pts -= offset
        packet.dts = packet.pts if packet.dts is None else packet.dts - offset
        packet.stream = self.stream
        self._out.mux_one(packet)

    def finish(self) -> None:
        """Do nothing: all is written."""


class _ConvertedText(_Copy):
    """Converts subtitles of text to another kind of such."""

    def __init__(self, out: "OutputContainer", source: Any, encoder: str) -> None:
        super().__init__(out, out.add_stream(encoder))
        self._source = source.codec_context
        self._source.open(strict=False)
        self.stream.codec_context.subtitle_header = self._source.subtitle_header
        self.stream.time_base = _MILLISECOND

    def write(self, packet: "Packet[Any]", origin: Fraction) -> None:
        """Convert a packet."""
        from av import FFmpegError, Packet  # noqa: PLC0415 -- an extra

        try:
            text = self._source.decode2(packet)
            data = bytes(self.stream.codec_context.encode_subtitle(text)) if text and len(text.rects) else b""
        except FFmpegError:  # as players do, pass over what is damaged
            return
        if data:
            converted = Packet(data)
            converted.pts, converted.duration = packet.pts, packet.duration
            converted.time_base = packet.time_base
            super().write(converted, origin)

    def finish(self) -> None:
        """Do nothing: all is written."""


class _Reencoding(_Copy):
    """Encodes sound that a container cannot hold as it is."""

    def __init__(self, out: "OutputContainer", source: Any, encoder: str) -> None:
        from av import AudioResampler  # noqa: PLC0415 -- an extra

        context = source.codec_context
        layout = context.layout.name if context.layout.nb_channels > 1 else "mono"
        stream: Any = out.add_stream(encoder, rate=_RATE)
        stream.codec_context.layout = layout
        stream.codec_context.bit_rate = _BITS_A_CHANNEL * context.layout.nb_channels
        super().__init__(out, stream)
        self._source, self._next = source, None
        self._resampler = AudioResampler(format=stream.codec_context.format, layout=layout, rate=_RATE)

    def write(self, packet: "Packet[Any]", origin: Fraction) -> None:
        """Decode a packet, and encode what is decoded."""
        from av import FFmpegError  # noqa: PLC0415 -- an extra

        try:
            frames = self._source.codec_context.decode(packet)
        except FFmpegError:  # as players do, pass over what is damaged
            return
        for frame in frames:
            if frame.pts is not None:
                frame.pts -= round(origin / frame.time_base)
            self._encode(self._resampler.resample(frame))

    def finish(self) -> None:
        """Encode what waits."""
        self._encode(self._resampler.resample(None))
        self._encode([None])

    def _encode(self, frames: list[Any]) -> None:
        for frame in frames:
            self._out.mux(self.stream.encode(frame))


def _add_stream(out: "OutputContainer", source: Any, container: Container, notice: Notice) -> _Copy | None:
    """Add a stream for a copy of one of the source's, converted where the container cannot hold it as it is."""
    if source.type == "attachment" and container.muxer == "matroska":
        out.add_attachment(source.name or "attachment", source.mimetype or "application/octet-stream", source.data)
    if source.type not in {"audio", "subtitle"}:
        return None
    copy = _copy(out, source) or _convert(out, source, container, notice)
    if copy is not None:
        copy.stream.metadata.update(_kept(source.metadata))
        copy.stream.disposition = source.disposition
    return copy


def _copy(out: "OutputContainer", source: Any) -> _Copy | None:
    try:
        return _Copy(out, out.add_stream_from_template(source))
    except ValueError:  # the container cannot hold it, or FFmpeg does not know it
        return None


def _convert(out: "OutputContainer", source: Any, container: Container, notice: Notice) -> _Copy | None:
    kind = "sound" if source.type == "audio" else "subtitles"
    codec = source.codec_context.codec if source.codec_context is not None else None
    if codec is not None and (source.type == "audio" or codec.text_sub):
        encoder = container.audio if source.type == "audio" else container.subtitles
        notice(f"the {kind} ({codec.canonical_name}) cannot be copied to this format, and became {_NAMES[encoder]}")
        return (_Reencoding if source.type == "audio" else _ConvertedText)(out, source, encoder)
    name = f" ({codec.canonical_name})" if codec is not None else ""
    notice(f"the {kind}{name} cannot be kept in this format")
    return None


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key.lower().partition("-")[0] not in _OWN_METADATA}
