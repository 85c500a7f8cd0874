"""Makes real films, with PyAV itself and none of Impasto's code."""

from fractions import Fraction

import av
import numpy as np

from impasto.images import Picture
from impasto.images.picture import flatten

RATE = 24
SIZE = (64, 48)


def gray(number):
    """The brightness of a frame, by which it is told from the others."""
    return 16 + 8 * (number % 28)


def frame_of(number, size=SIZE):
    """A gray frame with a red corner at its top left and a green one at its bottom right."""
    samples = np.full((size[1], size[0], 3), gray(number), np.uint8)
    samples[: size[1] // 3, : size[0] // 3] = (200, 20, 20)
    samples[-(size[1] // 3) :, -(size[0] // 3) :] = (20, 180, 20)
    return samples


def numbers_of(pictures):
    """The numbers of frames by their brightness, as far as they can be told."""
    middles = [picture.rgb[picture.height // 2, picture.width // 2].mean() for picture in pictures]
    return [round((float(middle) - 16) / 8) for middle in middles]


def add_video(container, codec="libx264", size=SIZE, pixels="yuv420p", options=None, base=None):
    """Add a stream for `encode`."""
    stream = container.add_stream(codec, rate=RATE, options=options or {})
    stream.width, stream.height = size
    stream.pix_fmt = pixels
    if base is not None:
        stream.codec_context.time_base = base
    return stream


def encode(container, stream, samples, stamps=None, base=Fraction(1, RATE), **colors):
    """Encode arrays of samples, at stamps of a time base."""
    for number, array in enumerate(samples):
        kind = {(1, 3): "rgb24", (1, 4): "rgba", (2, 3): "rgb48le", (2, 4): "rgba64le"}[
            array.dtype.itemsize, array.shape[2]
        ]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), kind)
        frame = frame.reformat(format=stream.pix_fmt, interpolation="BICUBIC", **colors)
        frame.pts, frame.time_base = number if stamps is None else stamps[number], base
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def make_film(path, count=24, size=SIZE, *, codec="libx264", pixels="yuv420p", options=None, setup=None, **times):
    """Make a film of gray frames, each by its number."""
    with av.open(str(path), "w") as container:
        stream = add_video(container, codec, size, pixels, options, times.get("base"))
        if setup:
            setup(stream)
        encode(container, stream, (frame_of(number, size) for number in range(count)), **times)
    return path


def add_sound(container, codec="aac", layout="stereo"):
    """Add a stream for `encode_sound`, in German."""
    stream = container.add_stream(codec, rate=48_000)
    stream.codec_context.layout = layout
    stream.metadata["language"] = "deu"
    return stream


def encode_sound(container, stream, start=0.0, length=1.0):
    """Encode a tone."""
    context = stream.codec_context
    step = context.frame_size or 960
    resampler = av.AudioResampler(context.format, context.layout, 48_000)
    first = int(start * 48_000)
    for place in range(first, first + int(length * 48_000), step):
        tone = np.float32(0.3) * np.sin((np.arange(step, dtype=np.float32) + place) * np.float32(0.06))
        both = np.repeat(tone[np.newaxis], context.layout.nb_channels, axis=0)
        frame = av.AudioFrame.from_ndarray(both, "fltp", context.layout.name)
        frame.pts, frame.sample_rate, frame.time_base = place, 48_000, Fraction(1, 48_000)
        for converted in resampler.resample(frame):
            container.mux(stream.encode(converted))
    container.mux(stream.encode())


def packets_of(path, kind):
    """The packets of the first stream of a kind: seconds from the first frame of the pictures, and their bytes."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux() if packet.size]
        first = min(packet.pts * packet.time_base for packet in packets if packet.stream.type == "video")
        return [
            (float(packet.pts * packet.time_base - first), bytes(packet))
            for packet in packets
            if packet.stream.type == kind
        ]


def difference(one, other):
    """The mean difference of two pictures on white, 0..255."""
    return float(np.abs(flatten(one).rgb - flatten(other).rgb).mean())


def picture(samples, alpha=None):
    """A picture of an array."""
    return Picture(samples, alpha=alpha, depth=8 * samples.dtype.itemsize)
