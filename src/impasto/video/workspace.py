"""What is finished of a film, on disk beside it: `OUT.frames`, until the film is complete.

It holds the plan, and each painted frame as a file that has in itself what the painter remembers after it. Every file
is written whole or not at all, and is on the disk before the next begins, so that a film that was killed at any moment,
or lost its power, is resumed as if nothing had happened:

1. the plan, before the first frame;
2. the frames, each by itself: those of a shot up to the first that is missing count;
3. the film, in a folder of its own; then the plan gets another name, which says that the film is encoded;
4. the film goes to its place; and all else is removed, the plan last.
"""

import contextlib
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from impasto.errors import OutputError, StorageError, count_noun
from impasto.images import Picture
from impasto.sizing import Size
from impasto.storage.atomic import (
    check_folder,
    make_folder,
    replace_file,
    sync_file,
    sync_folder,
    translate_errors,
)
from impasto.storage.paths import with_name_of_its_own
from impasto.video.painted import END, decode_painted
from impasto.video.read.frames import NUMBER
from impasto.video.stored_plan import StoredPlan
from impasto.video.write.frames import frames_in, split_target
from impasto.wording import OVERWRITE

_SUFFIX = ".frames"
_PLAN, _ENCODED, _LOCK, _FILM, _SCRATCH = "plan.json", "encoded.json", "lock", "film", "masks"
_FRAME = re.compile(r"(\d{6,9})\.png")
_PARTIAL = ".*.part-*"
_COMPRESSED = 0.8
"""Share of a painted frame's samples that its file takes; brushwork does not compress well."""
_RESUMED = "what is painted is kept: run the same command again"


class Workspace:
    """The folder of a film that is being painted; see `open_workspace`."""

    def __init__(self, output: Path, *, force: bool, discard: bool) -> None:
        self.output, self.folder = output, workspace_folder(output)
        self._force, self._discard = force, discard
        self.plan: StoredPlan | None = None
        self._saved: set[int] = set()

    @property
    def is_encoded(self) -> bool:
        """Whether the film is complete, and perhaps not in its place yet."""
        return (self.folder / _ENCODED).exists()

    @property
    def film(self) -> Path:
        """Where the film is made, until it is complete."""
        return self.folder / _FILM / self.output.name

    @property
    def scratch(self) -> Path:
        """A folder for what workers need for a moment."""
        return self.folder / _SCRATCH

    def begin(self, plan: StoredPlan) -> None:
        """Keep the plan of a film that begins.

        Raises:
            StorageError: the disk is full or failed.
        """
        self._write(self.folder / _PLAN, plan.to_json())
        self.plan = plan

    def count_done(self, frames: Sequence[int]) -> int:
        """Count the frames of a shot that are painted, up to the first that is not."""
        return next((index for index, number in enumerate(frames) if number not in self._saved), len(frames))

    def save(self, number: int, data: bytes) -> Path:
        """Keep a painted frame, as `encode_painted` makes it.

        Raises:
            StorageError: the disk is full or failed.
        """
        path = self.frame_path(number)
        self._write(path, data)
        self._saved.add(number)
        return path

    def load(self, number: int) -> tuple[Picture, dict[str, Any]]:
        """Give a painted frame, and the painter's state after it.

        Raises:
            ImageError: the file is damaged.
            OutputError: it cannot be read.
        """
        return decode_painted(self._read(number), str(self.frame_path(number)))

    def load_data(self, number: int) -> bytes:
        """Give the file of a painted frame, which is in order.

        Raises:
            ImageError: the file is damaged.
            OutputError: it cannot be read.
        """
        data = self._read(number)
        decode_painted(data, str(self.frame_path(number)))
        return data

    def _read(self, number: int) -> bytes:
        path = self.frame_path(number)
        try:
            return path.read_bytes()
        except OSError as error:
            raise OutputError(f"{path} cannot be read: {error.strerror}", "Run the same command again.") from None

    def frame_path(self, number: int) -> Path:
        """Give the file of a painted frame."""
        return self.folder / f"{number:06d}.png"

    def prepare_film(self, *, is_folder: bool) -> str:
        """Give the path at which the film is to be made, with nothing there.

        Args:
            is_folder: whether it is a folder of frames.

        Raises:
            OutputError: it cannot be made.
        """
        self._remove_folders()
        make_folder(self.film.parent)
        return f"{self.film}/" if is_folder and not NUMBER.search(self.film.name) else str(self.film)

    def finish(self, *, keep: bool) -> None:
        """Put the film into its place, and remove all else unless the frames are kept.

        Raises:
            OutputError: another program made a file of that name meanwhile, or the place cannot be written.
        """
        if not self.is_encoded:
            if self.output.is_file() and not self._force:
                problem = f"{self.output} was created by another program meanwhile"
                raise OutputError(problem, f"Move it away, or use {OVERWRITE}; {_RESUMED}.")
            with translate_errors(self.output, elsewhere=f"Choose another output; {_RESUMED}."):
                for path in self._split_film()[1]:
                    sync_file(path)
                self._remove_former_frames()
            (self.folder / _PLAN).replace(self.folder / _ENCODED)
            sync_folder(self.folder)
        self._move_film()
        if keep:
            self._remove_folders()
            (self.folder / _ENCODED).replace(self.folder / _PLAN)
        else:
            self.clear()

    def clear(self) -> None:
        """Remove all that a film has left here, the plan last, without which frames are nobody's."""
        self._remove_folders()
        for path in self.folder.iterdir():
            if _FRAME.fullmatch(path.name):
                path.unlink(missing_ok=True)
        for name in (_PLAN, _ENCODED):
            (self.folder / name).unlink(missing_ok=True)
        self.plan, self._saved = None, set()

    def clear_unused(self) -> None:
        """Remove the plan of a film of which nothing was painted: no worker could start, or no cluster answers."""
        if self.plan is not None and not self._saved and not self.is_encoded:
            self.clear()

    def _remove_folders(self) -> None:
        for name in (_FILM, _SCRATCH):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def restore(self, identity: Mapping[str, Any]) -> None:
        """Take up what is there, if it is of the same film.

        Raises:
            OutputError: it is of another film, or the folder is not one of a film.
        """
        for path in self.folder.glob(_PARTIAL):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        stored = self._read_plan()
        if stored is None:
            self._check_unused()
            return
        found = ((path, _FRAME.fullmatch(path.name)) for path in self.folder.iterdir())
        saved = {int(match[1]) for path, match in found if match and _is_complete(path)}
        if difference := stored.difference(identity):
            if saved and not self._discard:
                problem = f"{self.folder} holds {count_noun(len(saved), 'painted frame')} of another film: {difference}"
                raise OutputError(problem, "Remove that folder, or choose another output.")
            self.clear()
            return
        self.plan, self._saved = stored, saved

    def _check_unused(self) -> None:
        """Refuse a folder in which nothing says what its files are of."""
        others = sorted({path.name for path in self.folder.iterdir()} - {_LOCK})
        if others:
            problem = f"{self.folder} is a folder with other files in it, such as {others[0]}"
            raise OutputError(problem, "Move it away, or choose another output.")

    def _read_plan(self) -> StoredPlan | None:
        path = self.folder / (_ENCODED if self.is_encoded else _PLAN)
        try:
            return StoredPlan.from_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError):
            problem = f"{path} is damaged"
            hint = f"Remove {self.folder} with all that is painted, or choose another output."
            raise OutputError(problem, hint) from None

    def _move_film(self) -> None:
        folder, made = self._split_film()
        with translate_errors(self.output, elsewhere=f"Choose another output; {_RESUMED}."):
            folder.mkdir(parents=True, exist_ok=True)
            for path in made:
                path.replace(folder / path.name)
            sync_folder(folder)

    def _remove_former_frames(self) -> None:
        """Remove frames that were in the film's folder before: those of a longer film would be among them."""
        if self.film.is_file():
            return
        for path in frames_in(*split_target(self.output)):
            path.unlink()

    def _split_film(self) -> tuple[Path, list[Path]]:
        """Give the folder of the film, or of its frames, and what is to be put there."""
        if self.film.is_dir():
            return self.output, sorted(self.film.iterdir())
        return self.output.parent, sorted(self.film.parent.glob("*"))

    def _write(self, path: Path, data: bytes) -> None:
        try:
            replace_file(path, data, elsewhere=f"Check its permissions; {_RESUMED}.", durable=True)
        except StorageError as error:
            raise StorageError(error.texts[0], f"Make room; {_RESUMED}.") from None


