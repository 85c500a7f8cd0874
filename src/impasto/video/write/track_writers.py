"""What writes one track beside the frames of a film: as it is, or converted."""

import contextlib
import io
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from impasto.errors import STORAGE_FAILURES
from impasto.video.write.codecs import Container

if TYPE_CHECKING:
    from av import AudioResampler, Packet
    from av.container import OutputContainer

_RATE = 48_000
_MILLISECOND = Fraction(1, 1000)
_BITS_A_CHANNEL = 96_000
_LAYOUTS = {
    "aac": {"mono": 1, "stereo": 2, "3.0": 3, "4.0": 4, "5.0": 5, "5.1": 6},
    "libopus": {"mono": 1, "stereo": 2, "3.0": 3, "quad": 4, "5.0": 5, "5.1": 6, "6.1": 7, "7.1": 8},
}
"""The layouts that each encoder takes and players know, and their channels."""
_SIMPLE = frozenset(("mono", "stereo"))
_ADTS_SYNC = 0xFFF0
"""The bits with which a packet of AAC with a header of its own begins (ISO 13818-7, 6.2)."""
_SURROUND = 4
"""Channels; of fewer that are no usual layout, such as 2.1, stereo is made."""


class TrackWriter:
    """Writes the packets of one track byte for byte.

    A packet that cannot be written is left out, and counted: damage to the sound must not cost the film.
    """

    def __init__(self, out: "OutputContainer", stream: Any) -> None:
        self._out, self.stream = out, stream
        self.lost = 0
        """Packets that were left out because they are damaged."""
        self._latest: Fraction | None = None
        """When the packet before is decoded, seconds."""

    def write(self, packet: "Packet[Any]") -> None:
        """Write a packet, whose times are the film's.

        Raises:
            FFmpegError: the disk is full or failed.
        """
        packet.dts = packet.pts if packet.dts is None else packet.dts
        packet.stream = self.stream
        if _lacks_configuration(packet):
            self.lost += 1
        else:
            self._mux(packet)

    def finish(self) -> None:
        """Write what waits, of which there is nothing in a copy."""

    def _mux(self, packet: "Packet[Any]") -> None:
        from av import FFmpegError  # noqa: PLC0415 -- an extra

        self._let_rise(packet)
        try:
            self._out.mux_one(packet)
        except (FFmpegError, ValueError) as error:
            if getattr(error, "errno", None) in STORAGE_FAILURES:
                raise
            self.lost += 1

    def _let_rise(self, packet: "Packet[Any]") -> None:
        """Delay a packet that would be decoded before the one before it, as where two recordings were joined."""
        from av.format import Flags  # noqa: PLC0415 -- an extra

        if packet.dts is None:
            return
        equal_allowed: Any = Flags.ts_nonstrict.value
        least = Fraction(0 if self._out.format.flags & equal_allowed else self.stream.time_base or 0)
        time = packet.dts * packet.time_base
        if self._latest is not None and time < self._latest + least:
            packet.dts = math.ceil((self._latest + least) / packet.time_base)
            packet.pts = max(packet.pts or 0, packet.dts)
        self._latest = packet.dts * packet.time_base


class ConvertedText(TrackWriter):
    """Converts subtitles of text to another kind of such."""

    def __init__(self, out: "OutputContainer", source: Any, encoder: str) -> None:
        self._source = source.codec_context
        self._source.open(strict=False)
        super().__init__(out, out.add_stream(encoder))
        self.stream.codec_context.subtitle_header = self._source.subtitle_header
        self.stream.time_base = _MILLISECOND

    def write(self, packet: "Packet[Any]") -> None:
        """Convert a packet."""
        from av import FFmpegError, Packet  # noqa: PLC0415 -- an extra

        try:
            text = self._source.decode2(packet)
            data = bytes(self.stream.codec_context.encode_subtitle(text)) if text and len(text.rects) else b""
        except (FFmpegError, ValueError):
            self.lost += 1
            return
        if data:
            converted = Packet(data)
            converted.pts, converted.duration = packet.pts, packet.duration
            converted.time_base = packet.time_base
            super().write(converted)


