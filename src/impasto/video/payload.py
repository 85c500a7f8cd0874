"""What travels to another machine for a shot: every file that its task names, and the clip, which may be gigabytes.

A clip is read once, in pieces that Ray puts onto the disk where memory is short, and is written once on each machine:
the actors of one machine share its files as links. A folder of pictures travels as a whole, as if it were one file.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path
from typing import Any

from filelock import FileLock

from impasto.cluster.files import PREFIX, FilePacker, FileSpool, PackedFile, Unpacked, move_files
from impasto.errors import ImageError
from impasto.settings.effect import named_files
from impasto.video.read.sources import find_files
from impasto.video.shot import ClipSource, ShotTask

PIECE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class PackedClip:
    """A clip on its way."""

    digest: str
    is_folder: bool
    """Whether it is a folder of pictures, or a pattern."""
    files: tuple[tuple[str, int], ...]
    """The path of each where it comes from, and its bytes."""
    pieces: tuple[Any, ...]
    """What the packer's `put` made of the bytes of all files, one after the other."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files where they go: of pictures, their numbers, so that their order stays."""
        paths = [Path(path) for path, _ in self.files]
        if not self.is_folder:
            return tuple(path.name for path in paths)
        return tuple(f"{number:06d}{path.suffix}" for number, path in enumerate(paths))

    def source_in(self, folder: Path) -> str:
        """Give what names the clip where its files are in a folder of their own."""
        return f"{escape(str(folder))}/*" if self.is_folder else str(folder / self.names[0])


@dataclass(frozen=True)
class PackedShot:
    """A shot with every file that painting it reads; picklable."""

    task: ShotTask
    clips: dict[str, PackedClip]
    """The clip and those of the masks that move, by the paths in the task."""
    files: dict[str, PackedFile]
    """The paintings, and the files of the settings, by the paths in the task."""
    network: PackedFile | None
    """One that is kept under a name, and does not come with Impasto."""


class ShotPacker(FilePacker):
    """Reads the files of shots."""

    def __init__(self, put: Callable[[bytes], Any] = lambda data: data) -> None:
        super().__init__(put)
        self._clips: dict[str, PackedClip] = {}

    def pack(self, task: ShotTask) -> PackedShot:
        """Read what a task names.

        Raises:
            InputError: a file cannot be read.
            WeightsError: there is no such network on this machine.
        """
        settings = task.timeline.base
        clips = {source.path: self._share_clip(source) for source in (task.clip, *task.moving_masks)}
        named = [path for paths in named_files(settings).values() for path in paths if path not in clips]
        files = dict.fromkeys([*(painting.path for painting in task.paintings), *named])
        network = self.share_network(settings.network)
        return PackedShot(task, clips, {path: self.share(path) for path in files}, network)

    def _share_clip(self, source: ClipSource) -> PackedClip:
        """Read a clip, unless that was done for another shot; who opens it checks that it is the right one."""
        if source.path not in self._clips:
            paths, is_folder = find_files(source.path)
            try:
                files = tuple((str(path), path.stat().st_size) for path in paths)
                pieces = tuple(self._put(piece) for piece in _read_pieces(paths))
            except OSError as error:
                raise ImageError(f"{source.path} cannot be read ({error.strerror})", "Check the path.") from None
            self._clips[source.path] = PackedClip(source.digest, is_folder, files, pieces)
        return self._clips[source.path]


class ShotSpool(FileSpool):
    """Writes the files of shots."""

    def unpack(self, packed: PackedShot) -> Unpacked[ShotTask]:
        """Write the files of a task.

        Raises:
            OSError: the disk is full or failed.
        """
        there, paths = dict[str, str](), dict[str, str]()
        for path, clip in packed.clips.items():
            folder = self._write_clip(clip)
            there[path] = clip.source_in(folder)
            paths |= {str(folder / name): file for name, (file, _) in zip(clip.names, clip.files, strict=True)}
        there |= {path: self.write(file) for path, file in packed.files.items()}
        self.write_network(packed.network)
        self.make_room(len(packed.files) + 1)
        paths |= {where: path for path, where in there.items()}
        return Unpacked(self._move(packed.task, there), paths)

    def _move(self, task: ShotTask, there: dict[str, str]) -> ShotTask:
        """Give a task with all files where they are now."""
        timeline = task.timeline
        return replace(
            task,
            clip=replace(task.clip, path=there[task.clip.path]),
            paintings=tuple(replace(painting, path=there[painting.path]) for painting in task.paintings),
            timeline=timeline.with_base(move_files(timeline.base, there)),
            moving_masks=tuple(replace(mask, path=there[mask.path]) for mask in task.moving_masks),
            scratch=str(self.folder / "masks"),
        )

    def _write_clip(self, clip: PackedClip) -> Path:
        """Have a clip in a folder of its own, by links where another actor of this machine has it; gives the folder."""
        target = self.folder / clip.digest
        if target.exists():
            return target
        lock = FileLock(self.folder.with_name(f"{PREFIX}{clip.digest}.{os.getuid()}.lock"))
        with lock:
            part = self.folder / f"{clip.digest}.part"
            try:
                if not any(_link_all(folder, clip.names, part) for folder in self.find_others(clip.digest)):
                    self._write_pieces(clip, part)
                part.rename(target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
                Path(lock.lock_file).unlink(missing_ok=True)
        return target

    def _write_pieces(self, clip: PackedClip, folder: Path) -> None:
        folder.mkdir()
        pieces = (memoryview(self.get(piece)) for piece in clip.pieces)
        rest = memoryview(b"")
        for name, (_, size) in zip(clip.names, clip.files, strict=True):
            left = size
            with (folder / name).open("wb") as file:
                while left and (rest := rest or next(pieces, rest)):  # nothing comes of a file that was shortened
                    piece, rest = rest[:left], rest[left:]
                    left -= file.write(piece)


def _link_all(folder: Path, names: Sequence[str], target: Path) -> bool:
    """Link files into a new folder; whether they were all there."""
    try:
        target.mkdir()
        for name in names:
            os.link(folder / name, target / name)
    except OSError:  # the other actor has ended meanwhile
        shutil.rmtree(target, ignore_errors=True)
        return False
    return True


def _read_pieces(paths: Sequence[Path]) -> Iterator[bytes]:
    """Yield the bytes of files, one after the other, in pieces of one size."""
    piece = bytearray()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(PIECE_BYTES - len(piece)):
                piece += block
                if len(piece) == PIECE_BYTES:
                    yield bytes(piece)
                    piece.clear()
    if piece:
        yield bytes(piece)
