"""Where networks are stored on this machine, and how they get there.

Fetched and imported networks are kept in one form, `weights/NAME.safetensors` under the user's folder.
Nothing here loads torch until a file has to be converted.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import filelock
from safetensors import SafetensorError, safe_open

from impasto.errors import OutputError, WeightsError
from impasto.storage import home as paths
from impasto.storage.atomic import make_folder, replace_file
from impasto.storage.names import is_path
from impasto.weights import registry
from impasto.weights.activations import read_activations
from impasto.weights.download import Progress, discard, download
from impasto.wording import OVERWRITE, either

if TYPE_CHECKING:
    from impasto.weights.vgg_weights import VGGWeights

MIRROR_VARIABLE = "IMPASTO_MIRROR"
"""Environment variable: the address of a folder that holds the publishers' files under their own names."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class Status:
    """One network, and whether it is on this machine."""

    name: str
    state: Literal["bundled", "fetched", "imported", "not fetched", "damaged"]
    path: Path | None
    """Where it is stored; None where it is not fetched."""
    size: int
    """Bytes on this machine, or to download."""
    architecture: str
    convention: str
    title: str
    source: str
    license: str


def path(name: str) -> Path:
    """The file of a network: a known name, an imported one, or the path of a weights file.

    A name has only a-z, 0-9, - and _; whatever holds a dot or a separator is taken for a path, and not looked at.

    Raises:
        WeightsError: there is no such network, or it is not fetched yet.
    """
    if is_path(name):
        return Path(name).expanduser()
    if bundled := registry.bundled(name):
        return bundled
    if _NAME.fullmatch(name) and _stored(name).is_file():
        return _stored(name)
    if name in registry.ENTRIES:
        fetch_it = either(python=f'Call impasto.weights.fetch("{name}")', command=f"Run `impasto weights fetch {name}`")
        raise WeightsError(f"the network '{name}' is not on this machine yet", f"{fetch_it}.")
    raise registry.unknown(name, [*registry.ENTRIES, *_own_names()])


def load(name: str) -> "VGGWeights":
    """Load a network ready for pixels: a bundled, fetched or imported one by name, or a file by its path.

    Its tensors are views of the memory-mapped file where possible, float16 or float32 as stored; those that meet
    pixels, and those stored as codes of 8 bits, are float32 always.

    Raises:
        WeightsError: there is no such network, it is not fetched yet, or the file is not a VGG-16 or VGG-19.
    """
    from impasto.weights.importers import isolated  # noqa: PLC0415  loads torch

    found = isolated.read(path(name)).for_pixels()
    return replace(found, name=name, activations=read_activations(name))


def available() -> list[Status]:
    """Every network that Impasto knows or that was imported, and where it is."""
    return [_entry_status(entry) for entry in registry.ENTRIES.values()] + [_own_status(name) for name in _own_names()]


def fetch(name: str, *, progress: Progress | None = None, url: str | None = None, force: bool = False) -> Path:
    """Download a network, verify it and keep it in Impasto's own form; returns where it is.

    What is here already is not fetched again. An interrupted call is resumed by the next. Of several
    processes that fetch the same network, one downloads and the others wait for it.

    Args:
        name: one of `ENTRIES`.
        progress: called with the bytes that are here and those of the whole file (None where the server does not say).
        url: another address of the same file; the checksum holds for it too. Unset, `IMPASTO_MIRROR` replaces all
            of the publisher's address but the file's name.
        force: fetch again even if it is here.

    Raises:
        WeightsError: there is no network of that name, or the address is none.
        DownloadError: the server fails, or sent another file, which was not kept.
        StorageError, OutputError: the file cannot be kept.
    """
    entry = registry.entry(name)
    if entry.url is None:
        return path(name)
    target = _stored(name)
    with _lock(name):
        if force or not target.is_file():
            part = target.with_name(f"{name}.part")
            download(url or _apply_mirror(entry.url), part, entry.checksum, progress=progress)
            _convert_download(entry, part, target)
    return target


def import_file(
    file: Path | str, *, name: str | None = None, convention: str | None = None, overwrite: bool = False
) -> Path:
    """Keep a weights file of any readable format under a name; returns where it is.

    Args:
        file: safetensors, torch state dict, Keras .h5, MatConvNet .mat or ONNX.
        name: a-z, 0-9, - and _; unset, made from the file's own.
        convention: the input that the network expects, one of `CONVENTIONS`; unset, what the file states or implies.
        overwrite: replace a network of that name.

    Raises:
        WeightsError: the file is no VGG-16 or VGG-19, or the name cannot be given.
        OutputError: the name is taken, or the folder may not be written.
        StorageError: the disk is full or fails.
    """
    from impasto.weights.importers import isolated  # noqa: PLC0415  loads torch

    source = Path(file)
    name = _free_name(name or _name_from(source), overwrite=overwrite)
    found = isolated.read(source, convention=convention)
    entry = registry.ENTRIES.get(name)
    if entry and not _is_published(entry, source, found.convention.name):
        raise WeightsError(f"{source} is not the published file of '{name}'", "Choose another name.")
    _keep(found, _stored(name), {"source": source.name, "sha256": _sha256(source)})
    return _stored(name)


