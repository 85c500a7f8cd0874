"""Where results are written: their paths, and the checks before any work."""

import contextlib
import itertools
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from impasto import images
from impasto.cli import terminal
from impasto.cli.inputs import check_sources, check_stdin
from impasto.cli.options import DEFAULT_OUTPUTS, OutputOptions
from impasto.cli.terminal import STREAM
from impasto.errors import InputError, OutputError, StorageError
from impasto.images import Picture
from impasto.storage.atomic import check_folder
from impasto.video.write.film import FILM_SUFFIXES, check_film
from impasto.wording import COMMAND

_LONGEST_STEM = 100
"""Characters of a name that nobody chose: names of 255 bytes are the limit of most systems, and steps are longer."""
_NAME_FOR_STDOUT = Path("stdout.png")
"""Of the file that takes a picture which stdout did not."""
PLOT_SUFFIXES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class RunArguments:
    """Inputs and outputs of a run as the user named them; `terminal.STREAM` stands for stdin or stdout."""

    photo: str | None = None
    paintings: tuple[str, ...] = ()
    output: str | None = None
    name_ending: str = ""
    """What the result's default name ends in, after the names of the inputs."""
    options: OutputOptions = DEFAULT_OUTPUTS
    cluster: str | None = None
    """Which computes the tiles of large pictures; None where this process computes all."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The photograph, if there is one, and the paintings."""
        return (self.photo, *self.paintings) if self.photo is not None else self.paintings


@dataclass(frozen=True)
class OutputPaths:
    """Every path that a run may write; None where that output is not asked for."""

    picture: Path | None
    """None: stdout."""
    steps: Path | None
    sheet: Path | None
    regions: Path | None
    plot: Path | None
    animation: Path | None
    overwrite: bool


def plan_outputs(arguments: RunArguments, *, steps: bool, masks: Iterable[str] = ()) -> OutputPaths:
    """Name the outputs and check each one, before any work.

    Args:
        arguments: the names that the user gave.
        steps: whether the run makes intermediate pictures, which have a folder even if none is named.
        masks: files that are read beside the pictures, and may not be overwritten either.

    Raises:
        OutputError: a file exists, its folder is missing, or its suffix is unknown.
        InputError: outputs or streams contradict each other.
    """
    options = arguments.options
    check_stdin(arguments.sources)
    check_sources(arguments.sources, output=arguments.output)
    if arguments.output == STREAM:
        _check_stdout(options)
    picture = _picture_path(arguments)
    paths = OutputPaths(
        picture=picture,
        steps=_steps_path(options, picture, needed=steps),
        sheet=_path(options.sheet),
        regions=_path(options.regions),
        plot=_path(options.plot),
        animation=_path(options.animation),
        overwrite=options.force,
    )
    _check_distinct([*arguments.sources, *masks], paths)
    _check_paths(paths)
    return paths


def avoid_new_files(paths: OutputPaths) -> OutputPaths:
    """Choose another name for each file that was created since the paths were checked.

    A picture that took a minute is not discarded because another program used its name during the run.
    """
    if paths.overwrite:
        return paths
    return replace(
        paths,
        picture=_unused_path(paths.picture),
        sheet=_unused_path(paths.sheet),
        regions=_unused_path(paths.regions),
        plot=_unused_path(paths.plot),
        animation=_unused_path(paths.animation),
    )


def write_picture(
    picture: Picture, paths: OutputPaths, metadata: Mapping[str, str], profile: bytes | None = None
) -> Path | None:
    """Write the picture to its path, or as PNG to stdout; returns where it is, None for stdout.

    What took minutes to paint is not lost to a disk that is full, a folder that is gone or a reader that left: another
    place is taken, and named on stderr.

    Raises:
        OutputError: no place may be written.
        StorageError: the write failed half-way, in every place.
        BrokenPipeError: nothing reads stdout any more.
        OSError: stdout takes no more, and no other place may be written.
    """
    if paths.picture is None:
        return _write_to_stdout(picture, metadata, profile)
    try:
        images.save(picture, paths.picture, metadata=metadata, overwrite=paths.overwrite, profile=profile)
    except (OutputError, StorageError) as error:
        place = _save_elsewhere(picture, paths.picture, (paths.picture.parent, None), metadata, profile)
        if place is None:
            raise
        problem, _ = error.words_for(COMMAND)
        terminal.print_status(f"impasto: error: {problem}: the picture is in {place}")
        return place
    return paths.picture


def _write_to_stdout(picture: Picture, metadata: Mapping[str, str], profile: bytes | None) -> Path | None:
    try:
        terminal.write_stdout(images.encode(picture, "png", metadata=metadata, profile=profile))
    except OSError as error:
        place = _save_elsewhere(picture, _NAME_FOR_STDOUT, (None,), metadata, profile)
        if place is None:
            raise
        terminal.print_status(f"impasto: error: the output was cut short: {error.strerror}: the picture is in {place}")
        if isinstance(error, BrokenPipeError):
            raise
        terminal.silence(sys.stdout)
        return place
    return None


