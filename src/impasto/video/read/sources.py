"""`open_clip`: finds what a clip is, and gives what reads it."""

import hashlib
from fractions import Fraction
from pathlib import Path

from impasto.errors import ImageError, SettingsError
from impasto.images import formats
from impasto.storage.paths import is_file, is_folder, path_exists
from impasto.video.clip import Clip
from impasto.video.defaults import DEFAULT_RATE
from impasto.video.read import animation, frames
from impasto.video.read.container import ContainerClip
from impasto.wording import argument

_FASTEST = 1000


def open_clip(source: str | Path, *, rate: Fraction | float = DEFAULT_RATE) -> Clip:
    """Open a clip: a film, an animation, a picture, a folder of pictures, or a pattern such as `frames/%05d.png`.

    Args:
        source: its path.
        rate: frames a second of pictures in a folder, and of a single one; all else has its own times.

    Raises:
        ImageError: there is no such file, or it has no readable frames.
        SettingsError: the frame rate is invalid.
    """
    name = str(source)
    path = Path(source).expanduser()
    if _is_several(path, name):
        return frames.FolderClip(frames.find_pictures(path, name), name, _check_rate(rate))
    if not name or not path_exists(path):
        raise ImageError(f"{name} does not exist" if name else "the name of a clip is empty", "Check the path.")
    if not is_file(path):
        raise ImageError(f"{name} is not a file", "Give a film, an animation, or a folder of pictures.")
    head, digest = _examine(path, name)
    row = formats.recognize(head)
    if row is not None and row.title in animation.KINDS:
        return animation.AnimatedClip(path, name, digest, row.title, _check_rate(rate))
    if row is not None:
        return frames.FolderClip([path], name, _check_rate(rate))
    return ContainerClip(path, name, digest)


def find_files(source: str) -> tuple[list[Path], bool]:
    """List the files of a clip in their order; and tell whether it is a folder or a pattern, whatever it holds.

    Raises:
        ImageError: there are none.
    """
    path = Path(source).expanduser()
    if _is_several(path, source):
        return frames.find_pictures(path, source), True
    return [path], False


def _is_several(path: Path, name: str) -> bool:
    return is_folder(path) or (frames.is_pattern(name) and not path_exists(path))


def _check_rate(rate: Fraction | float) -> Fraction:
    if not 0 < rate <= _FASTEST:
        raise SettingsError(f"{argument('rate', float(rate))} is not a valid frame rate", f"Choose 1 to {_FASTEST}.")
    return Fraction(rate).limit_denominator(1001)


def _examine(path: Path, name: str) -> tuple[bytes, str]:
    """Read how a file begins, and the SHA-256 of all of it.

    Raises:
        ImageError: it is empty, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(formats.HEAD)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ImageError(f"{name} cannot be read ({error.strerror})", "Check the path.") from None
    if not head:
        raise ImageError(f"{name} is empty", "Give a film, an animation, or a folder of pictures.")
    return head, digest
