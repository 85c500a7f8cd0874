"""What votes say, counted by hand."""

from pathlib import Path

import pytest
from judging import ANN, BEN, EYE

from impasto.errors import InputError
from impasto.judge.report import make_report, to_json, to_lines
from impasto.judge.statistics import bootstrap_share
from impasto.judge.votes import Rater, Vote


def vote(picture, answer, rater=ANN, left="new", right="old", question="hang", trial=0):
    test = "crops" if question == "painter" else "pairs"
    return Vote(
        test=test,
        picture=picture,
        trial=trial,
        question=question,
        left=left,
        right=right,
        sha256={left: "1", right: "2"},
        answer=answer,
        rater=rater,
        time="2026-01-01T00:00:00+00:00",
    )


def test_wins_are_counted_whichever_side_the_candidate_was_on():
    votes = [vote(f"p{number}", "left") for number in range(6)]
    votes += [vote(f"q{number}", "left", left="old", right="new") for number in range(2)]
    votes += [vote("r1", "tie"), vote("r2", "tie", left="old", right="new")]
    (report,) = make_report(votes)
    (preference,) = report.preferences
    assert (preference.candidate, preference.wins, preference.ties, preference.losses) == ("new", 6, 2, 2)
    assert preference.share.share == 0.7
    assert (preference.share.low, preference.share.high) == bootstrap_share([1] * 6 + [0, 0, 0.5, 0.5], [1] * 10)
    new, old = report.strengths
    assert (new.candidate, new.wins, new.ties, new.losses) == ("new", 6, 2, 2)
    assert new.strength / old.strength == pytest.approx(7.5 / 3.5), "with half a win more for each"
    assert new.low < new.strength < new.high
    assert (report.raters, report.pictures, report.votes) == (1, 10, 10)


def test_questions_and_kinds_of_raters_are_reported_apart():
    votes = [vote("p", "left"), vote("p", "right", BEN), vote("p", "right", EYE), vote("p", "tie", question="style")]
    parts = make_report(votes)
    assert [(part.question, part.raters_kind, part.votes) for part in parts] == [
        ("style", "person", 1),
        ("hang", "person", 2),
        ("hang", "model", 1),
    ]
    lines = to_lines(parts)
    assert "Which would you hang? (2 raters, 1 picture, 2 votes)" in lines
    assert "Which would you hang? (1 MODEL, 1 picture, 1 vote)" in lines


def test_raters_agree_where_they_prefer_one_candidate_whichever_side_it_was_on():
    votes = [vote("p", "left"), vote("p", "right", BEN, left="old", right="new"), vote("q", "left")]
    votes += [vote("r", "left"), vote("r", "tie", BEN)]
    (report,) = make_report(votes)
    assert (report.agreed, report.compared) == (1, 2)
    assert "  raters agree on 1 of 2 (50%)" in to_lines([report])


def test_three_candidates_have_strengths_though_two_were_never_compared():
    votes = [vote(f"p{number}", "left", left="a", right="b") for number in range(4)]
    votes += [vote(f"p{number}", "left", left="b", right="c") for number in range(4)]
    (report,) = make_report(votes)
    assert [it.candidate for it in report.strengths] == ["a", "b", "c"]
    assert [(it.candidate, it.other) for it in report.preferences] == [("a", "b"), ("b", "c")]


def test_many_raters_of_few_pictures_are_no_more_sure_than_one():
    """All prefer the new one on both pictures: who asks more people still knows two pictures."""
    raters = [Rater(name=f"r{number}") for number in range(9)]
    (one,) = make_report([vote("p", "left"), vote("q", "left")])
    (many,) = make_report([vote(picture, "left", rater) for picture in "pq" for rater in raters])
    assert many.strengths[0].strength == pytest.approx(one.strengths[0].strength)
    assert many.strengths[0].low == pytest.approx(one.strengths[0].low)
    assert many.strengths[0].low < many.strengths[0].strength < many.strengths[0].high


def test_the_crop_test_counts_right_answers_and_not_recognized_subjects():
    sides = {"left": "painter", "right": "result", "question": "painter"}
    votes = [vote(f"p{number}", "left", **sides) for number in range(8)]
    turned = {"left": "result", "right": "painter", "question": "painter"}
    votes += [vote("p8", "left", **turned), vote("p9", "right", **sides)]
    votes += [vote("p10", "recognized", **sides)]
    (report,) = make_report(votes)
    found = report.right
    assert (found.share, found.low, found.high) == (0.8, *bootstrap_share([1] * 8 + [0, 0], [1] * 10))
    assert (report.recognized, report.preferences, report.strengths) == (1, [], [])
    assert to_lines([report])[1:3] == [
        "  right answers: 80% [50%, 96%] of 10 votes; 50% is chance",
        "  not counted, the subject was recognized: 1 vote",
    ]


def test_recognized_subjects_alone_make_no_share():
    (report,) = make_report([vote("p", "recognized", left="painter", right="result", question="painter")])
    assert (report.right, report.votes, report.recognized) == (None, 0, 1)
    assert to_json([report])["questions"][0]["right"] is None


def test_of_two_answers_of_one_rater_to_one_question_the_last_counts():
    (report,) = make_report([vote("p", "left"), vote("p", "right")])
    assert (report.votes, report.preferences[0].candidate) == (1, "old")


def test_the_report_in_the_documentation_is_what_its_votes_give():
    votes = [vote(f"p{number}", answer, right="today") for number, answer in enumerate(["left"] * 4 + ["tie", "right"])]
    page = (Path(__file__).parents[2] / "docs" / "judge.md").read_text(encoding="utf-8")
    assert "\n".join(to_lines(make_report(votes))) in page


def test_no_votes_make_no_report():
    with pytest.raises(InputError, match="no votes to report on"):
        make_report([])
