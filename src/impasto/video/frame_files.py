"""Films that are folders of pictures."""

import contextlib
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from impasto import images
from impasto.errors import OutputError
from impasto.images import Picture
from impasto.storage.atomic import check_folder, translate_errors
from impasto.storage.paths import is_folder, path_exists
from impasto.video.folders import NUMBER
from impasto.wording import OVERWRITE

_DEFAULT_PATTERN = "%05d.png"


def is_folder_target(path: str | Path) -> bool:
    """Whether a name stands for a folder of frames: it ends in "/", exists as one, or has a number such as %05d."""
    text = str(path)
    return text.endswith(("/", "\\")) or bool(NUMBER.search(Path(text).name)) or is_folder(Path(text).expanduser())


def check_target(path: str | Path, *, overwrite: bool) -> None:
    """Check that frames can be written there.

    Raises:
        OutputError: the suffix is none of a picture, the place may not be written, or there are frames already.
    """
    folder, pattern = split_target(path)
    suffix = Path(pattern).suffix.lower()
    if suffix not in images.SUFFIXES:
        raise OutputError(f"{pattern} names no format to write", "Name frames such as frames/%05d.png.")
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

    def __init__(self, folder: Path, pattern: str, metadata: Mapping[str, str]) -> None:
        self._folder, self._pattern, self._metadata, self._count = folder, pattern, metadata, 0

    def write(self, picture: Picture) -> None:
        """Write the next frame."""
        images.save(picture, self._folder / (self._pattern % self._count), metadata=self._metadata)
        self._count += 1

    def finish(self) -> None:
        """Do nothing: every file is whole."""

    def close(self) -> None:
        """Do nothing: every file is closed."""


@contextlib.contextmanager
def open_frames(path: str | Path, metadata: Mapping[str, str] | None = None) -> Iterator[FrameFiles]:
    """Write frames into a folder beside the target, and move them there at the end.

    Frames of the same pattern that were there before are removed. PNGs hold the metadata.
    """
    folder, pattern = split_target(path)
    partial = folder.with_name(f".{folder.name[:40]}.part-{secrets.token_hex(4)}")
    with translate_errors(folder, elsewhere="Choose another place."):
        try:
            partial.mkdir()
            yield FrameFiles(partial, pattern, metadata or {})
            folder.mkdir(exist_ok=True)
            for old in frames_in(folder, pattern):
                old.unlink()
            for frame in partial.iterdir():
                frame.replace(folder / frame.name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def split_target(path: str | Path) -> tuple[Path, str]:
    """Divide a target into its folder and the pattern of its names."""
    target = Path(path).expanduser()
    return (target.parent, target.name) if NUMBER.search(target.name) else (target, _DEFAULT_PATTERN)


def frames_in(folder: Path, pattern: str) -> list[Path]:
    """List the files of a folder that frames of a pattern would replace, or be among."""
    before, after = NUMBER.split(pattern, maxsplit=1)
    fitting = re.compile(f"{re.escape(before)}[0-9]+{re.escape(after)}")
    if not is_folder(folder):
        return []
    return [path for path in folder.iterdir() if fitting.fullmatch(path.name) and path.is_file()]
