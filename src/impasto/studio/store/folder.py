"""The studio's folder: where database, pictures and results lie. Names are made of digests and numbers only."""

import contextlib
import os
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from impasto.storage.atomic import make_folder

_PREVIEW_SECONDS = 60.0
"""How long the previews of a job that has ended are kept."""


@dataclass(frozen=True)
class Folder:
    """Everything that a studio keeps.

    Raises:
        OutputError: the folder cannot be made.
    """

    root: Path

    def __post_init__(self) -> None:
        for path in (self.root, self._pictures, self._results, self._previews, self.arriving):
            make_folder(path, elsewhere="Choose another folder with --data.")

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "studio.db"

    @property
    def server_lock(self) -> Path:
        """Held by the one server that uses this folder."""
        return self.root / "server.lock"

    def painter_lock(self, painter: int) -> Path:
        """Held by the one painter of a number that uses this folder."""
        return self.root / f"painter-{painter}.lock"

    def painter_locks(self) -> list[Path]:
        """Those of all painters that ever were."""
        return sorted(self.root.glob("painter*.lock"))

    @property
    def arriving(self) -> Path:
        """Uploads that are not all there, or not looked at yet."""
        return self.root / "arriving"

    def picture(self, picture: str) -> Path:
        """A picture's file as it was given."""
        return self._pictures / picture

    def thumbnail(self, picture: str) -> Path:
        """A small WebP of a picture."""
        return self._pictures / f"{picture}-thumbnail.webp"

    def display(self, picture: str) -> Path:
        """A WebP of a picture that any browser shows."""
        return self._pictures / f"{picture}-display.webp"

    def result(self, job: int) -> Path:
        """What a job painted."""
        return self._results / f"{job}.png"

    def result_thumbnail(self, job: int) -> Path:
        """A small WebP of what a job painted."""
        return self._results / f"{job}-thumbnail.webp"

    def previews(self, job: int) -> Path:
        """The folder of a running job's previews."""
        return self._previews / str(job)

    def preview(self, job: int, number: int) -> Path:
        """The picture as it was."""
        return self.previews(job) / f"{number}.webp"

    def picture_files(self) -> list[Path]:
        """All files of all pictures."""
        return list(self._pictures.iterdir())

    def result_files(self) -> list[Path]:
        """All files of all results."""
        return list(self._results.iterdir())

    def forget_picture(self, picture: str) -> None:
        """Delete a picture's files."""
        for path in (self.picture(picture), self.thumbnail(picture), self.display(picture)):
            path.unlink(missing_ok=True)

    def forget_previews(self, job: int) -> None:
        """Delete a job's previews."""
        shutil.rmtree(self.previews(job), ignore_errors=True)

    def forget_old_previews(self, running: Collection[int]) -> None:
        """Delete the previews of jobs that ended a while ago; a slow page may still ask for the latest."""
        for path in self._previews.iterdir():
            with contextlib.suppress(FileNotFoundError):  # its job was deleted meanwhile
                if path.name not in map(str, running) and time.time() - path.stat().st_mtime > _PREVIEW_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    def forget_job(self, job: int) -> None:
        """Delete everything that a job painted."""
        self.forget_previews(job)
        for path in (self.result(job), self.result_thumbnail(job)):
            path.unlink(missing_ok=True)

    def bytes(self) -> int:
        """How much everything takes."""
        return sum(_size(os.path.join(at, name)) for at, _, names in os.walk(self.root) for name in names)  # noqa: PTH118

    @property
    def _pictures(self) -> Path:
        return self.root / "pictures"

    @property
    def _results(self) -> Path:
        return self.root / "results"

    @property
    def _previews(self) -> Path:
        return self.root / "previews"


def _size(path: str) -> int:
    with contextlib.suppress(OSError):  # deleted meanwhile
        return os.stat(path).st_size  # noqa: PTH116
    return 0
