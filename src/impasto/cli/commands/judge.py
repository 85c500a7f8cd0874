"""`impasto judge`: pairs of pictures, judged blind."""

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from impasto.cli.options import OUTPUT, Force, json_option
from impasto.cli.signals import exit_on_interrupt
from impasto.cli.terminal import print_json, print_result, print_status
from impasto.errors import InputError, count_noun

if TYPE_CHECKING:
    from impasto.judge.comparisons import Material
    from impasto.judge.session import Session
    from impasto.judge.votes import Rater, VoteFile

EXAMPLES = """\
Examples:

  impasto judge today/ new/ --photos photos/ --paintings paintings/ --rater Ann

  impasto judge --report

  impasto judge --crops results/ paintings/ --votes crop-votes.jsonl

  impasto judge today/ new/ --sheet pairs.png --rater eye --rater-kind model
"""

_CROPS = Group.create_ordered("Crop test")
_RATER = Group.create_ordered("Votes")
_PAGE = Group.create_ordered("Page")


def judge(
    folders: Annotated[
        list[str] | None,
        Parameter(
            name="FOLDER",
            help="A folder of pictures for each candidate; pictures of the same name are compared. With --crops, the "
            "results and then the paintings.",
            negative="",
        ),
    ] = None,
    /,
    *,
    photos: Annotated[
        str | None,
        Parameter(
            help="Folder of the photographs, to be shown beside photo-painting or photo+painting.", metavar="DIR"
        ),
    ] = None,
    paintings: Annotated[
        str | None, Parameter(help="Folder of the paintings, to be shown likewise.", metavar="DIR")
    ] = None,
    questions: Annotated[
        tuple[Literal["style", "content", "hang"], ...],
        Parameter(help="What to ask about each pair. Unset: all three.", consume_multiple=True, negative=""),
    ] = (),
    crops: Annotated[
        bool,
        Parameter(
            negative="",
            help="Show a crop of a result beside one of its painting: which did the painter paint?",
            group=_CROPS,
        ),
    ] = False,
    crop: Annotated[
        int,
        Parameter(
            help="Side of a crop, in pixels; it is shown doubled.",
            show_default=True,
            group=_CROPS,
            validator=Number(gte=32, lte=1024),
            metavar="PX",
        ),
    ] = 144,
    trials: Annotated[
        int,
        Parameter(
            help="Most crops of a result; no two overlap.",
            show_default=True,
            group=_CROPS,
            validator=Number(gte=1, lte=100),
            metavar="N",
        ),
    ] = 4,
    votes: Annotated[
        str,
        Parameter(
            help="File of the votes, a line of JSON each. What it has from this rater is not asked again.",
            metavar="FILE",
            show_default=True,
            group=_RATER,
        ),
    ] = "judge-votes.jsonl",
    rater: Annotated[str, Parameter(help="Who votes.", metavar="NAME", show_default=True, group=_RATER)] = "anonymous",
    rater_kind: Annotated[
        Literal["person", "model"],
        Parameter(help="Models are reported apart from persons.", show_default=True, group=_RATER),
    ] = "person",
    seed: Annotated[
        int,
        Parameter(
            help="Seed of the order and the sides, with the rater's name, and of the places of crops.",
            show_default=True,
            group=_RATER,
        ),
    ] = 0,
    report: Annotated[bool, Parameter(negative="", help="Print what the votes say, and stop.", group=_RATER)] = False,
    sheet: Annotated[
        str | None,
        Parameter(
            help="Write the pairs as a numbered sheet instead of showing the page; further pages get -2, -3. "
            "The file of votes keeps what is where.",
            metavar="FILE",
            group=OUTPUT,
        ),
    ] = None,
    answers: Annotated[
        str | None,
        Parameter(
            help="Keep the answers to a sheet as votes: lines such as `1 style left`. Answers: left, right, tie; with "
            "--crops left, right, recognized.",
            metavar="FILE",
            group=_RATER,
        ),
    ] = None,
    force: Force = False,
    json: Annotated[bool, json_option("the report as a line of JSON")] = False,
    port: Annotated[
        int,
        Parameter(
            help="Port of the page; 0 uses any free one.",
            show_default=True,
            validator=Number(gte=0, lte=65535),
            group=_PAGE,
        ),
    ] = 7861,
    browser: Annotated[bool, Parameter(help="Open the page in a browser.", show_default=True, group=_PAGE)] = True,
) -> None:
    """Judge pairs of pictures blind, on a page of this machine, and report preferences with intervals.

    Pairs are shown without names, with shuffled sides. The same command goes on with what is left.
    """
    folders = folders or []
    _check_use(folders, report=report, answers=answers, sheet=sheet, json=json)
    if crops and (photos or paintings or questions):
        raise InputError("--crops shows nothing beside the crops, and asks one question", "Name the two folders only.")
    with exit_on_interrupt():
        from impasto.judge import server  # noqa: PLC0415 - `impasto --help` must not wait for the pictures' libraries
        from impasto.judge.session import Session  # noqa: PLC0415
        from impasto.judge.votes import LONGEST_NAME, Rater, VoteFile  # noqa: PLC0415
    if not 1 <= len(rater.strip()) <= LONGEST_NAME:
        raise InputError("--rater has no name, or a very long one", f"Give one of at most {LONGEST_NAME} characters.")
    who = Rater(name=rater.strip(), kind=rater_kind)
    kept = VoteFile(votes)
    if report:
        _print_report(kept, json=json)
        return
    if answers is not None:
        _take_answers(answers, kept, who)
        return
    material = (
        _find_crops(folders, crop, trials, seed) if crops else _find_pairs(folders, photos=photos, paintings=paintings)
    )
    unseen = [] if crops else [name for name, given in (("photos", photos), ("paintings", paintings)) if not given]
    for remark in [*material.remarks, *(f"no --{name}: they are not shown beside the pictures" for name in unseen)]:
        print_status(f"impasto: {remark}")
    session = Session(material.comparisons, kept, who, seed=seed, questions=questions, crop=crop if crops else None)
    if sheet is not None:
        _write_sheet(session, sheet, force=force)
        return
    server.serve(session, port=port, browser=browser, announce=print_result)
    done = len(session.tasks) - len(session.pending())
    print_result(f"{done} of {len(session.tasks)} answered, kept in {kept.path}; --report says what they say.")