@contextlib.contextmanager
def open_workspace(
    output: Path, identity: Mapping[str, Any], *, force: bool, discard: bool = False
) -> Iterator[Workspace]:
    """Have the folder of a film for oneself while the context lasts; nothing is left of it where nothing was begun.

    Args:
        output: the film, or the folder or pattern of its frames.
        identity: all that its frames depend on, as JSON holds it.
        force: whether the film may replace a file.
        discard: whether frames of another film may be removed.

    Raises:
        OutputError: the folder has another film's frames or other files, another process uses it, or it cannot be
            written.
    """
    workspace = Workspace(output, force=force, discard=discard)
    make_folder(workspace.folder)
    check_folder(workspace.folder)
    lock = FileLock(workspace.folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        problem = f"another process is painting {output}"
        raise OutputError(problem, "Wait until it is done, or choose another output.") from None
    try:
        workspace.restore(identity)
        yield workspace
    finally:
        workspace.clear_unused()
        _remove_if_empty(workspace.folder)
        lock.release()


def workspace_folder(output: Path) -> Path:
    """Give the folder of a film's frames, beside it or beside the folder of its frames.

    Raises:
        OutputError: nothing is beside a disk.
    """
    owner = with_name_of_its_own(output.parent if NUMBER.search(output.name) else output)
    if not owner.name:
        raise OutputError(f"{owner} is not a folder to write frames into", "Choose one within it.")
    return owner.with_name(owner.name + _SUFFIX)


def is_waiting(output: Path) -> bool:
    """Whether the film of an output is complete, and was on the way to its place when it was stopped."""
    return (workspace_folder(output) / _ENCODED).exists()


def check_room(output: Path, size: Size, frames: int, *, channels: int, depth: int) -> None:
    """Refuse to paint frames that the disk has no room for.

    Args:
        output: the film.
        size: of a frame.
        frames: that are still to be painted.
        channels: of a frame.
        depth: bits of a sample.

    Raises:
        OutputError: there is not enough.
    """
    needed = _COMPRESSED * size[0] * size[1] * channels * depth / 8 * frames
    folder = next(path for path in (output.parent, *output.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if needed > free:
        problem = f"{frames} painted frames take about {needed / 1e9:.3g} GB, and {folder} has {free / 1e9:.3g} GB free"
        raise OutputError(problem, "Make room, choose another disk or a smaller size, or paint a part of the clip.")


def _is_complete(path: Path) -> bool:
    """Whether the file of a painted frame ends as a PNG does."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - len(END)))
        return file.read() == END


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        if not {path.name for path in folder.iterdir()} - {_LOCK}:
            (folder / _LOCK).unlink(missing_ok=True)
            folder.rmdir()