def _is_published(entry: registry.Entry, source: Path, convention: str) -> bool:
    """Whether a file, read by a convention, is the one that its publisher has, or what `fetch` made of that."""
    is_kept = (_metadata(source) or {}).get("source") == entry.source
    return convention == entry.convention and (is_kept or entry.checksum.of(source) == entry.checksum.digits)


def _convert_download(entry: registry.Entry, part: Path, target: Path) -> None:
    from impasto.weights.importers import isolated  # noqa: PLC0415  loads torch

    try:
        found = isolated.read(part, convention=entry.convention)
    except WeightsError:
        discard(part)
        raise
    _keep(found, target, {"source": entry.source, "license": entry.license, "sha256": _sha256(part)})
    discard(part)


def _keep(found: "VGGWeights", target: Path, metadata: dict[str, str]) -> None:
    """Write a network beside its place, then move it there: nobody ever sees half of it."""
    from safetensors.torch import save  # noqa: PLC0415  loads torch

    about = {"architecture": found.architecture.name, "convention": found.convention.name, **metadata}
    _folder()
    # Not save_file: its files are readable to their owner only, whatever the umask says.
    replace_file(target, save(found.tensors, about), elsewhere=f"Choose another folder with {paths.HOME_VARIABLE}.")


@contextlib.contextmanager
def _lock(name: str) -> Iterator[None]:
    """Hold the right to fetch `name`; the system gives it back when a process dies."""
    lock = filelock.FileLock(_folder() / f".{name}.lock")
    try:
        lock.acquire()
    except OSError as error:
        raise OutputError(
            f"{lock.lock_file} cannot be locked: {error.strerror}", f"Choose another folder with {paths.HOME_VARIABLE}."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _apply_mirror(url: str) -> str:
    mirror = os.environ.get(MIRROR_VARIABLE)
    return f"{mirror.rstrip('/')}/{urlsplit(url).path.rpartition('/')[2]}" if mirror else url


def _free_name(name: str, *, overwrite: bool) -> str:
    if not _NAME.fullmatch(name):
        raise WeightsError(
            f"'{name}' cannot name a network", "Use a-z, 0-9, - and _, beginning with a letter or digit."
        )
    if registry.bundled(name):
        raise WeightsError(f"'{name}' is a network that ships with Impasto", "Choose another name.")
    if name == registry.RESERVED:
        raise WeightsError(f"'{name}' is a reserved name", "Choose another.")
    if _stored(name).exists() and not overwrite:
        remedy = f"Use {OVERWRITE} to replace it, or choose another name."
        raise OutputError(f"there is a network '{name}' already", remedy)
    return name


def _name_from(file: Path) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", file.stem.lower()).strip("-_") or "imported"


def _entry_status(entry: registry.Entry) -> Status:
    file = entry.bundled or _stored(entry.name)
    here = file.is_file()
    return Status(
        name=entry.name,
        state="bundled" if entry.bundled else "fetched" if here else "not fetched",
        path=file if here else None,
        size=file.stat().st_size if here else entry.size,
        architecture=entry.architecture,
        convention=entry.convention,
        title=entry.title,
        source=entry.source,
        license=entry.license,
    )


def _own_status(name: str) -> Status:
    file = _stored(name)
    about = _metadata(file)
    return Status(
        name=name,
        state="damaged" if about is None else "imported",
        path=file,
        size=file.stat().st_size,
        architecture=(about or {}).get("architecture", "unknown"),
        convention=(about or {}).get("convention", "unknown"),
        title="imported",
        source=(about or {}).get("source", "unknown"),
        license=(about or {}).get("license", "unknown"),
    )


def _metadata(file: Path) -> dict[str, str] | None:
    """What a stored network says of itself; None where the file is damaged."""
    try:
        with safe_open(file, framework="np") as opened:
            return dict(opened.metadata() or {})
    except (OSError, SafetensorError):
        return None


def _own_names() -> list[str]:
    """Names of the networks that were imported under a name of the user's, sorted."""
    stored = (file.stem for file in (paths.home() / "weights").glob("*.safetensors"))
    return sorted(name for name in stored if _NAME.fullmatch(name) and name not in registry.ENTRIES)


def _stored(name: str) -> Path:
    return paths.home() / "weights" / f"{name}.safetensors"


def _folder() -> Path:
    folder = paths.home() / "weights"
    make_folder(folder, elsewhere=f"Choose another folder with {paths.HOME_VARIABLE}.")
    return folder


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