def _check_use(folders: list[str], *, report: bool, answers: str | None, sheet: str | None, json: bool) -> None:
    """Refuse options that contradict each other.

    Raises:
        InputError: they do.
    """
    ways = [name for name, given in (("--report", report), ("--answers", answers), ("--sheet", sheet)) if given]
    if len(ways) > 1:
        raise InputError(f"{ways[0]} and {ways[1]} contradict each other", "Give one of the two.")
    if json and not report:
        raise InputError("--json is for the report", "Add --report.")
    if folders and (report or answers):
        raise InputError(f"{ways[0]} reads the file of votes, and takes no folders", "Leave them out.")


def _find_pairs(folders: list[str], *, photos: str | None, paintings: str | None) -> "Material":
    from impasto.judge.comparisons import compare_folders  # noqa: PLC0415

    return compare_folders(folders, photos=photos, paintings=paintings)


def _find_crops(folders: list[str], side: int, trials: int, seed: int) -> "Material":
    from impasto.judge.crops import crop_test  # noqa: PLC0415

    if len(folders) != 2:  # noqa: PLR2004
        raise InputError("--crops takes two folders", "Name the results, then the paintings.")
    return crop_test(*folders, side=side, trials=trials, seed=seed)


def _print_report(votes: "VoteFile", *, json: bool) -> None:
    from impasto.judge.report import make_report, to_json, to_lines  # noqa: PLC0415

    report = make_report(votes.votes)
    if json:
        print_json(to_json(report))
    else:
        for line in to_lines(report):
            print_result(line)


def _take_answers(path: str, votes: "VoteFile", rater: "Rater") -> None:
    from impasto.judge.sheet import read_answers  # noqa: PLC0415

    found = read_answers(path, votes, rater)
    print_result(f"{count_noun(len(found), 'vote')} of {rater.name} kept in {votes.path}")


def _write_sheet(session: "Session", path: str, *, force: bool) -> None:
    from impasto.judge.session import ANSWERS  # noqa: PLC0415
    from impasto.judge.sheet import write_sheet  # noqa: PLC0415

    key, pages = write_sheet(session, path, force=force)
    for page in pages:
        print_result(str(page))
    names = dict.fromkeys(question.question for asked in key.questions.values() for question in asked)
    print_result(f"sheet {key.sheet}: {count_noun(len(key.questions), 'pair')}; questions: {', '.join(names)}")
    print_result(f"Answer in lines such as `1 {next(iter(names))} left` ({', '.join(ANSWERS[session.test])}).")
