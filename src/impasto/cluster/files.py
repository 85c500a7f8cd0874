"""Files on their way to another machine: read here, and written there into a folder of the actor's own.

A path means nothing on another machine. `FilePacker` reads files here; `FileSpool` writes them there, under their own
names, so that a picture's metadata and messages are what they are on one machine.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import psutil

from impasto import images, weights
from impasto.errors import ImageError, ImpastoError
from impasto.settings import AUTO_NETWORK, Settings
from impasto.settings.effect import named_files
from impasto.storage.home import HOME_VARIABLE
from impasto.storage.names import is_path
from impasto.weights.registry import bundled

_MOST_SHARED_BYTES = 200_000_000
"""Of files that many tasks share, kept for them where the tasks are handed out; a larger single one is kept, too."""
_MOST_SPOOLED_BYTES = 1_000_000_000
"""Of files on the disk of a worker."""
PREFIX = "impasto-worker-"
"""Of the names of actors' folders, in that of temporary files."""

Task = TypeVar("Task")


@dataclass(frozen=True)
class PackedFile:
    """A file on its way."""

    name: str
    """Without its folder."""
    sha256: str
    data: Any
    """Its bytes, or what the packer's `put` made of them."""


class FilePacker:
    """Reads files.

    Args:
        put: gives what stands for the bytes of a file that many tasks share.
    """

    def __init__(self, put: Callable[[bytes], Any] = lambda data: data) -> None:
        self._put = put
        self._kept: OrderedDict[tuple[str, int, int], tuple[PackedFile, int]] = OrderedDict()

    def read(self, path: str) -> PackedFile:
        """Read a file that one task needs.

        Raises:
            InputError: it cannot be read.
        """
        return _pack(path, lambda data: data)[0]

    def share(self, path: str) -> PackedFile:
        """Read a file that many tasks need, unless it is kept and has not changed.

        Raises:
            InputError: it cannot be read.
        """
        try:
            status = Path(path).expanduser().stat()
        except OSError:
            return _pack(path, self._put)[0]  # which says what is wrong
        key = path, status.st_mtime_ns, status.st_size
        self._kept[key] = self._kept.pop(key) if key in self._kept else _pack(path, self._put)
        while len(self._kept) > 1 and sum(size for _, size in self._kept.values()) > _MOST_SHARED_BYTES:
            self._kept.popitem(last=False)
        return self._kept[key][0]

    def share_network(self, name: str) -> PackedFile | None:
        """Read a network that is kept under a name; None for a path, and for what comes with Impasto.

        Raises:
            WeightsError: there is no such network on this machine.
        """
        return None if is_path(name) or name == AUTO_NETWORK or bundled(name) else self.share(str(weights.path(name)))


def _pack(path: str, put: Callable[[bytes], Any]) -> tuple[PackedFile, int]:
    """Read a file; gives its size, too."""
    file = Path(path).expanduser()
    try:
        data = file.read_bytes()
    except OSError as error:
        images.measure(path)  # says what is wrong as it would be said on one machine
        raise ImageError(f"{path} cannot be read ({error.strerror})", "Check the path.") from None
    return PackedFile(file.name, hashlib.sha256(data).hexdigest(), put(data)), len(data)


class FileSpool:
    """Files that came with tasks, in a folder that is deleted with the process, or by the next one on this machine.

    It is also what this process has as Impasto's own folder: nothing that the machine's user keeps there plays a part.

    Args:
        get: gives the bytes that a packer's `put` stands for.
    """

    def __init__(self, get: Callable[[Any], bytes] = lambda data: data) -> None:
        self.get = get
        _delete_abandoned()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._kept: OrderedDict[Path, int] = OrderedDict()
        os.environ[HOME_VARIABLE] = str(self.folder)

    def write(self, file: PackedFile) -> str:
        """Write a file, unless it is there; gives its path.

        Raises:
            OSError: the disk is full or failed.
        """
        return str(self._write(self.folder / file.sha256 / file.name, file))

    def write_network(self, file: PackedFile | None) -> None:
        """Write a network, if it is one, to where it is found under its name.

        Raises:
            OSError: the disk is full or failed.
        """
        if file is not None:
            self._write(self.folder / "weights" / file.name, file)

    def find_others(self, name: str) -> list[Path]:
        """Find what has a name in the folders of other actors of this machine and user."""
        others = []
        for path in self.folder.parent.glob(f"{PREFIX}*/{name}"):
            with contextlib.suppress(OSError):  # deleted meanwhile
                if path.stat().st_uid == os.getuid():
                    others.append(path)
        return others

    def make_room(self, used: int) -> None:
        """Delete what has not been used for long, where it is too much.

        Args:
            used: how many of the latest files are in use.
        """
        while len(self._kept) > used and sum(self._kept.values()) > _MOST_SPOOLED_BYTES:
            oldest, _ = self._kept.popitem(last=False)
            oldest.unlink(missing_ok=True)

    def discard(self, path: str) -> None:
        """Delete a file that no other task needs."""
        self._kept.pop(Path(path), None)
        Path(path).unlink(missing_ok=True)

    def close(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, target: Path, file: PackedFile) -> Path:
        """Write a file, unless it is there."""
        if self._kept.pop(target, None) is None:
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.data if isinstance(file.data, bytes) else self.get(file.data))
        self._kept[target] = target.stat().st_size
        return target


@dataclass(frozen=True)
class Unpacked(Generic[Task]):
    """A task whose files are on this machine."""

    task: Task
    paths: dict[str, str] = field(default_factory=dict)
    """What the user calls each file, by where it is."""

    def restore(self, error: ImpastoError) -> ImpastoError:
        """Give an error with the paths that the user knows."""
        texts = list(error.texts)
        for there, path in self.paths.items():
            texts = [text.replace(there, path) for text in texts]
        return type(error)(*texts)


def move_files(settings: Settings, written: dict[str, str]) -> Settings:
    """Give settings with the files that they name where these are now."""
    moved: dict[str, Any] = {}
    for name in named_files(settings):
        value = getattr(settings, name)
        moved[name] = written[value] if isinstance(value, str) else tuple(written[path] for path in value)
    return settings.model_copy(update=moved)


def _delete_abandoned() -> None:
    """Delete the folders of processes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        process = folder.name.removeprefix(PREFIX).partition("-")[0]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            shutil.rmtree(folder, ignore_errors=True)
