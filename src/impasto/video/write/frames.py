"""Films that are folders of pictures."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from impasto import images
from impasto.errors import OutputError
from impasto.images import Picture
from impasto.storage.atomic import check_folder, translate_errors
from impasto.storage.paths import is_folder, path_exists
from impasto.video.frame_pattern import FramePattern, has_number
from impasto.video.write.codecs import CONTAINERS
from impasto.wording import OVERWRITE

_DEFAULT_PATTERN = "%05d.png"
_ELSEWHERE = "Choose another place."


def is_folder_target(path: str | Path) -> bool:
    """Whether a name stands for a folder of frames: it ends in "/", exists as one, or has a number such as %05d.

    A film may be called `100%done.mp4`; `%05d.mp4` is a mistake, which `check_target` says.
    """
    text, name = str(path), Path(path).name
    numbered = has_number(name) and (Path(name).suffix.lower() not in CONTAINERS or "%0" in name)
    return text.endswith(("/", "\\")) or numbered or is_folder(Path(text).expanduser())


def check_target(path: str | Path, *, overwrite: bool) -> None:
    """Check that frames can be written there.

    Raises:
        InputError: the name has several numbers.
        OutputError: the suffix is none of a picture, the place may not be written, or there are frames already.
    """
    folder, pattern = split_target(path)
    if Path(pattern.name(0)).suffix.lower() not in images.SUFFIXES:
        raise OutputError(f"{Path(path).name} names no format to write", "Name frames such as frames/%05d.png.")
    if path_exists(folder) and not is_folder(folder):
        raise OutputError(f"{folder} is not a folder", "Choose another name.")
    existing = folder if is_folder(folder) else folder.parent
    if not is_folder(existing):
        raise OutputError(f"the folder {existing} does not exist", "Create it first, or choose another.")
    check_folder(existing)
    if not overwrite and frames_in(folder, pattern):
        raise OutputError(f"{folder} has frames already", f"Use {OVERWRITE} to replace them, or choose another name.")


class FrameFiles:
    """Writes pictures into a folder, numbered from 0."""

    def __init__(self, folder: Path, pattern: FramePattern, metadata: Mapping[str, str]) -> None:
        self._folder, self._pattern, self._metadata, self._count = folder, pattern, metadata, 0

    def write(self, picture: Picture) -> None:
        """Write the next frame."""
        images.save(picture, self._folder / self._pattern.name(self._count), metadata=self._metadata)
        self._count += 1

    def finish(self) -> None:
        """Do nothing: every file is whole."""

    def close(self) -> None:
        """Do nothing: every file is closed."""


@contextlib.contextmanager
def open_frames(path: str | Path, metadata: Mapping[str, str] | None = None) -> Iterator[FrameFiles]:
    """Write frames into a hidden folder, and move them to their place at the end.

    Frames of the same pattern that were there before are removed. The hidden folder is in the target, or beside it
    where that is to be made: nothing moves from one disk to another. PNGs hold the metadata.
    """
    folder, pattern = split_target(path)
    place = folder if is_folder(folder) else folder.parent
    partial = place / f".{folder.name[:40]}.part-{secrets.token_hex(4)}"
    with translate_errors(folder, elsewhere=_ELSEWHERE):
        partial.mkdir()
    try:
        yield FrameFiles(partial, pattern, metadata or {})
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    with translate_errors(folder, elsewhere=f"The frames are in {partial}."):
        _move(partial, folder, pattern)


def _move(partial: Path, folder: Path, pattern: FramePattern) -> None:
    """Move frames to their place; those that were there are removed at the end, so that a failure loses none."""
    folder.mkdir(exist_ok=True)
    former = {frame.name for frame in frames_in(folder, pattern)}
    for frame in sorted(partial.iterdir()):
        frame.replace(folder / frame.name)
        former.discard(frame.name)
    for name in former:
        (folder / name).unlink()
    partial.rmdir()


def split_target(path: str | Path) -> tuple[Path, FramePattern]:
    """Divide a target into its folder and the pattern of its names.

    Raises:
        InputError: the pattern has several numbers.
    """
    whole = Path(path).expanduser()
    numbered = has_number(whole.name) and not is_folder(whole)
    folder, name = (whole.parent, whole.name) if numbered else (whole, _DEFAULT_PATTERN)
    return folder, FramePattern.parse(name)


def frames_in(folder: Path, pattern: FramePattern) -> list[Path]:
    """List the files of a folder that frames of a pattern would replace, or be among."""
    found = folder.iterdir() if is_folder(folder) else []
    return [path for path in found if pattern.matches(path.name) and path.is_file()]
