"""Contact sheets of a batch: each row a photograph, its painting and the result, with their names."""

import contextlib
import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from impasto import images
from impasto.batch.identity import digest_once
from impasto.batch.manifest import SHEETS, Manifest
from impasto.batch.names import SHEET_STEM, WORK_FOLDER
from impasto.batch.plan import BatchJob
from impasto.engine.style_file import read_painting, shown_as
from impasto.errors import ImpastoError, OutputError
from impasto.images import LabeledPicture, Picture
from impasto.storage.atomic import make_folder, replace_file
from impasto.storage.names import base_name
from impasto.wording import OVERWRITE

ROWS_PER_PAGE = 60
_SIDE = 240
"""Of the square that each picture fits into, pixels."""
_MOST_STYLES = 3
"""Paintings of one style that are shown; the label of the last counts the others."""


def write_sheets(
    jobs: Sequence[BatchJob], manifest: Manifest, stop: Callable[[], bool], *, force: bool = False
) -> list[Path]:
    """Write the contact sheets of the results that are there; returns where, page by page.

    Once `stop` says true, no page is written any more.

    Raises:
        OutputError: a page cannot be written, or there is a file in its place that no batch wrote, without `force`.
        StorageError: the disk is full or failed.
    """
    shown = (job for job in jobs if str(job.output) in manifest.made and (manifest.folder / job.output).is_file())
    pages: list[Path] = []
    written = _written(manifest.folder)
    while page := list(islice(shown, ROWS_PER_PAGE)):
        path = sheet_path(manifest.folder, len(pages) + 1)
        drawn = images.labeled_rows(_rows(page, manifest.folder, stop), side=_SIDE)
        if stop():
            return pages
        if not (force or _is_own(path, written)):
            raise OutputError(f"{path} is not of a batch, and stays", f"Use {OVERWRITE} to replace it.")
        images.save(drawn, path, overwrite=True)
        written[path.name] = digest_once(path)
        _remember(manifest.folder, written)
        pages.append(path)
    number = len(pages) + 1
    while pages and (left := sheet_path(manifest.folder, number)).is_file():  # of a batch with more rows
        if _is_own(left, written):
            left.unlink()
        number += 1
    return pages


def _written(folder: Path) -> dict[str, str]:
    """Give the sheets that batches wrote here, and their digests."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((folder / WORK_FOLDER / SHEETS).read_bytes())
        return {str(name): str(sha256) for name, sha256 in found.items()} if isinstance(found, dict) else {}
    return {}


def _remember(folder: Path, written: Mapping[str, str]) -> None:
    make_folder(folder / WORK_FOLDER)
    replace_file(folder / WORK_FOLDER / SHEETS, json.dumps(written, sort_keys=True).encode())


def _is_own(path: Path, written: Mapping[str, str]) -> bool:
    """Whether a batch wrote what is in a sheet's place, or nothing is there."""
    return not path.exists() or (path.is_file() and written.get(path.name) == digest_once(path))


def sheet_path(folder: Path, page: int) -> Path:
    """Give the file of a page, from 1."""
    return folder / (f"{SHEET_STEM}.jpg" if page == 1 else f"{SHEET_STEM}-{page}.jpg")


def _rows(jobs: Sequence[BatchJob], folder: Path, stop: Callable[[], bool]) -> Iterator[list[LabeledPicture]]:
    """Give the rows of a page; of one that is not to be written any more, the first ones."""
    for number, job in enumerate(jobs):
        if number and stop():
            return
        styles = job.styles[:_MOST_STYLES]
        hidden = len(job.styles) - len(styles)
        row = [(_kept_thumbnail(job.photo), base_name(str(job.photo)))]
        row += [(_kept_thumbnail(style, painting=True), base_name(str(style))) for style in styles]
        if hidden:
            row[-1] = row[-1][0], f"{row[-1][1]} and {hidden} more"
        yield [*row, (_thumbnail(folder / job.output), str(job.output))]


def _thumbnail(path: Path, *, painting: bool = False) -> Picture | None:
    """Give a small copy of a picture, which may be a style file's; None where it cannot be read any more."""
    with contextlib.suppress(ImpastoError):
        return images.shrink(shown_as(read_painting(path)) if painting else images.read(path), _SIDE)
    return None


_kept_thumbnail = functools.lru_cache(maxsize=32)(_thumbnail)
