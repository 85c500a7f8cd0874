"""Where results go: their names, and the checks before any work."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from impasto import images
from impasto.cli import terminal
from impasto.cli.request import Request
from impasto.cli.terminal import STREAM
from impasto.errors import InputError, OutputError
from impasto.images import Picture
from impasto.storage.atomic import check_folder

PLOT_SUFFIXES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Targets:
    """Every place that a run may write to; None where nothing goes there."""

    picture: Path | None
    """None: stdout."""
    steps: Path | None
    sheet: Path | None
    plot: Path | None
    animation: Path | None
    overwrite: bool


def plan(request: Request, *, steps: bool, masks: Iterable[str] = ()) -> Targets:
    """Name the targets and check each one, before any work.

    Args:
        request: what the user named.
        steps: whether there are pictures on the way, which want a folder even if none is named.
        masks: files that are read beside the pictures, and may not be written either.

    Raises:
        OutputError: a target exists, its folder is missing, or its suffix is unknown.
        InputError: targets or streams contradict each other.
    """
    _check_streams(request)
    picture = _picture_path(request)
    targets = Targets(
        picture=picture,
        steps=_steps_path(request, picture, wanted=steps),
        sheet=_path(request.sheet),
        plot=_path(request.plot),
        animation=_path(request.animation),
        overwrite=request.force,
    )
    _check_distinct([*request.sources, *masks], targets)
    _check_places(targets)
    return targets


def unoccupied(targets: Targets) -> Targets:
    """The same targets, with another name for each file that came into being since they were checked.

    A picture that took a minute is not thrown away because somebody else used its name meanwhile.
    """
    if targets.overwrite:
        return targets
    return replace(
        targets,
        picture=_free(targets.picture),
        sheet=_free(targets.sheet),
        plot=_free(targets.plot),
        animation=_free(targets.animation),
    )


def write_picture(
    picture: Picture, targets: Targets, metadata: Mapping[str, str], profile: bytes | None = None
) -> None:
    """Write the picture to its target, as PNG where that is stdout.

    Raises:
        OutputError: the place may not be written, or its format cannot hold the picture.
        StorageError: the write failed half-way.
    """
    if targets.picture is None:
        terminal.write_stdout(images.encode(picture, "png", metadata=metadata, profile=profile))
    else:
        images.save(picture, targets.picture, metadata=metadata, overwrite=targets.overwrite, profile=profile)


def announce(request: Request, planned: Targets, written: Targets) -> None:
    """Tell where the picture went, and say so if that is not where it was to go."""
    if written.picture != planned.picture and not request.quiet:
        terminal.say(f"{planned.picture} was made by somebody else meanwhile: written to {written.picture}")
    if written.picture and not request.json and not request.quiet:
        terminal.tell(str(written.picture))


def _free(path: Path | None) -> Path | None:
    if path is None or not path.exists():
        return path
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
    return next(other for other in numbered if not other.exists())


def _check_streams(request: Request) -> None:
    if request.sources.count(STREAM) > 1:
        raise InputError("stdin can supply one picture only", "Name a file for the others.")
    if request.output == STREAM:
        if request.json:
            raise InputError("--json and -o - both write to stdout", "Name a file with -o, or leave out --json.")
        terminal.check_stdout()


def _picture_path(request: Request) -> Path | None:
    if request.output == STREAM:
        return None
    if named := _path(request.output):
        return named
    first = request.sources[0]
    folder = Path() if first == STREAM else Path(first).parent
    stems = ["stdin" if source == STREAM else Path(source).stem for source in request.sources]
    return folder / f"{'-'.join([*stems, *filter(None, [request.name])])}.png"


def _steps_path(request: Request, picture: Path | None, *, wanted: bool) -> Path | None:
    """The folder for pictures on the way; a result that goes to stdout has none unless it is named."""
    if named := _path(request.save_dir):
        return named
    return picture.with_name(f"{picture.stem}-steps") if wanted and picture else None


def _path(name: str | None) -> Path | None:
    if name == STREAM:
        raise InputError("only -o can write to stdout", "Name a file.")
    if name == "":
        raise OutputError("the name of an output is empty", "Name a file.")
    return None if name is None else Path(name)


def _check_distinct(sources: list[str], targets: Targets) -> None:
    taken = {Path(source).resolve(): "one of the inputs" for source in sources if source != STREAM}
    for path in (targets.picture, targets.steps, targets.sheet, targets.plot, targets.animation):
        if path is None:
            continue
        if owner := taken.get(path.resolve()):
            raise OutputError(f"{path} is {owner}", "Choose another name.")
        taken[path.resolve()] = "the name of two results"


def _check_places(targets: Targets) -> None:
    files = (
        (targets.picture, images.SUFFIXES),
        (targets.sheet, images.SUFFIXES),
        (targets.plot, PLOT_SUFFIXES),
        (targets.animation, images.ANIMATION_SUFFIXES),
    )
    for path, suffixes in files:
        if path is not None:
            images.check_output(path, overwrite=targets.overwrite, suffixes=tuple(suffixes))
    if targets.steps is not None:
        _check_folder(targets.steps, overwrite=targets.overwrite)


def _check_folder(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path} is not a folder", "Choose another --save-dir.")
    if path.is_dir() and any(path.iterdir()) and not overwrite:
        raise OutputError(
            f"{path} is a folder with files in it", "Add --force to write among them, or choose another --save-dir."
        )
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        raise OutputError(f"the folder {folder} does not exist", "Create it first, or choose another --save-dir.")
    check_folder(folder)
