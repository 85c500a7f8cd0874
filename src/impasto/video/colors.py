"""Between the frames of a codec and pictures: the matrix and the range of a stream (ITU-T H.273), and its depth."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from impasto.images import Picture
from impasto.images.picture import to_integers
from impasto.video.clip import ColorTags

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.format import VideoFormat

RGB_MATRIX, UNSPECIFIED = 0, 2
BT709, BT601 = 1, 6
SRGB = ColorTags(primaries=1, transfer=13, matrix=RGB_MATRIX, full_range=True)
"""Of pictures that are no film's."""
HDR = {16: "PQ", 18: "HLG"}
"""The transfer functions of high dynamic range."""
_HD_LINES = 720
"""From here on players take samples whose matrix nobody states for BT.709, below for BT.601."""
_BYTE = 8
_FULL_RANGE, _LIMITED_RANGE = 2, 1
_FULL_RANGE_FORMATS = "yuvj"
_SWS_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""FFmpeg's number of each matrix for its scaler; it knows no others."""


def tags_of(frame: "VideoFrame", context: Any) -> ColorTags:
    """Give what a stream says of its colors.

    Args:
        frame: one that was decoded.
        context: of the stream, which has what the container says: not every decoder passes it on.
    """
    rgb = is_rgb(frame.format)
    full = frame.color_range == _FULL_RANGE or frame.format.name.startswith(_FULL_RANGE_FORMATS)
    return ColorTags(
        _stated(frame.color_primaries, context.color_primaries),
        _stated(frame.color_trc, context.color_trc),
        RGB_MATRIX if rgb else _stated(frame.colorspace, context.colorspace),
        rgb or full or (not frame.color_range and context.color_range == _FULL_RANGE),
    )


def _stated(value: int, otherwise: int) -> int:
    return int(value) if int(value) != UNSPECIFIED else int(otherwise)


def range_of(tags: ColorTags) -> int:
    """Give FFmpeg's number of a range."""
    return _FULL_RANGE if tags.full_range else _LIMITED_RANGE


def is_rgb(format: "VideoFormat") -> bool:  # noqa: A002 -- what PyAV calls it
    """Whether samples are of red, green and blue, or indices of such."""
    return bool(format.is_rgb or format.has_palette)


def depth_of(format: "VideoFormat") -> Literal[8, 16]:  # noqa: A002
    """Give the bits a channel that a picture needs."""
    return 16 if any(part.bits > _BYTE for part in format.components) else 8


def has_alpha(format: "VideoFormat") -> bool:  # noqa: A002
    """Whether a format holds opacity; every palette can."""
    return format.has_palette or any(part.is_alpha for part in format.components)


def written_tags(tags: ColorTags, lines: int, *, rgb: bool) -> ColorTags:
    """Give the tags of a film that is made of a clip with such tags; the matrix is always said: players guess others.

    Args:
        tags: of the clip.
        lines: of the film.
        rgb: whether the film's codec keeps red, green and blue as they are.
    """
    if rgb:
        return replace(tags, matrix=RGB_MATRIX, full_range=True)
    if tags.matrix == RGB_MATRIX:
        return replace(tags, matrix=BT709, full_range=False)  # what all players expect
    return replace(tags, matrix=_matrix(tags, lines))


def to_samples(frame: "VideoFrame", size: tuple[int, int], tags: ColorTags, *, alpha: bool) -> NDArray[Any]:
    """Convert a decoded frame to (H, W, 3 or 4), uint8 or uint16 as its depth is.

    Args:
        frame: as the codec gives it.
        size: of the samples; other than the frame's where its pixels are not square.
        tags: of the stream.
        alpha: whether to give opacity.
    """
    deep = depth_of(frame.format) == 16  # noqa: PLR2004 -- bits
    kind = ("rgba64le" if alpha else "rgb48le") if deep else ("rgba" if alpha else "rgb24")
    if not is_rgb(frame.format):
        frame.colorspace = _matrix(tags, frame.height)
        frame.color_range = range_of(tags)
    converted = frame.reformat(width=size[0], height=size[1], format=kind, interpolation=_interpolation(), threads=1)
    return converted.to_ndarray()


def to_picture(samples: NDArray[Any], name: str) -> Picture:
    """Make a picture of (H, W, 3 or 4) samples."""
    depth: Literal[8, 16] = 8 if samples.dtype == np.uint8 else 16
    colors = np.ascontiguousarray(samples[..., :3])
    if samples.shape[2] == 3:  # noqa: PLR2004 -- RGB
        return Picture(colors, depth=depth, name=name)
    alpha = samples[..., 3].astype(np.float32) / np.float32(np.iinfo(samples.dtype).max)
    return Picture(colors, alpha=alpha, depth=depth, name=name)


def to_frame(picture: Picture, size: tuple[int, int], pixel_format: str, tags: ColorTags) -> "VideoFrame":
    """Convert a picture to a frame for an encoder; beyond the picture its last row and column are repeated.

    Args:
        picture: with alpha where the pixel format has it.
        size: of the frame, at least the picture's.
        pixel_format: of the frame.
        tags: of the film.
    """
    from av import VideoFrame  # noqa: PLC0415 -- an extra

    samples: Any = to_integers(picture, picture.depth)
    missing = (size[1] - picture.height, size[0] - picture.width)
    samples = np.pad(samples, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    kinds = {(8, 3): "rgb24", (8, 4): "rgba", (16, 3): "rgb48le", (16, 4): "rgba64le"}
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(samples), kinds[picture.depth, samples.shape[2]])
    frame.color_primaries, frame.color_trc = tags.primaries, tags.transfer
    if tags.matrix == RGB_MATRIX:
        return frame.reformat(format=pixel_format, threads=1)
    matrix = _matrix(tags, size[1])
    converted = frame.reformat(
        format=pixel_format,
        dst_colorspace=_SWS_MATRIX[matrix],
        dst_color_range=range_of(tags),
        interpolation=_interpolation(),
        threads=1,
    )
    converted.colorspace = matrix
    return converted


def _matrix(tags: ColorTags, lines: int) -> int:
    if tags.matrix in _SWS_MATRIX:
        return tags.matrix
    return BT709 if lines >= _HD_LINES else BT601


def _interpolation() -> int:
    from av.video.reformatter import Interpolation as Flag  # noqa: PLC0415 -- an extra

    return Flag.BICUBIC | Flag.ACCURATE_RND | Flag.FULL_CHR_H_INT | Flag.FULL_CHR_H_INP