class ReencodedAudio(TrackWriter):
    """Encodes sound that a container cannot hold as it is."""

    def __init__(self, out: "OutputContainer", source: Any, encoder: str) -> None:
        self._decoder = source.codec_context
        self._layout = choose_layout(encoder, self._decoder.layout)
        stream: Any = out.add_stream(encoder, rate=_RATE)
        stream.codec_context.layout = self._layout
        stream.codec_context.bit_rate = _BITS_A_CHANNEL * stream.codec_context.layout.nb_channels
        super().__init__(out, stream)
        self._resampler: AudioResampler | None = None
        self._format: tuple[Any, ...] = ()
        """Of the frames that the resampler takes: a broadcast may go from stereo to mono."""

    def write(self, packet: "Packet[Any]") -> None:
        """Decode a packet, and encode what is decoded."""
        from av import FFmpegError  # noqa: PLC0415 -- an extra

        try:
            frames = self._decoder.decode(packet)
        except (FFmpegError, ValueError):
            self.lost += 1
            return
        self._encode(frames)

    def finish(self) -> None:
        """Encode what waits in the decoder, the resampler and the encoder."""
        from av import FFmpegError  # noqa: PLC0415 -- an extra

        with contextlib.suppress(FFmpegError, ValueError):
            self._encode(self._decoder.decode(None))
        self._flush_resampler()
        self._mux_all(None)

    def _encode(self, frames: list[Any]) -> None:
        from av import AudioResampler  # noqa: PLC0415 -- an extra

        for frame in frames:
            found = frame.format.name, frame.layout.name, frame.sample_rate
            if self._resampler is None or found != self._format:
                self._flush_resampler()
                wanted = self.stream.codec_context.format
                self._resampler = AudioResampler(format=wanted, layout=self._layout, rate=_RATE)
                self._format = found
            self._resample(frame)

    def _flush_resampler(self) -> None:
        if self._resampler is not None:
            self._resample(None)
            self._resampler = None

    def _resample(self, frame: Any) -> None:
        from av import FFmpegError  # noqa: PLC0415 -- an extra

        assert self._resampler is not None
        try:
            frames = self._resampler.resample(frame)
        except (FFmpegError, ValueError):
            self.lost += 1
            return
        for resampled in frames:
            if resampled is not None:
                self._mux_all(resampled)

    def _mux_all(self, frame: Any) -> None:
        from av import FFmpegError  # noqa: PLC0415 -- an extra

        try:
            packets = self.stream.encode(frame)
        except (FFmpegError, ValueError):
            self.lost += 1
            return
        for packet in packets:
            self._mux(packet)


def choose_layout(encoder: str, source: Any) -> str:
    """Choose the layout of channels that an encoder takes and that is nearest to a source's.

    Args:
        encoder: FFmpeg's name.
        source: PyAV's `AudioLayout`.
    """
    layouts, channels = _LAYOUTS[encoder], source.nb_channels
    if source.name in layouts:
        return str(source.name)
    fitting = [
        name for name, count in layouts.items() if count <= channels and (channels >= _SURROUND or name in _SIMPLE)
    ]
    return max(fitting, key=layouts.__getitem__)


def _lacks_configuration(packet: "Packet[Any]") -> bool:
    """Whether nothing says how a packet of AAC is decoded: neither its track's header nor its own, which ADTS has.

    Muxers find out late, and say so when a frame is written. A damaged FLV may have such a track.
    """
    context: Any = packet.stream.codec_context
    if context is None or context.codec.canonical_name != "aac" or context.extradata:
        return False
    return int.from_bytes(bytes(packet)[:2], "big") & _ADTS_SYNC != _ADTS_SYNC


def can_copy(source: Any, container: Container) -> bool:
    """Whether a container holds a track as it is, so that players know it: its header is written to nowhere."""
    import av  # noqa: PLC0415 -- an extra

    context = source.codec_context
    if context is None:
        return False
    if source.type == "audio" and container.copied_audio and context.codec.canonical_name not in container.copied_audio:
        return False
    try:
        with av.open(io.BytesIO(), "w", format=container.muxer) as trial:
            trial.add_stream_from_template(source)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True
