"""Writing films: what may be written, checked before anything is painted, and `open_film`."""

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from impasto import images
from impasto.errors import ImageError, OutputError, SettingsError, install_command
from impasto.images import Picture
from impasto.images.formats import choices
from impasto.sizing import Size
from impasto.storage.atomic import partial_file, translate_errors
from impasto.video.defaults import DEFAULT_QUALITY, HIGHEST_QUALITY
from impasto.video.write import animation, frames
from impasto.video.write.codecs import CODECS, CONTAINERS, choose_codec
from impasto.video.write.container import ContainerFilm
from impasto.video.write.film_spec import Film, FilmSpec, FilmWriter, Notice, OtherTracks
from impasto.wording import argument

__all__ = ["FILM_SUFFIXES", "Film", "FilmSpec", "OtherTracks", "check_film", "check_size", "is_container", "open_film"]

ANIMATIONS = (".gif", ".webp", ".apng", ".png")
FILM_SUFFIXES = (*CONTAINERS, *ANIMATIONS)
"""What films are written as, beside folders of frames."""
_LARGEST_GIF = 2**16 - 1
_LARGEST_WEBP = 2**14 - 1
_ELSEWHERE = "Choose another place."


def is_container(path: str | Path) -> bool:
    """Whether a name is that of a film, not of an animated picture or of frames."""
    return Path(path).suffix.lower() in CONTAINERS


def check_film(
    path: str | Path, *, codec: str | None = None, quality: int = DEFAULT_QUALITY, overwrite: bool = False
) -> None:
    """Check that a film can be written, before any work is done for it.

    Args:
        path: a file that ends in one of `FILM_SUFFIXES`; or, for frames, a folder (a new one ends in "/") or a pattern
            of names such as `out/%05d.png`.
        codec: of the container; unset, its first.
        quality: 1 to 100.
        overwrite: whether it may replace what exists.

    Raises:
        OutputError: the suffix, the place or the codec is wrong, or the film exists, or a package is missing.
        SettingsError: unknown codec or invalid quality.
    """
    if not 1 <= quality <= HIGHEST_QUALITY:
        raise SettingsError(f"{argument('quality', quality)} is out of range", f"Choose 1 to {HIGHEST_QUALITY}.")
    if frames.is_folder_target(path):
        frames.check_target(path, overwrite=overwrite)
    else:
        images.check_output(path, overwrite=overwrite, suffixes=FILM_SUFFIXES)
        suffix = Path(path).suffix.lower()
        if suffix in CONTAINERS:
            choose_codec(suffix, codec)
            _check_package(path)
            return
    if codec is not None:
        raise OutputError(f"{path} has no choice of a codec", f"Leave out {argument('codec')}.")


def check_size(path: str | Path, size: Size) -> None:
    """Check that a film may have this size.

    Raises:
        OutputError: the format holds no such frames.
    """
    largest = {".gif": _LARGEST_GIF, ".webp": _LARGEST_WEBP}.get(Path(path).suffix.lower())
    if largest is not None and max(size) > largest and not frames.is_folder_target(path):
        raise OutputError(f"{path} cannot hold {size[0]} x {size[1]} pixels", "Make it smaller.")


@contextlib.contextmanager
def open_film(
    path: str | Path,
    spec: FilmSpec,
    *,
    codec: str | None = None,
    quality: int = DEFAULT_QUALITY,
    tracks: OtherTracks | None = None,
    notice: Notice = lambda _: None,
    overwrite: bool = False,
) -> Iterator[Film]:
    """Write a film, frame by frame; after an exception nothing is left of it.

    The format is the suffix's. Where fewer frames are written than there are times, the film ends with the last. Alpha
    is kept where the format has it (VP9 in WebM or Matroska, ProRes, FFV1, GIF, WebP, PNG), else it is put onto white,
    as by `images.save`. Depth is kept but by H.264, GIF and WebP, which get 8 bits, so that every browser plays them.
    H.264 and HEVC have even sides: an odd one is padded by repeating the last row or column.

    Args:
        path: as for `check_film`.
        spec: what is written.
        codec: as for `check_film`.
        quality: 1 to 100; FFV1, ProRes, GIF and PNG have no choice, WebP is lossless at 100.
        tracks: what is copied beside the pictures, where the container holds any.
        notice: is told what could not be kept.
        overwrite: whether to replace what exists.

    Raises:
        OutputError: the film cannot be written there or so.
        SettingsError: unknown codec or invalid quality.
        StorageError: the disk is full or failed.
    """
    check_film(path, codec=codec, quality=quality, overwrite=overwrite)
    check_size(path, spec.size)
    with _open_writer(path, spec, codec, quality, tracks, notice) as writer, contextlib.closing(writer):
        film = _Checked(writer, spec, Path(path))
        yield film
        film.finish()


@contextlib.contextmanager
def _open_writer(
    path: str | Path,
    spec: FilmSpec,
    codec: str | None,
    quality: int,
    tracks: OtherTracks | None,
    notice: Notice,
) -> Iterator[FilmWriter]:
    if frames.is_folder_target(path):
        with frames.open_frames(path, spec.metadata) as folder:
            yield folder
        return
    target = Path(path).expanduser()
    with partial_file(target) as partial:
        with translate_errors(target, elsewhere=_ELSEWHERE):
            writer = _writer(partial, target, spec, codec, quality, tracks, notice)
        yield writer


def _writer(
    partial: Path,
    target: Path,
    spec: FilmSpec,
    codec: str | None,
    quality: int,
    tracks: OtherTracks | None,
    notice: Notice,
) -> FilmWriter:
    suffix = target.suffix.lower()
    if suffix in CONTAINERS:
        chosen = CODECS[choose_codec(suffix, codec)]
        return ContainerFilm(partial, target, spec, CONTAINERS[suffix], chosen, quality, tracks, notice)
    if suffix == ".gif":
        return animation.GifFilm(partial, spec)
    if suffix == ".webp":
        return animation.WebpFilm(partial, spec, quality)
    return animation.PngFilm(partial, spec)


class _Checked:
    """A film whose frames are counted and measured."""

    def __init__(self, writer: FilmWriter, spec: FilmSpec, path: Path) -> None:
        self._writer, self._spec, self._path, self._count = writer, spec, path, 0

    def write(self, picture: Picture) -> None:
        """Write the next frame.

        Raises:
            ImageError: it has another size, or is one too many.
        """
        if (picture.width, picture.height) != self._spec.size:
            width, height = self._spec.size
            raise ImageError(
                f"frame {self._count} has {picture.width} x {picture.height} pixels, and the film {width} x {height}",
                "Give all frames one size.",
            )
        if self._count == len(self._spec.times):
            raise ImageError(f"the film has {self._count} frames", "Give a time for each.")
        with translate_errors(self._path, elsewhere=_ELSEWHERE):
            self._writer.write(picture)
        self._count += 1

    def finish(self) -> None:
        """Write what is left.

        Raises:
            ImageError: there is no frame.
        """
        if not self._count:
            raise ImageError(f"there are no frames for {self._path}", "Give at least one.")
        with translate_errors(self._path, elsewhere=_ELSEWHERE):
            self._writer.finish()


def _check_package(path: str | Path) -> None:
    if importlib.util.find_spec("av") is None:
        raise OutputError(
            f"{path} is a film, and the writer for those is not installed",
            f"Run: {install_command('video')}; or choose {choices(ANIMATIONS)}.",
        )