def _save_elsewhere(
    picture: Picture, path: Path, folders: Sequence[Path | None], metadata: Mapping[str, str], profile: bytes | None
) -> Path | None:
    """Save a picture in the first folder that takes it, as PNG if its format fails; None if nothing works.

    Args:
        picture: what to save.
        path: the name that it was to have.
        folders: those to try; None is a new one among the temporary files.
        metadata: of the file.
        profile: of the file, to convert to.
    """
    for suffix in dict.fromkeys((path.suffix, ".png")):
        for folder in folders:
            with contextlib.suppress(OutputError, StorageError, OSError), _own_folder(folder) as own:
                place = own / f"{path.stem}{suffix}"
                place = place if folder is None else _next_path(place)
                images.save(picture, place, metadata=metadata, profile=profile)
                return place
    return None


@contextlib.contextmanager
def _own_folder(folder: Path | None) -> Iterator[Path]:
    """Give a folder, or for None a new one among the temporary files, which is removed if nothing was saved there."""
    if folder is not None:
        yield folder
        return
    made = Path(tempfile.mkdtemp(prefix="impasto-"))
    try:
        yield made
    finally:
        with contextlib.suppress(OSError):  # the picture is in it
            made.rmdir()


def report_picture(options: OutputOptions, planned: Path | None, chosen: Path | None, place: Path | None) -> None:
    """Print the picture's path, and say so if it is not the planned one.

    Args:
        options: whether anything is to be printed.
        planned: where it was to be.
        chosen: where it was to be at the end of the run, when another program had taken its name.
        place: where it is.
    """
    if options.quiet:
        return
    if chosen != planned:
        terminal.print_status(f"{planned} was created by another program during the run: written to {chosen}")
    if place and not options.json:
        terminal.print_result(str(place))


def _unused_path(path: Path | None) -> Path | None:
    return _next_path(path) if path and path.exists() else path


def _next_path(path: Path) -> Path:
    """Number a name: the first of them that is not taken."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
    return next(other for other in numbered if not other.exists())


def _check_stdout(options: OutputOptions) -> None:
    if options.json:
        raise InputError("--json and -o - both write to stdout", "Name a file with -o, or leave out --json.")
    terminal.check_stdout()


def _picture_path(arguments: RunArguments) -> Path | None:
    if arguments.output == STREAM:
        return None
    named = _path(arguments.output)
    if named and not named.is_dir():
        if str(arguments.output).endswith(("/", os.sep)):
            raise OutputError(f"the folder {named} does not exist", "Create it first, or choose another.")
        return named
    first = arguments.sources[0]
    folder = Path() if first == STREAM else Path(first).expanduser().parent
    stems = ["stdin" if source == STREAM else Path(source).stem for source in arguments.sources]
    stem = "-".join([*stems, *filter(None, [arguments.name_ending])])[:_LONGEST_STEM]
    path = (named or folder) / f"{stem}.png"
    return path if arguments.options.force else _unused_path(path)


def _steps_path(options: OutputOptions, picture: Path | None, *, needed: bool) -> Path | None:
    """The folder for intermediate pictures; a result written to stdout has none unless it is named."""
    if named := _path(options.save_dir):
        return named
    return picture.with_name(f"{picture.stem}-steps") if needed and picture else None


def _path(name: str | None) -> Path | None:
    if name == STREAM:
        raise InputError("only -o can write to stdout", "Name a file.")
    if name == "":
        raise OutputError("the name of an output is empty", "Name a file.")
    return None if name is None else Path(name).expanduser()


def _check_distinct(sources: list[str], paths: OutputPaths) -> None:
    taken = {Path(source).expanduser().resolve(): "one of the inputs" for source in sources if source != STREAM}
    for path in (paths.picture, paths.steps, paths.sheet, paths.regions, paths.plot, paths.animation):
        if path is None:
            continue
        if owner := taken.get(path.resolve()):
            raise OutputError(f"{path} is {owner}", "Choose another name.")
        taken[path.resolve()] = "the name of two results"


def _check_paths(paths: OutputPaths) -> None:
    files = (
        (paths.picture, images.SUFFIXES),
        (paths.sheet, images.SUFFIXES),
        (paths.regions, images.SUFFIXES),
        (paths.plot, PLOT_SUFFIXES),
        (paths.animation, FILM_SUFFIXES),
    )
    for path, suffixes in files:
        if path is not None:
            images.check_output(path, overwrite=paths.overwrite, suffixes=tuple(suffixes))
    if paths.animation is not None:
        check_film(paths.animation, overwrite=paths.overwrite)
    if paths.steps is not None:
        _check_folder(paths.steps, overwrite=paths.overwrite)


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
