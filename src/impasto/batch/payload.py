"""What travels to another machine for a picture: the bytes of every file that its task names, and where they go there.

A path means nothing on another machine. `Packer` reads the files here; `Spool` writes them there, under their own
names, into a folder that is its own, so that a picture's metadata and messages are what they are on one machine.
"""

import hashlib
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from impasto import images, weights
from impasto.batch.executor import Task
from impasto.errors import ImageError, ImpastoError
from impasto.settings import Settings
from impasto.settings.effect import named_files
from impasto.storage.home import HOME_VARIABLE
from impasto.storage.names import is_path
from impasto.weights.registry import bundled

_MOST_SHARED_BYTES = 200_000_000
"""Of files that many tasks share, kept for them where the tasks are handed out; a larger single one is kept, too."""
_MOST_SPOOLED_BYTES = 1_000_000_000
"""Of files on the disk of a worker."""
_PREFIX = "impasto-worker-"


@dataclass(frozen=True)
class PackedFile:
    """A file on its way."""

    name: str
    """Without its folder."""
    sha256: str
    data: Any
    """Its bytes, or what the packer's `put` made of them."""


@dataclass(frozen=True)
class PackedTask:
    """A task with every file that painting it reads; picklable."""

    task: Task
    photo: PackedFile
    shared: dict[str, PackedFile]
    """The paintings, and the files of the settings, by the paths in the task."""
    network: PackedFile | None
    """One that is kept under a name, and does not come with Impasto."""


class Packer:
    """Reads the files of tasks.

    Args:
        put: gives what stands for the bytes of a file that many tasks share.
    """

    def __init__(self, put: Callable[[bytes], Any] = lambda data: data) -> None:
        self._put = put
        self._kept: OrderedDict[tuple[str, int, int], tuple[PackedFile, int]] = OrderedDict()

    def pack(self, task: Task) -> PackedTask:
        """Read what a task names.

        Raises:
            InputError: a file cannot be read.
            WeightsError: there is no such network on this machine.
        """
        shared = dict.fromkeys(
            (*task.styles, *(path for paths in named_files(task.settings).values() for path in paths))
        )
        network = task.settings.network
        return PackedTask(
            task,
            _pack(task.photo, lambda data: data)[0],
            {path: self._share(path) for path in shared},
            None if is_path(network) or bundled(network) else self._share(str(weights.path(network))),
        )

    def _share(self, path: str) -> PackedFile:
        """Pack a file, unless it is kept and has not changed."""
        try:
            status = Path(path).expanduser().stat()
        except OSError:
            return _pack(path, self._put)[0]  # which says what is wrong
        key = path, status.st_mtime_ns, status.st_size
        self._kept[key] = self._kept.pop(key) if key in self._kept else _pack(path, self._put)
        while len(self._kept) > 1 and sum(size for _, size in self._kept.values()) > _MOST_SHARED_BYTES:
            self._kept.popitem(last=False)
        return self._kept[key][0]


def _pack(path: str, put: Callable[[bytes], Any]) -> tuple[PackedFile, int]:
    """Read a file; gives its size, too."""
    file = Path(path).expanduser()
    try:
        data = file.read_bytes()
    except OSError as error:
        images.measure(path)  # says what is wrong as it would be said on one machine
        raise ImageError(f"{path} cannot be read ({error.strerror})", "Check the path.") from None
    return PackedFile(file.name, hashlib.sha256(data).hexdigest(), put(data)), len(data)


class Spool:
    """Files that came with tasks, in a folder that is deleted with the process, or by the next one on this machine.

    It is also what this process has as Impasto's own folder: nothing that the machine's user keeps there plays a part.

    Args:
        get: gives the bytes that a packer's `put` stands for.
    """

    def __init__(self, get: Callable[[Any], bytes] = lambda data: data) -> None:
        self._get = get
        _delete_abandoned()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._kept: OrderedDict[Path, int] = OrderedDict()
        os.environ[HOME_VARIABLE] = str(self._folder)

    def unpack(self, packed: PackedTask) -> "UnpackedTask":
        """Write the files of a task.

        Raises:
            OSError: the disk is full or failed.
        """
        task, written = packed.task, dict[str, str]()
        for path, file in (*packed.shared.items(), (task.photo, packed.photo)):
            written[path] = str(self._write(self._folder / file.sha256 / file.name, file))
        if packed.network is not None:
            self._write(self._folder / "weights" / packed.network.name, packed.network)
        while len(self._kept) > len(written) + 1 and sum(self._kept.values()) > _MOST_SPOOLED_BYTES:
            oldest, _ = self._kept.popitem(last=False)
            oldest.unlink(missing_ok=True)
        moved = replace(
            task,
            photo=written[task.photo],
            styles=tuple(written[path] for path in task.styles),
            settings=_move_files(task.settings, written),
        )
        return UnpackedTask(moved, {there: path for path, there in written.items()})

    def discard(self, path: str) -> None:
        """Delete a file that no other task needs."""
        self._kept.pop(Path(path), None)
        Path(path).unlink(missing_ok=True)

    def close(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self, target: Path, file: PackedFile) -> Path:
        """Write a file, unless it is there."""
        if self._kept.pop(target, None) is None:
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.data if isinstance(file.data, bytes) else self._get(file.data))
        self._kept[target] = target.stat().st_size
        return target


@dataclass(frozen=True)
class UnpackedTask:
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


def _move_files(settings: Settings, written: dict[str, str]) -> Settings:
    """Give settings with the files that they name where these are now."""
    moved: dict[str, Any] = {}
    for name in named_files(settings):
        value = getattr(settings, name)
        moved[name] = written[value] if isinstance(value, str) else tuple(written[path] for path in value)
    return settings.model_copy(update=moved)


def _delete_abandoned() -> None:
    """Delete the folders of processes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            shutil.rmtree(folder, ignore_errors=True)
