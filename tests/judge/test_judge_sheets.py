"""Sheets for raters without a browser, and the answers to them."""

import numpy as np
import PIL.Image
import pytest
from judging import ANN, EYE, save_candidates, save_references, session_of

from impasto.errors import InputError, OutputError
from impasto.judge.sheet import read_answers, write_sheet
from impasto.judge.votes import Rater, VoteFile


@pytest.fixture
def votes(tmp_path):
    return tmp_path / "votes.jsonl"


@pytest.fixture
def session(tmp_path, votes):
    folders = save_candidates(
        tmp_path, [f"{photo}-{style}" for photo in ("cat", "tower", "x") for style in ("wave", "night")]
    )
    return session_of(folders, votes, EYE, **save_references(tmp_path))


@pytest.fixture
def answers(tmp_path):
    path = tmp_path / "answers.txt"

    def write(text):
        path.write_text(text)
        return str(path)

    return write


def test_answers_to_a_sheet_are_votes_on_what_is_on_it(session, votes, tmp_path, answers):
    key, pages = write_sheet(session, str(tmp_path / "sheet.png"), force=False)
    assert [page.name for page in pages] == ["sheet.png", "sheet-2.png"]
    assert list(key.questions) == ["1", "2", "3", "4", "5", "6"]
    text = f"# by a model\n\nsheet {key.sheet}\n1 style left\n1: hang RIGHT\n6. content tie\n"
    assert len(read_answers(answers(text), VoteFile(votes), EYE)) == 3
    first, second, last = VoteFile(votes).votes
    expected = [task.question for task in session.tasks]
    assert (first.picture, first.winner) == (expected[0].picture, expected[0].left)
    assert (second.picture, second.winner) == (expected[0].picture, expected[0].right)
    assert (last.picture, last.question, last.winner) == (expected[-1].picture, "content", None)
    assert {vote.rater.kind for vote in (first, second, last)} == {"model"}


def test_answers_are_to_the_raters_own_sheet_unless_another_is_named(session, votes, tmp_path, answers):
    mine, _ = write_sheet(session, str(tmp_path / "mine.png"), force=False)
    folders = [str(tmp_path / name) for name in {mine.questions["1"][0].left, mine.questions["1"][0].right}]
    theirs, _ = write_sheet(session_of(folders, votes, ANN), str(tmp_path / "theirs.png"), force=False)
    read_answers(answers("1 style left"), VoteFile(votes), EYE)
    number = next(it for it, asked in theirs.questions.items() if asked[0].picture != mine.questions["1"][0].picture)
    read_answers(answers(f"sheet {theirs.sheet}\n{number} style left"), VoteFile(votes), EYE)
    own, other = VoteFile(votes).votes
    assert own.picture == mine.questions["1"][0].picture
    assert other.picture == theirs.questions[number][0].picture
    with pytest.raises(InputError, match=rf"no sheet for Bob.*{mine.sheet} for Eye, {theirs.sheet} for Ann"):
        read_answers(answers("1 style left"), VoteFile(votes), Rater(name="Bob"))


def test_the_left_picture_of_a_row_is_the_one_that_the_key_says(session, tmp_path):
    key, _ = write_sheet(session, str(tmp_path / "sheet.png"), force=False)
    question = key.questions["1"][0]
    with PIL.Image.open(tmp_path / "sheet.png") as sheet:
        assert set(sheet.info) <= {"srgb", "dpi"}
        shown = np.asarray(sheet.convert("RGB"), np.float32)
    with PIL.Image.open(tmp_path / question.left / f"{question.picture}.png") as file:
        enlarged = np.asarray(file.resize((96, 64), PIL.Image.Resampling.LANCZOS), np.float32)
    width = shown.shape[1]
    places = [x for x in range(width - 96) if np.abs(shown[12:76, x : x + 96] - enlarged).mean() < 2]
    assert len(places) == 1
    assert width / 4 < places[0] < 3 * width / 4


def test_what_was_answered_is_on_no_further_sheet(session, votes, tmp_path, answers):
    write_sheet(session, str(tmp_path / "a.png"), force=False)
    lines = [f"{number} {name} left" for number in range(1, 6) for name in ("style", "content", "hang")]
    read_answers(answers("\n".join(lines)), session.votes, EYE)
    key, pages = write_sheet(session, str(tmp_path / "b.png"), force=False)
    assert (list(key.questions), len(pages)) == (["1"], 1)
    read_answers(answers("1 style left\n1 content left\n1 hang left"), session.votes, EYE)
    with pytest.raises(InputError, match="Eye has answered everything"):
        write_sheet(session, str(tmp_path / "c.png"), force=False)
    assert len(VoteFile(votes).votes) == 18


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 style", "line 1 of .* is no answer"),
        ("# first\n7 style left", "line 2 of .* answers 7, which is not on the sheet"),
        ("1 beauty left", "'beauty', which is not asked of 1"),
        ("1 style recognized", "'recognized' is no answer"),
        ("1 style left\n1 style right", "line 2 of .* answers what Eye has answered"),
        ("sheet 123456\n1 style left", "no key of the sheet 123456"),
        ("", "there is no answer"),
    ],
)
def test_a_line_that_is_no_answer_is_refused_and_nothing_is_kept(session, votes, tmp_path, answers, text, words):
    write_sheet(session, str(tmp_path / "sheet.png"), force=False)
    with pytest.raises(InputError, match=words):
        read_answers(answers(text), VoteFile(votes), EYE)
    assert VoteFile(votes).votes == []


def test_answers_without_a_sheet_and_files_in_the_way_are_refused(session, votes, tmp_path, answers):
    with pytest.raises(InputError, match="has no key of a sheet"):
        read_answers(answers("1 style left"), VoteFile(votes), ANN)
    with pytest.raises(InputError, match=r"nothing\.txt cannot be read"):
        read_answers(str(tmp_path / "nothing.txt"), VoteFile(votes), ANN)
    (tmp_path / "sheet-2.png").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"sheet-2\.png exists"):
        write_sheet(session, str(tmp_path / "sheet.png"), force=False)
    assert not (tmp_path / "sheet.png").exists()
    write_sheet(session, str(tmp_path / "sheet.png"), force=True)
