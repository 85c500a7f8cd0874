"""What travels to another machine for a picture: the bytes of every file that its task names."""

from dataclasses import dataclass, replace

from impasto.batch.executor import Task
from impasto.cluster.files import FilePacker, FileSpool, PackedFile, Unpacked, move_files
from impasto.settings.effect import named_files


@dataclass(frozen=True)
class PackedTask:
    """A task with every file that painting it reads; picklable."""

    task: Task
    photo: PackedFile
    shared: dict[str, PackedFile]
    """The paintings, and the files of the settings, by the paths in the task."""
    network: PackedFile | None
    """One that is kept under a name, and does not come with Impasto."""


class Packer(FilePacker):
    """Reads the files of tasks."""

    def pack(self, task: Task) -> PackedTask:
        """Read what a task names.

        Raises:
            InputError: a file cannot be read.
            WeightsError: there is no such network on this machine.
        """
        shared = dict.fromkeys(
            (*task.styles, *(path for paths in named_files(task.settings).values() for path in paths))
        )
        return PackedTask(
            task,
            self.read(task.photo),
            {path: self.share(path) for path in shared},
            self.share_network(task.settings.network),
        )


class Spool(FileSpool):
    """Writes the files of tasks."""

    def unpack(self, packed: PackedTask) -> Unpacked[Task]:
        """Write the files of a task.

        Raises:
            OSError: the disk is full or failed.
        """
        task = packed.task
        written = {path: self.write(file) for path, file in (*packed.shared.items(), (task.photo, packed.photo))}
        self.write_network(packed.network)
        self.make_room(len(written) + 1)
        moved = replace(
            task,
            photo=written[task.photo],
            styles=tuple(written[path] for path in task.styles),
            settings=move_files(task.settings, written),
        )
        return Unpacked(moved, {there: path for path, there in written.items()})
