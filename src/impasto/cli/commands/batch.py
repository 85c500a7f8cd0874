"""`impasto batch`: many photographs, many paintings, or a table of jobs."""

from typing import Annotated, Any

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from impasto.cli.options import OUTPUT, Force, Quiet, SettingsFrom, json_option, with_settings
from impasto.cli.signals import exit_on_interrupt
from impasto.errors import InputError

EXAMPLES = """\
Examples:

  impasto batch photos/ --style painting.jpg -o painted/

  impasto batch "holiday/*.jpg" --style wave.jpg scream.jpg -o painted/ --recipe fast --name "{style}/{photo}"

  impasto batch --jobs jobs.csv -o painted/ --dry-run
"""

_JOBS = Group("Jobs", sort_key=-1)
_RUN = Group.create_ordered("Run")


def _flag(text: str, group: Group) -> Parameter:
    return Parameter(negative="", help=text, group=group)


@with_settings(without=frozenset({"save_every"}))
def batch(
    photos: Annotated[
        list[str] | None,
        Parameter(
            name="PHOTO",
            help="Photographs: files, folders, and patterns in quotes such as '*.jpg'.",
            negative="",
        ),
    ] = None,
    /,
    *,
    style: Annotated[
        list[str] | None,
        Parameter(
            help="Paintings: files, folders and patterns. Each is painted on every photograph.",
            consume_multiple=True,
            negative="",
            metavar="PAINTING",
            group=_JOBS,
        ),
    ] = None,
    output: Annotated[
        str,
        Parameter(
            name=["--output", "-o"],
            help="Folder for the results, manifest.jsonl and contact-sheet.jpg; it is made if it does not exist.",
            metavar="DIR",
            group=OUTPUT,
        ),
    ],
    pairs: Annotated[
        bool,
        _flag("Paint the first painting on the first photograph, the second on the second, and so on.", _JOBS),
    ] = False,
    blend: Annotated[bool, _flag("Blend all paintings into one style for each photograph.", _JOBS)] = False,
    recursive: Annotated[
        bool,
        Parameter(
            name=["--recursive", "-r"],
            negative="",
            help="Take the sub-folders of folders, too; the results keep them.",
            group=_JOBS,
        ),
    ] = False,
    jobs: Annotated[
        str | None,
        Parameter(
            help="Table with a row for each job: .csv, .toml ([[job]]) or .jsonl. Columns: photo, style (one or "
            "several), output, and any setting by its name. Paths are relative to the table's folder, output to -o.",
            metavar="FILE",
            group=_JOBS,
        ),
    ] = None,
    watch: Annotated[bool, _flag("Keep looking for new photographs in the folders, until Ctrl-C.", _JOBS)] = False,
    name: Annotated[
        str,
        Parameter(
            help="Names of the results; a / in it makes folders. Fields: photo, folder (the photograph's, within "
            "PHOTO), style, recipe, size, number, suffix (of the photograph), seed and other settings; {number:04} "
            "counts with four digits.",
            metavar="TEMPLATE",
            show_default=True,
            group=OUTPUT,
        ),
    ] = "{photo}-{style}",
    format: Annotated[  # noqa: A002 - the option's name
        str,
        Parameter(
            help="Format of the results: png, jpeg, webp, avif, tiff or bmp.",
            metavar="NAME",
            show_default=True,
            group=OUTPUT,
        ),
    ] = "png",
    contact_sheet: Annotated[
        bool,
        Parameter(help="Write contact-sheet.jpg: photograph, painting and result of each job.", group=OUTPUT),
    ] = True,
    force: Force = False,
    repaint: Annotated[bool, _flag("Paint what is done already, too.", _RUN)] = False,
    settings_from: SettingsFrom = None,
    workers: Annotated[
        str,
        Parameter(
            help="Pictures at once, each painted by a process of its own; auto measures how many are worth it. "
            "--threads is the number of threads of each.",
            metavar="auto|N",
            show_default=True,
            group=_RUN,
        ),
    ] = "auto",
    cluster: Annotated[
        str | None,
        Parameter(
            help="Paint on a cluster of Ray: auto is the one that this machine is part of; local starts one of this "
            "machine alone. --workers is then the most pictures at once.",
            metavar="local|auto|ADDRESS",
            group=_RUN,
        ),
    ] = None,
    retries: Annotated[
        int,
        Parameter(
            help="Further tries of a picture that failed for another reason than its inputs.",
            show_default=True,
            validator=Number(gte=0, lte=100),
            group=_RUN,
        ),
    ] = 1,
    fail_fast: Annotated[bool, _flag("Stop at the first failure.", _RUN)] = False,
    dry_run: Annotated[
        bool,
        _flag("List what would be painted, skipped and refused, with the time that it would take, and stop.", _RUN),
    ] = False,
    json: Annotated[bool, json_option("each event as a line of JSON to stdout; the last is the summary")] = False,
    quiet: Quiet = False,
    **values: Any,
) -> int:
    """Paint many photographs: each painting on each of them, in pairs, or by a table of jobs.

    What is done and unchanged is skipped, so that the same command finishes what was interrupted, and paints what is
    new or changed.
    """
    if pairs and blend:
        raise InputError("--pairs and --blend contradict each other", "Give one of the two.")
    with exit_on_interrupt():
        from impasto.cli.commands.batch_runner import BatchArguments, run_batch  # noqa: PLC0415
    return run_batch(
        BatchArguments(
            photos=tuple(photos or ()),
            styles=tuple(style or ()),
            output=output,
            arrangement="pairs" if pairs else "blend" if blend else "every",
            recursive=recursive,
            jobs=jobs,
            watch=watch,
            name=name,
            format=format,
            contact_sheet=contact_sheet,
            force=force,
            repaint=repaint,
            settings_from=settings_from,
            workers=workers,
            cluster=cluster,
            retries=retries,
            fail_fast=fail_fast,
            dry_run=dry_run,
            json=json,
            quiet=quiet,
        ),
        values,
    )
