"""The packets of a file on one timeline, as far as the file can be read."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer

_FARTHEST_BACK = Fraction(1, 2)
_FARTHEST_AHEAD = Fraction(10)
"""Seconds; where the clock of a stream jumps by more, it was set anew, as where recordings were joined."""


class PacketSpan:
    """How far the packets of a file reach, of all its streams."""

    def __init__(self) -> None:
        self.start: Fraction | None = None
        self.end = Fraction(0)
        self.problem = ""
        self.offsets = [Fraction(0)]
        """What is added to the times of each stretch of the file, seconds; several where its clock was set anew."""

    def add(self, packet: "Packet[Any]") -> None:
        """Take note of a packet."""
        if packet.pts is None:
            return
        begin = packet.pts * packet.time_base
        self.start = begin if self.start is None else min(self.start, begin)
        self.end = max(self.end, begin + (packet.duration or 0) * packet.time_base)

    @property
    def length(self) -> Fraction:
        """Seconds from the first packet to the last one's end."""
        return self.end - (self.start or 0)


class _Timeline:
    """Puts what follows a jump of a file's clock right behind what came before it, as FFmpeg's own program does.

    Each stream passes a jump by itself: packets of two stretches are mixed where they meet.
    """

    def __init__(self, container: "InputContainer", span: PacketSpan) -> None:
        from av.format import Flags  # noqa: PLC0415 -- an extra

        jumping: Any = Flags.ts_discont.value
        self._may_jump = bool(container.format.flags & jumping)
        self._span = span
        self._streams: dict[int, tuple[int, Fraction]] = {}
        """The stretch that each stream is in, and its latest time of decoding as the file has it."""

    def shift(self, packet: "Packet[Any]") -> None:
        if not self._may_jump:
            return
        offset = self._span.offsets[self._stretch(packet)]
        if not offset:
            return
        ticks = round(offset / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks

    def _stretch(self, packet: "Packet[Any]") -> int:
        offsets, newest = self._span.offsets, len(self._span.offsets) - 1
        if packet.dts is None:
            return self._streams.get(packet.stream_index, (newest, 0))[0]
        time = packet.dts * packet.time_base
        stretch, latest = self._streams.get(packet.stream_index, (newest, time))
        # A track that pauses is no jump: what is ahead of all others is.
        ahead = time + offsets[stretch] - max(latest + offsets[stretch], self._span.end)
        if time < latest - _FARTHEST_BACK or ahead > _FARTHEST_AHEAD:
            if stretch == newest:
                begin = packet.dts if packet.pts is None else packet.pts  # reordered frames are shown later
                offsets.append(self._span.end - begin * packet.time_base)
            stretch = len(offsets) - 1
        self._streams[packet.stream_index] = (stretch, time)
        return stretch


def read_packets(container: "InputContainer", span: PacketSpan | None = None) -> Iterator["Packet[Any]"]:
    """Read the packets of all streams as far as the file can be read; what is wrong with it is told to the span."""
    from av import FFmpegError  # noqa: PLC0415 -- an extra

    span = span or PacketSpan()
    timeline = _Timeline(container, span)
    try:
        for packet in container.demux():
            if packet.pts is None and packet.dts is None and not packet.size:
                continue  # the mark of the end
            timeline.shift(packet)
            span.add(packet)
            yield packet
    except (
        IndexError
    ):  # at the end of a file in which another stream began later, for which PyAV has no mark of the end
        return
    except (FFmpegError, ValueError) as error:
        span.problem = f"is damaged after {float(span.length):.1f} s ({getattr(error, 'strerror', error)})"
