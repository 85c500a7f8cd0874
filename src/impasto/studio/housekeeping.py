"""Deletes what no row of the database names any more: what was on its way when something was killed."""

from collections.abc import Iterable
from pathlib import Path

from impasto.studio import database, jobs
from impasto.studio.folder import Folder


def sweep(folder: Folder) -> None:
    """Delete pictures that nobody uses, and files that nobody knows of; call it only while nothing is painted."""
    # Whoever adds files does so in a transaction of its own: none comes or goes while this one lasts.
    with database.writing(folder.database) as connection:
        jobs.forget_unused(connection)
        pictures = {row["id"] for row in connection.execute("SELECT id FROM pictures")}
        finished = {str(row["id"]) for row in connection.execute("SELECT id FROM jobs WHERE state = 'finished'")}
        _delete(path for path in folder.picture_files() if _stem(path) not in pictures)
        _delete(path for path in folder.result_files() if _stem(path) not in finished)
    folder.forget_old_previews()


def _stem(path: Path) -> str:
    """The digest or the number that a name begins with: `12-thumbnail.webp` is job 12's."""
    return path.name.partition(".")[0].partition("-")[0]


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
