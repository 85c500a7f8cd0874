"""Sheets of numbered pairs for raters without a browser, such as prints and models, and the answers to them."""

import secrets
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from impasto import images
from impasto.errors import InputError, OutputError
from impasto.images import LabeledPicture, Picture
from impasto.judge.session import ANSWERS, AskedQuestion, Session, make_vote
from impasto.judge.votes import Question, Rater, SheetKey, Test, Vote, VoteFile, now
from impasto.wording import OVERWRITE

_ROWS = 4
"""Pairs on a page: more would be too small once a model has shrunk the page."""
_SIDE, _REFERENCE_SIDE = 480, 320
"""Of the squares that each picture of a pair and what is beside it fit into, pixels."""
_MOST_ENLARGED = 2
"""Times; crops are always enlarged so, as on the page."""
_LABELS = (("painting", "the painting"), ("photo", "the photograph"), ("left", "left"), ("right", "right"))
_SHEET_WORDS, _ANSWER_WORDS = 2, 3
_EXAMPLE = "Write a number, a question and an answer on each line: 1 style left."


def write_sheet(session: Session, path: str, *, force: bool) -> tuple[SheetKey, list[Path]]:
    """Draw what the rater has not answered yet, and keep in the file of votes what is under which number.

    Args:
        session: the questions.
        path: of the first page; the others have `-2`, `-3` and so on before the suffix.
        force: whether to replace files.

    Returns:
        The key, and the pages.

    Raises:
        InputError: everything is answered, or a picture cannot be read.
        OutputError: a page or the votes cannot be written.
    """
    grouped = [list(tasks) for _, tasks in groupby(session.pending(), key=lambda task: id(task.comparison))]
    if not grouped:
        raise InputError(f"{session.rater.name} has answered everything", "There is nothing left for a sheet.")
    first = Path(path).expanduser()
    pages = [
        first if start == 0 else first.with_stem(f"{first.stem}-{start // _ROWS + 1}")
        for start in range(0, len(grouped), _ROWS)
    ]
    for page in pages:
        if page.exists() and not force:
            raise OutputError(f"{page} exists", f"Choose another name, or use {OVERWRITE}.")
    for start, page in zip(range(0, len(grouped), _ROWS), pages, strict=True):
        rows = list(_rows(session, grouped[start : start + _ROWS], start + 1))
        sheet = images.labeled_rows(rows, side=_widest(rows))
        images.save(Picture(np.asarray(sheet), name="sheet"), page, overwrite=force)
    key = SheetKey(
        sheet=secrets.token_hex(3),
        rater=session.rater,
        questions={str(number): [task.question for task in tasks] for number, tasks in enumerate(grouped, 1)},
        time=now(),
    )
    session.votes.append(key)
    return key, pages


def read_answers(path: str, votes: VoteFile, rater: Rater) -> list[Vote]:
    """Read answers to a sheet, and keep them as votes: all, or none.

    Each line is a number, a question and an answer, `1 style left`; lines that begin with # are passed over. A line
    `sheet ID` says which sheet it is; otherwise it is the newest of this rater's.

    Raises:
        InputError: the file cannot be read, a line is no answer, or an answer was given before.
        OutputError: the votes cannot be written.
    """
    lines = _read_lines(path)
    named = [words[1] for _, words in lines if words[0] == "sheet" and len(words) == _SHEET_WORDS]
    key = _find_sheet(votes, named[-1] if named else None, rater)
    given = {(vote.pair, vote.question) for vote in votes.votes if vote.rater == rater}
    found: list[Vote] = []
    for number, words in lines:
        if words[0] == "sheet" and len(words) == _SHEET_WORDS:
            continue
        vote = _read_vote(f"line {number} of {path}", words, key, rater)
        if (vote.pair, vote.question) in given:
            raise InputError(f"line {number} of {path} answers what {rater.name} has answered", "Take that line out.")
        given.add((vote.pair, vote.question))
        found.append(vote)
    if not found:
        raise InputError(f"there is no answer in {path}", _EXAMPLE)
    votes.append(*found)
    return found


def _rows(session: Session, grouped: Sequence[Sequence[AskedQuestion]], first: int) -> Iterator[list[LabeledPicture]]:
    for number, tasks in enumerate(grouped, first):
        pictures = tasks[0].pictures
        yield [
            (_fit(session.load(pictures[where]), where, session.test), f"{number}: {label}")
            for where, label in _LABELS
            if where in pictures
        ]


def _widest(rows: Sequence[Sequence[LabeledPicture]]) -> int:
    return max(max(picture.width, picture.height) for row in rows for picture, _ in row if picture)


def _fit(picture: Picture, where: str, test: Test) -> Picture:
    """Scale a picture as it is shown; the two of a pair have one size, and get one."""
    if where in {"photo", "painting"}:
        return images.shrink(picture, _REFERENCE_SIDE)
    room = _SIDE / max(picture.width, picture.height)
    factor = _MOST_ENLARGED if test == "crops" else min(_MOST_ENLARGED, room)
    return images.resize(picture, round(picture.width * factor), round(picture.height * factor))


def _read_lines(path: str) -> list[tuple[int, list[str]]]:
    """Read the words of each line that says something, with its number."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InputError(f"{path} cannot be read: {reason}", "Name a text file of answers.") from None
    lines = ((number, line.lower().split()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, words) for number, words in lines if words and not words[0].startswith("#")]


def _find_sheet(votes: VoteFile, name: str | None, rater: Rater) -> SheetKey:
    if not votes.sheets:
        raise InputError(f"{votes.path} has no key of a sheet", "Make a sheet with these votes first.")
    found = [sheet for sheet in votes.sheets if (sheet.sheet == name if name else sheet.rater.name == rater.name)]
    if found:
        return found[-1]
    if name:
        raise InputError(
            f"{votes.path} has no key of the sheet {name}", "Name the file of votes that it was made with."
        )
    sheets = ", ".join(f"{sheet.sheet} for {sheet.rater.name}" for sheet in votes.sheets)
    raise InputError(
        f"{votes.path} has no sheet for {rater.name}",
        f"It has {sheets}: say who votes as when the sheet was made, or begin the answers with `sheet ID`.",
    )


def _read_vote(where: str, words: Sequence[str], key: SheetKey, rater: Rater) -> Vote:
    if len(words) != _ANSWER_WORDS:
        raise InputError(f"{where} is no answer", _EXAMPLE)
    number, name, answer = words
    questions: list[Question] = key.questions.get(number.rstrip(".:"), [])
    if not questions:
        raise InputError(f"{where} answers {number}, which is not on the sheet", f"It has 1 to {len(key.questions)}.")
    question = next((it for it in questions if it.question == name), None)
    if question is None:
        choices = ", ".join(it.question for it in questions)
        raise InputError(f"{where} answers '{name}', which is not asked of {number}", f"Choose from: {choices}.")
    known = next((it for it in ANSWERS[question.test] if it == answer), None)
    if known is None:
        choices = ", ".join(ANSWERS[question.test])
        raise InputError(f"{where}: '{answer}' is no answer", f"Choose from: {choices}.")
    return make_vote(question, known, rater)
