"""The studio's folder: paths of the database, pictures, results and films.

File names consist of digests and numbers only, or are a recipe's name.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import OutputError
from impasto.storage.atomic import check_folder, make_folder
from impasto.video.workspace import workspace_folder
from impasto.video.write.film import FILM_SUFFIXES

_PREVIEW_SECONDS = 60.0
"""How long the previews of a job that has ended are kept."""
REGIONS = ("faces", "busy", "empty")
"""Names of the regions that are looked for in a photograph."""
_DAMAGED = "damaged-"
"""What the names of folders begin with that damaged databases were set aside in."""


@dataclass(frozen=True)
class Folder:
    """Where a studio keeps everything; its subfolders are created with it.

    Raises:
        OutputError: the folder cannot be created.
    """

    root: Path

    def __post_init__(self) -> None:
        for path in (self.root, self._pictures, self._results, self._films, self._previews, self._looks, self.incoming):
            make_folder(path, elsewhere="Choose another folder with --data.")

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "studio.db"

    @property
    def server_lock(self) -> Path:
        """Held by the one server that uses this folder."""
        return self.root / "server.lock"

    def worker_lock(self, worker: int) -> Path:
        """Return the lock held by the one worker with this number that uses this folder."""
        return self.root / f"worker-{worker}.lock"

    def worker_locks(self) -> list[Path]:
        """List the locks of all workers that ever ran, under their former name, `painter`, too."""
        return sorted([*self.root.glob("worker*.lock"), *self.root.glob("painter*.lock")])

    @property
    def incoming(self) -> Path:
        """Uploads that are incomplete or not inspected yet."""
        return self.root / "incoming"

    def picture(self, picture: str) -> Path:
        """Return an uploaded picture's original file."""
        return self._pictures / picture

    def thumbnail(self, picture: str) -> Path:
        """Return the thumbnail of an uploaded picture."""
        return self._pictures / f"{picture}-thumbnail.webp"

    def display(self, picture: str) -> Path:
        """Return the WebP of an uploaded picture that the page shows."""
        return self._pictures / f"{picture}-display.webp"

    def regions(self, picture: str) -> Path:
        """Return the list of the regions that were found in an uploaded picture: JSON, their shares by name."""
        return self._pictures / f"{picture}-regions.json"

    def region(self, picture: str, name: str) -> Path:
        """Return the mask of a region that was found in an uploaded picture, a PNG."""
        return self._pictures / f"{picture}-{name}.png"

    def result(self, job: int) -> Path:
        """Return a job's result, a PNG."""
        return self._results / f"{job}.png"

    def result_thumbnail(self, job: int) -> Path:
        """Return the thumbnail of a job's result."""
        return self._results / f"{job}-thumbnail.webp"

    def poster(self, job: int) -> Path:
        """Return the WebP that stands for a job's film until it plays."""
        return self._results / f"{job}-poster.webp"

    def film(self, job: int, suffix: str) -> Path:
        """Return a job's film; beside it are its painted frames until it is whole.

        Args:
            job: its number.
            suffix: of the film's format, with its dot.
        """
        return self._films / f"{job}{suffix}"

    def film_files(self) -> list[Path]:
        """List all films, and the folders of the frames of those that are not whole."""
        return sorted(self._films.iterdir())

    def delete_film(self, job: int) -> None:
        """Delete a job's film and all of its painted frames."""
        for path in (self.film(job, suffix) for suffix in FILM_SUFFIXES):
            _delete(path)
            shutil.rmtree(workspace_folder(path), ignore_errors=True)

    def previews(self, job: int) -> Path:
        """Return the folder of a running job's previews."""
        return self._previews / str(job)

    def preview(self, job: int, number: int) -> Path:
        """Return one preview of a running job."""
        return self.previews(job) / f"{number}.webp"

    def look_thumbnail(self, recipe: str) -> Path:
        """Return the thumbnail of a recipe of the user's own."""
        return self._looks / f"{recipe}.webp"

    def look_thumbnails(self) -> dict[str, Path]:
        """List the thumbnails of the user's own recipes, by the recipe's name."""
        return {path.stem: path for path in self._looks.glob("*.webp")}

    def picture_files(self) -> list[Path]:
        """List all files of all uploaded pictures."""
        return _files(self._pictures)

    def result_files(self) -> list[Path]:
        """List all files of all results."""
        return _files(self._results)

    def set_aside(self) -> Path:
        """Move the database and all pictures into a new folder beside them; returns it.

        Raises:
            OutputError: they cannot be moved.
        """
        aside = self.root / time.strftime(f"{_DAMAGED}%Y%m%d-%H%M%S")
        make_folder(aside)
        names = ("pictures", "results", "films", "studio.db-wal", "studio.db-shm", "studio.db")  # the database last
        try:
            for path in (self.root / name for name in names):
                if path.exists():
                    path.replace(aside / path.name)
        except OSError as error:
            problem = f"the damaged {self.database} cannot be set aside: {error.strerror}"
            raise OutputError(problem, "Choose another folder with --data.") from None
        self.__post_init__()
        return aside

    def put_back(self, aside: Path, pictures: Iterable[str], results: Iterable[int]) -> None:
        """Move the missing files of some pictures and results back from a folder that `set_aside` made."""
        paths = [path for it in pictures for path in self._files_of(it)]
        paths += [path for it in results for path in self._result_files(it)]
        for path in paths:
            if path.exists():
                continue
            with contextlib.suppress(OSError):  # not there; or it may not be moved, and stays
                (aside / path.relative_to(self.root)).replace(path)

    def delete_incoming(self) -> None:
        """Delete leftovers of interrupted uploads; call it before the first upload."""
        for path in _files(self.incoming):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.root / "arriving", ignore_errors=True)  # the former name of `incoming`

    def delete_picture(self, picture: str) -> None:
        """Delete an uploaded picture's files."""
        for path in self._files_of(picture):
            _delete(path)

    def delete_previews(self, job: int) -> None:
        """Delete a job's previews."""
        shutil.rmtree(self.previews(job), ignore_errors=True)

    def delete_old_previews(self, running: Collection[int]) -> None:
        """Delete the previews of jobs that ended a while ago; a slow page may still request the latest."""
        for path in self._previews.iterdir():
            with contextlib.suppress(FileNotFoundError):  # its job was deleted meanwhile
                if path.name not in map(str, running) and time.time() - path.stat().st_mtime > _PREVIEW_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    def delete_job(self, job: int) -> None:
        """Delete a job's previews and result."""
        self.delete_previews(job)
        self.delete_film(job)
        for path in self._result_files(job):
            _delete(path)

    def check_writable(self) -> None:
        """Check that files can be created where a job needs to, in folders that are made if they were deleted.

        Raises:
            OutputError: they cannot.
        """
        hint = "Allow the studio to write there, or start it with another --data."
        for path in (self._results, self._films, self._previews):
            make_folder(path, elsewhere=hint)
            check_folder(path, elsewhere=hint)

    def aside_folders(self) -> list[Path]:
        """List the folders that `set_aside` ever made."""
        return sorted(path for path in self.root.glob(f"{_DAMAGED}*") if _is_folder(path))

    def size_bytes(self) -> int:
        """Add up the sizes of all files except those set aside, which nobody can delete on the page."""
        return _total_size(self.root, without=self.aside_folders())

    def _files_of(self, picture: str) -> list[Path]:
        """List all files that an uploaded picture may have."""
        found = [self.regions(picture), *(self.region(picture, name) for name in REGIONS)]
        return [self.picture(picture), self.thumbnail(picture), self.display(picture), *found]

    def _result_files(self, job: int) -> list[Path]:
        """List all files that a job's result may have."""
        films = [self.film(job, suffix) for suffix in FILM_SUFFIXES]
        return [self.result(job), self.result_thumbnail(job), self.poster(job), *films]

    @property
    def _pictures(self) -> Path:
        return self.root / "pictures"

    @property
    def _results(self) -> Path:
        return self.root / "results"

    @property
    def _films(self) -> Path:
        return self.root / "films"

    @property
    def _looks(self) -> Path:
        return self.root / "looks"

    @property
    def _previews(self) -> Path:
        return self.root / "previews"


def _files(folder: Path) -> list[Path]:
    """List files; folders among them are not the studio's: some file servers put one everywhere."""
    return [path for path in folder.iterdir() if not _is_folder(path)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _delete(path: Path) -> None:
    if not _is_folder(path):
        path.unlink(missing_ok=True)


def _total_size(folder: Path, without: Collection[Path]) -> int:
    total, skipped = 0, {str(path) for path in without}
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if os.path.join(at, name) not in skipped]  # noqa: PTH118 - walks no more
        total += sum(_size(os.path.join(at, name)) for name in names)  # noqa: PTH118
    return total


def _size(path: str) -> int:
    with contextlib.suppress(OSError):  # deleted meanwhile
        return os.stat(path).st_size  # noqa: PTH116
    return 0
