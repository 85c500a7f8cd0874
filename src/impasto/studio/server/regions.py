"""The regions of a photograph that the studio finds by itself: searched for once, and kept beside its other files."""

import asyncio
import json
import secrets
from pathlib import Path

from impasto.errors import ImageError, StorageError
from impasto.studio.errors import MissingError
from impasto.studio.schemas import RegionOut
from impasto.studio.server import queries
from impasto.studio.server.dependencies import StudioContext
from impasto.studio.server.files import missing_file
from impasto.studio.server.processes import run_module
from impasto.studio.store import database, quota
from impasto.studio.store.folder import REGIONS, Folder

_LABELS = {"faces": "Faces", "busy": "Busy places", "empty": "Empty places"}


async def regions_of(context: StudioContext, picture: str) -> list[RegionOut]:
    """List the regions of an uploaded picture, which are searched for where that was not done yet.

    Raises:
        MissingError: there is no such picture, or it was deleted meanwhile.
        BusyError: too many searches are waiting already.
        QuotaError: the studio's folder is full.
        ImageError: the search took too long, or too much memory.
    """
    name = (await asyncio.to_thread(queries.picture, context.folder, picture, context.limits)).name
    shares = await asyncio.to_thread(_read, context.folder, picture)
    if shares is None:
        async with context.searches.turn():
            shares = await asyncio.to_thread(_read, context.folder, picture)  # perhaps by the one before
            if shares is None:
                shares = await _search(context, picture, name)
    return [
        RegionOut(name=it, label=_LABELS[it], share=shares[it], url=f"/api/pictures/{picture}/regions/{it}")
        for it in REGIONS
        if it in shares
    ]


def region_file(context: StudioContext, picture: str, name: str) -> Path:
    """Return the mask of one region.

    Raises:
        MissingError: there is no such picture, or it has no such region, or was not searched for it yet.
    """
    queries.picture(context.folder, picture, context.limits)
    if name not in (_read(context.folder, picture) or {}):
        raise MissingError(f"no region {name!r} is known of this picture", "List its regions first.")
    return context.folder.region(picture, name)


def _read(folder: Folder, picture: str) -> dict[str, float] | None:
    try:
        shares: dict[str, float] = json.loads(folder.regions(picture).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"the regions cannot be read: {error.strerror}", "Check the disk.") from None
    except ValueError:  # the disk was full, or failed: they are searched for once more
        return None
    return shares


async def _search(context: StudioContext, picture: str, name: str) -> dict[str, float]:
    await asyncio.to_thread(quota.check, context.folder, context.limits)
    target = context.folder.incoming / secrets.token_hex(16)
    try:
        try:
            output, status = await run_module(
                "impasto.studio.server.find_regions",
                str(context.folder.picture(picture)),
                str(target),
                limits=context.limits,
            )
        except TimeoutError:
            output, status = b"", -1
        if status and not await asyncio.to_thread(context.folder.picture(picture).is_file):
            raise missing_file()
        if status:
            raise ImageError(f"no regions could be found in {name}", "Draw them, or use a smaller photograph.")
        await asyncio.to_thread(_store, context.folder, picture, target, output)
    finally:
        await asyncio.to_thread(_discard, target)
    shares: dict[str, float] = json.loads(output)
    return shares


def _store(folder: Folder, picture: str, target: Path, shares: bytes) -> None:
    """Move the files within a transaction, the list last: a picture that is deleted meanwhile leaves none behind."""
    with database.write_transaction(folder.database) as connection:
        if not connection.execute("SELECT 1 FROM pictures WHERE id = ?", (picture,)).fetchone():
            raise MissingError("that picture was deleted", "Upload it again.")
        try:
            for name in json.loads(shares):
                target.with_suffix(f".{name}").replace(folder.region(picture, name))
            target.write_bytes(shares)
            target.replace(folder.regions(picture))
        except OSError as error:
            raise StorageError(f"the regions could not be stored: {error.strerror}", "Free some disk space.") from None


def _discard(target: Path) -> None:
    for path in (target, *(target.with_suffix(f".{name}") for name in REGIONS)):
        path.unlink(missing_ok=True)
