"""The file of votes: nothing is lost, nothing is counted for other pictures."""

import errno
import json
import os

import pytest
from judging import ANN, BEN, save, save_candidates, session_of

from impasto.errors import InputError, OutputError, StorageError
from impasto.judge.votes import VoteFile


@pytest.fixture
def folders(tmp_path):
    return save_candidates(tmp_path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "votes.jsonl"


def answer(session, *answers):
    for one in answers:
        session.vote(session.pending()[0].id, one)


def test_what_was_answered_is_not_asked_again(folders, path):
    session = session_of(folders, path)
    asked = [task.question for task in session.pending()]
    answer(session, "left", "tie")
    later = session_of(folders, path)
    assert [task.question for task in later.pending()] == asked[2:]
    assert (later.state()["done"], later.state()["total"]) == (2, 6)


def test_each_rater_is_asked_everything_in_an_order_and_with_sides_of_their_own(tmp_path, path):
    folders = save_candidates(tmp_path, [f"p{number}" for number in range(20)])
    ann, again, ben = (session_of(folders, path, rater, questions=["hang"]) for rater in (ANN, ANN, BEN))
    answer(ann, "left")
    assert len(ben.pending()) == 20

    def order(session):
        return [(task.question.picture, task.question.left) for task in session.tasks]

    assert order(ann) == order(again)
    assert [picture for picture, _ in order(ann)] != [picture for picture, _ in order(ben)]
    assert sorted(order(ann)) != sorted(order(ben))
    assert 4 <= sum(left == "newlook" for _, left in order(ann)) <= 16
    assert order(session_of(folders, path, seed=1, questions=["hang"])) != order(ann)


def test_the_sides_stay_for_all_questions_of_a_pair(folders, path):
    lefts = {}
    for task in session_of(folders, path).tasks:
        lefts.setdefault(task.question.picture, set()).add(task.question.left)
    assert all(len(sides) == 1 for sides in lefts.values())


def test_pictures_that_are_added_do_not_turn_those_before(tmp_path, path):
    folders = save_candidates(tmp_path)
    before = {task.question.picture: task.question.left for task in session_of(folders, path).tasks}
    answer(session_of(folders, path), "left")
    save_candidates(tmp_path, ["more1", "more2"])
    after = {task.question.picture: task.question.left for task in session_of(folders, path).tasks}
    assert {name: after[name] for name in before} == before
    assert len(after) == 4


def test_undo_takes_back_only_the_raters_own_last_vote(folders, path):
    ann = session_of(folders, path)
    answer(ann, "left", "right")
    answer(session_of(folders, path, BEN), "tie")
    session_of(folders, path).undo()
    kept = VoteFile(path).votes
    assert [(vote.rater.name, vote.answer) for vote in kept] == [("Ann", "left"), ("Ben", "tie")]
    assert len(session_of(folders, path).pending()) == 5
    for _ in range(3):
        session_of(folders, path).undo()
    assert [vote.rater.name for vote in VoteFile(path).votes] == ["Ben"]


def test_half_a_line_at_the_end_is_dropped_and_the_next_vote_is_whole(folders, path):
    answer(session_of(folders, path), "left", "right")
    path.write_bytes(path.read_bytes()[:-30])
    assert [vote.answer for vote in VoteFile(path).votes] == ["left"]
    answer(session_of(folders, path), "tie")
    assert [vote.answer for vote in VoteFile(path).votes] == ["left", "tie"]
    assert path.read_bytes().count(b"\n") == 2


def test_a_last_line_without_its_end_still_counts(folders, path):
    answer(session_of(folders, path), "left")
    path.write_bytes(path.read_bytes().rstrip())
    answer(session_of(folders, path), "tie")
    assert [vote.answer for vote in VoteFile(path).votes] == ["left", "tie"]


@pytest.mark.parametrize("change", [lambda line: line[:-20] + b"\n", lambda _: b"\n", lambda _: b'{"event": "vote"}\n'])
def test_other_damage_is_refused_with_the_number_of_the_line(folders, path, change):
    answer(session_of(folders, path), "left", "right", "tie")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + change(lines[1]) + lines[2])
    with pytest.raises(InputError, match=r"line 2 of .*votes\.jsonl is no vote"):
        VoteFile(path)


def test_votes_on_a_picture_that_changed_are_refused(tmp_path, folders, path):
    session = session_of(folders, path)
    answer(session, "left")
    stem = VoteFile(path).votes[0].picture
    save(tmp_path / "newlook" / f"{stem}.png", 99)
    with pytest.raises(InputError, match=f"{stem} was changed since"):
        session_of(folders, path)


def test_votes_on_other_candidates_are_refused(tmp_path, folders, path):
    answer(session_of(folders, path), "left")
    with pytest.raises(InputError, match="which are not compared now"):
        session_of(save_candidates(tmp_path, candidates=["one", "two"]), path)


def test_an_unreadable_file_and_a_full_disk_are_said_and_nothing_is_asked_anew(folders, path, monkeypatch, tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        VoteFile(tmp_path)
    with pytest.raises(OutputError, match="cannot be written"):
        answer(session_of(folders, tmp_path / "nothing" / "votes.jsonl"), "left")
    session = session_of(folders, path)

    def full(_number):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        answer(session, "left")
    assert len(session.pending()) == len(session_of(folders, path).pending()) == 6
    assert path.read_bytes() == b""


def test_a_line_says_what_was_compared_by_whom_and_when(folders, path):
    answer(session_of(folders, path), "left")
    line = json.loads(path.read_text())
    assert line["rater"] == {"name": "Ann", "kind": "person"}
    assert {line["left"], line["right"]} == {"oldlook", "newlook"} == set(line["sha256"])
    assert line["question"] == "style"
    assert line["time"].endswith("+00:00")
