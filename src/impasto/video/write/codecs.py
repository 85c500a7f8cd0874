"""What films are written as: containers, their codecs, and what each codec makes of a picture."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from impasto.errors import OutputError, SettingsError
from impasto.images.formats import choices
from impasto.video.defaults import HIGHEST_QUALITY
from impasto.wording import argument


@dataclass(frozen=True)
class Codec:
    """How one codec is used."""

    encoder: str
    """FFmpeg's name."""
    pixel_formats: Mapping[tuple[Literal[8, 16], bool], str]
    """By the bits a channel of a clip, and whether it has alpha; (8, False) is what there always is."""
    quality_option: str = ""
    """What states the quality; empty where there is no choice."""
    worst: float = 0
    """Its value at quality 0."""
    best: float = 0
    """Its value at quality 100."""
    options: Mapping[str, str] = field(default_factory=dict)
    even: bool = False
    """Whether both sides must be even, as those of H.264 and HEVC with halved chroma: their cropping counts in twos."""
    tag: str = ""
    """By which MP4 and MOV name it, where players want another than FFmpeg's."""
    profiles: Mapping[str, str] = field(default_factory=dict)
    """The profile for a pixel format, where the encoder does not choose it; FFmpeg's names."""
    rgb: bool = False
    """Whether it keeps red, green and blue as they are."""

    def pixel_format(self, depth: Literal[8, 16], supported: Collection[str], *, alpha: bool) -> tuple[str, bool]:
        """Choose what holds most of a picture, and tell whether that has alpha.

        Args:
            depth: of the pictures.
            supported: what the encoder was built with: many a VP9 has 8 bits alone.
            alpha: whether the pictures have it.
        """
        keys: tuple[tuple[Literal[8, 16], bool], ...] = ((depth, alpha), (8, alpha), (depth, False))
        for key in keys:
            if self.pixel_formats.get(key) in supported:
                return self.pixel_formats[key], key[1]
        return self.pixel_formats[8, False], False

    def encoder_options(self, quality: int) -> dict[str, str]:
        """Give the encoder's options for a quality of 1 to 100."""
        if not self.quality_option:
            return dict(self.options)
        value = self.worst + (self.best - self.worst) * quality / HIGHEST_QUALITY
        return {**self.options, self.quality_option: f"{value:.0f}"}


# Browsers play no 10 bits of H.264, so that it gets 8; the others take what the clip has.
CODECS = {
    "h264": Codec("libx264", {(8, False): "yuv420p"}, "crf", 51, 8, {"preset": "medium"}, even=True),
    "hevc": Codec(
        "libx265",
        {(8, False): "yuv420p", (16, False): "yuv420p10le"},
        "crf",
        51,
        10,
        {"preset": "medium", "x265-params": "log-level=none"},
        even=True,
        tag="hvc1",
    ),
    "vp9": Codec(
        "libvpx-vp9",
        {(8, False): "yuv420p", (16, False): "yuv420p10le", (8, True): "yuva420p"},
        "crf",
        63,
        8,
        {"b": "0", "deadline": "good", "cpu-used": "3", "row-mt": "1"},
        profiles={"yuv420p10le": "Profile 2"},
    ),
    "av1": Codec("libsvtav1", {(8, False): "yuv420p", (16, False): "yuv420p10le"}, "crf", 63, 10, {"preset": "7"}),
    "prores": Codec(
        "prores_ks",
        {(8, False): "yuv422p10le", (8, True): "yuva444p10le"},
        options={"vendor": "apl0"},
        profiles={"yuv422p10le": "HQ", "yuva444p10le": "4444"},
    ),
    "ffv1": Codec(
        "ffv1",
        {(8, False): "bgr0", (8, True): "bgra", (16, False): "gbrp16le", (16, True): "gbrap16le"},
        options={"level": "3"},
        rgb=True,
    ),
}


@dataclass(frozen=True)
class Container:
    """A kind of file, and what it may hold."""

    muxer: str
    """FFmpeg's name."""
    codecs: tuple[str, ...]
    """The first is taken where none is asked for."""
    audio: str
    """The encoder for sound that it cannot hold as it is."""
    subtitles: str
    """Likewise for subtitles of text."""
    options: Mapping[str, str] = field(default_factory=dict)
    copied_audio: frozenset[str] = frozenset()
    """The codecs of sound that players know in it, by FFmpeg's names; empty for all that it can hold."""


_FAST_START = {"movflags": "+faststart"}
_MP4_AUDIO = frozenset(("aac", "mp2", "mp3", "ac3", "eac3", "alac", "dts", "flac", "opus"))
_PCM = frozenset(("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_u8"))
_MOV_AUDIO = frozenset(("aac", "mp3", "ac3", "eac3", "alac")) | _PCM
_MP4 = Container("mp4", ("h264", "hevc", "vp9", "av1"), "aac", "mov_text", _FAST_START, _MP4_AUDIO)
CONTAINERS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": Container("mov", ("h264", "hevc", "prores"), "aac", "mov_text", _FAST_START, _MOV_AUDIO),
    ".mkv": Container("matroska", ("h264", "hevc", "vp9", "av1", "prores", "ffv1"), "libopus", "srt"),
    ".webm": Container("webm", ("vp9", "av1"), "libopus", "webvtt", copied_audio=frozenset(("opus", "vorbis"))),
}
"""By suffix."""


def choose_codec(suffix: str, codec: str | None) -> str:
    """Choose the codec of a film.

    Raises:
        SettingsError: there is no such codec.
        OutputError: the container does not hold it.
    """
    if codec is None:
        return CONTAINERS[suffix].codecs[0]
    if codec not in CODECS:
        raise SettingsError(f"{argument('codec', codec)} is not a codec", f"Choose {choices(tuple(CODECS))}.")
    if codec not in CONTAINERS[suffix].codecs:
        holding = [other for other, container in CONTAINERS.items() if codec in container.codecs]
        raise OutputError(
            f"a {suffix} file does not hold {argument('codec', codec)}",
            f"Choose {choices(CONTAINERS[suffix].codecs)}; or write {choices(holding)}.",
        )
    return codec
