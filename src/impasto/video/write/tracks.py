"""Copies what is beside the pictures of a film into another: sound, subtitles, attachments, chapters and metadata."""

from collections import Counter
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from impasto.errors import ImageError, count_noun
from impasto.images import formats
from impasto.storage.paths import is_file
from impasto.video.read import frames
from impasto.video.read.container import find_video, open_container
from impasto.video.read.packets import read_packets
from impasto.video.read.timing import read_timing
from impasto.video.write.codecs import Container
from impasto.video.write.film_spec import Notice, OtherTracks
from impasto.video.write.track_writers import ConvertedText, ReencodedAudio, TrackWriter, can_copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av import Packet
    from av.container import InputContainer, OutputContainer

_OWN_METADATA = frozenset(
    ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "vendor_id", "handler_name")
)
"""What each file says of itself, in lower case."""
_NAMES = {"aac": "AAC", "libopus": "Opus", "srt": "SubRip", "webvtt": "WebVTT"}
"""Of encoders, where FFmpeg's are not the usual ones."""
_KINDS = {"audio": "sound", "subtitle": "subtitles"}


class TrackCopier:
    """Copies packets in the order of their times, so that a player finds them beside the pictures."""

    def __init__(self, out: "OutputContainer", tracks: OtherTracks, container: Container, notice: Notice) -> None:
        self._out, self._tracks, self._container, self._notice = out, tracks, container, notice
        self._length = None if tracks.stop is None else tracks.stop - tracks.start
        self._stack = ExitStack()
        self._writers: dict[int, TrackWriter] = {}
        self._labels: dict[int, str] = {}
        self._waiting: Packet[Any] | None = None
        self._packets: Iterator[Packet[Any]] = iter(())
        source = self._open()
        if source is None:
            return
        self._add_tracks(source)
        out.metadata.update(_kept(source.metadata))
        self._copy_chapters(source)
        self._packets = read_packets(source) if self._writers else iter(())

    def copy_until(self, time: Fraction | None) -> None:
        """Copy packets up to a time, seconds from the first frame of the film; None for all.

        Raises:
            FFmpegError: the disk is full or failed.
        """
        while (packet := self._waiting or next(self._packets, None)) is not None:
            self._waiting = None
            writer = self._writers.get(packet.stream_index)
            if writer is None or packet.pts is None:
                continue
            begin = packet.pts * packet.time_base - self._origin
            if time is not None and begin > time:
                self._waiting = packet
                return
            if self._is_part(begin, packet):
                writer.write(self._move(packet))

    def finish(self, time: Fraction | None) -> None:
        """Copy up to a time, and all that waits.

        Raises:
            FFmpegError: the disk is full or failed.
        """
        self.copy_until(time)
        for number, writer in self._writers.items():
            writer.finish()
            if writer.lost:
                lost = count_noun(writer.lost, "damaged packet")
                self._notice(f"{lost} of the {self._labels[number]} could not be kept")
        self._writers.clear()

    def close(self) -> None:
        """Close the source."""
        self._stack.close()

    def _open(self) -> "InputContainer | None":
        """Open the source, and find when the part begins in its time; None where it is no film, or cannot be read."""
        tracks, name = self._tracks, str(self._tracks.source)
        if _has_no_tracks(tracks):
            return None
        try:
            origin = tracks.origin
            if origin is None:
                with tracks.source.open("rb") as file, open_container(file, name) as source:
                    origin = read_timing(source, find_video(source, name), name).origin
            self._origin = origin + tracks.start
            file = self._stack.enter_context(tracks.source.open("rb"))
            return self._stack.enter_context(open_container(file, name))
        except ImageError as error:
            reason = error.texts[0]
        except OSError as error:
            reason = f"{name} cannot be read ({error.strerror})"
        self._notice(f"the film has no sound and no subtitles: {reason}")
        return None

    def _add_tracks(self, source: "InputContainer") -> None:
        """Add a track for each of the source's that can be kept; one notice lists the others."""
        dropped: list[str] = []
        frames = find_video(source, str(self._tracks.source)).index
        numbers = Counter[str]()
        several = Counter(stream.type for stream in source.streams)
        for stream in source.streams:
            kind = stream.type or "data"
            numbers[kind] += 1
            label = _label(stream, numbers[kind] if several[kind] > 1 else None)
            if stream.index == frames:
                continue
            if writer := self._add_track(stream, label):
                writer.stream.metadata.update(_kept(stream.metadata))
                writer.stream.disposition = stream.disposition
                self._writers[stream.index], self._labels[stream.index] = writer, label
            elif not self._attach(stream) and not _is_chapter_text(stream):
                dropped.append(label)
        if dropped:
            self._notice(f"left out: {', '.join(dropped)}")

    def _add_track(self, stream: Any, label: str) -> TrackWriter | None:
        """Add a track for one of the source's, converted where the container cannot hold it as it is."""
        from av import FFmpegError  # noqa: PLC0415 -- an extra

        if stream.type not in {"audio", "subtitle"} or stream.codec_context is None:
            return None
        if can_copy(stream, self._container):
            return TrackWriter(self._out, self._out.add_stream_from_template(stream))
        if stream.type == "subtitle" and not stream.codec_context.codec.text_sub:
            return None
        if stream.type == "audio" and not stream.codec_context.layout.nb_channels:
            return None  # so damaged that nothing of it was found
        encoder = self._container.audio if stream.type == "audio" else self._container.subtitles
        writer = ReencodedAudio if stream.type == "audio" else ConvertedText
        try:
            added = writer(self._out, stream, encoder)
        except (FFmpegError, ValueError):  # its decoder does not open
            return None
        self._notice(f"{label} converted to {_NAMES.get(encoder, encoder)}: this format does not hold the original")
        return added

    def _attach(self, stream: Any) -> bool:
        """Keep an attached file, such as a font, where the container has such."""
        if stream.type != "attachment" or self._container.muxer != "matroska":
            return False
        name, kind = stream.name or "attachment", stream.mimetype or "application/octet-stream"
        self._out.add_attachment(name, kind, stream.data)
        return True

    def _is_part(self, begin: Fraction, packet: "Packet[Any]") -> bool:
        if self._length is None and not self._tracks.start:
            return True
        end = begin + (packet.duration or 0) * packet.time_base
        return end > 0 and (self._length is None or begin < self._length)

    def _move(self, packet: "Packet[Any]") -> "Packet[Any]":
        """Give a packet the film's time; a subtitle of a part begins and ends with it."""
        base, offset = packet.time_base, round(self._origin / packet.time_base)
        assert packet.pts is not None
        packet.pts -= offset
        packet.dts = packet.pts if packet.dts is None else packet.dts - offset
        if packet.stream.type != "subtitle" or (self._length is None and not self._tracks.start):
            return packet
        begin, end = max(0, packet.pts), packet.pts + (packet.duration or 0)
        if self._length is not None:
            end = min(end, int(self._length / base))
        packet.pts = packet.dts = begin
        packet.duration = max(0, end - begin)
        return packet

    def _copy_chapters(self, source: "InputContainer") -> None:
        chapters: list[Any] = []
        for chapter in source.chapters():
            base = chapter["time_base"] or Fraction(1)
            offset = round(self._origin / base)
            begin, end = chapter["start"] - offset, chapter["end"] - offset
            stop = None if self._length is None else self._length / base
            if end > 0 and (stop is None or begin < stop):
                end = end if stop is None else min(end, round(stop))
                chapters.append({**chapter, "start": max(0, begin), "end": end})
        if chapters:
            self._out.set_chapters(chapters)


def _has_no_tracks(tracks: OtherTracks) -> bool:
    """Whether a source is no film, but frames or an animated picture."""
    if not is_file(tracks.source):
        return tracks.source.is_dir() or frames.is_pattern(str(tracks.source))
    try:
        with tracks.source.open("rb") as file:
            return formats.recognize(file.read(formats.HEAD)) is not None
    except OSError:  # which is said when it is opened
        return False


def _is_chapter_text(stream: Any) -> bool:
    """Whether a track has the titles of chapters for QuickTime, which are copied as chapters."""
    return bool(stream.type == "data" and stream.metadata.get("handler_name") == "SubtitleHandler")


def _label(stream: Any, number: int | None) -> str:
    """Name a track for the user."""
    from av.stream import Disposition  # noqa: PLC0415 -- an extra

    if stream.type == "video" and stream.disposition & Disposition.attached_pic:
        return "cover art"
    kind = _KINDS.get(stream.type, f"{stream.type} track")
    if number is not None:
        kind = f"{kind} {number}"
    return kind if stream.codec_context is None else f"{kind} ({stream.codec_context.codec.canonical_name})"


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key.lower().partition("-")[0] not in _OWN_METADATA}
