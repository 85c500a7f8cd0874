"""The page over a real socket: it asks everything, keeps every vote, and knows nothing that it could give away."""

import io
import json
import re

import numpy as np
import PIL.Image
import pytest
from judging import save, save_candidates, save_references, serving, session_of

from impasto.errors import InputError
from impasto.judge.server import listening
from impasto.judge.votes import VoteFile

SECRETS = (b"oldlook", b"newlook", b"cat", b"wave", b"tower", b"night", b"photos", b"paintings", b"jsonl", b"Ann")


@pytest.fixture
def session(tmp_path):
    return session_of(save_candidates(tmp_path), tmp_path / "votes.jsonl", **save_references(tmp_path))


def test_all_is_voted_through_the_page_and_nothing_that_it_sends_names_a_file_or_a_folder(session, tmp_path):
    with serving(session) as browser:
        page = b"".join(browser.get(path) for path in ("/", "/page.js", "/page.css"))
        chosen = {"style": "left", "content": "tie", "hang": "right"}
        asked = []
        while (state := browser.state())["task"]:
            task = state["task"]
            asked.append(task["question"])
            assert set(task["pictures"]) == {"left", "right", "photo", "painting"}
            for picture in (*task["pictures"].values(), *state["following"]):
                browser.get(f"/picture/{picture}")
            response, _ = browser.vote(task, chosen[task["question"]])
            assert response.status == 200
        assert asked == ["style", "content", "hang"] * 2
        response, _ = browser.ask("GET", "/cat-wave.png")
        assert response.status == 404
    heard = b"".join(browser.heard)
    assert str(tmp_path).encode() not in heard
    for secret in SECRETS:
        assert not re.search(rb"\b" + secret + rb"\b", heard), secret
    assert b"http" not in page.replace(b"http-equiv", b""), "the page works offline"
    votes = VoteFile(tmp_path / "votes.jsonl").votes
    assert [vote.answer for vote in votes] == ["left", "tie", "right"] * 2


def test_what_is_shown_on_the_left_is_the_file_that_the_vote_names(session, tmp_path):
    with serving(session) as browser:
        task = browser.state()["task"]
        shown = PIL.Image.open(io.BytesIO(browser.get(f"/picture/{task['pictures']['left']}")))
        assert shown.info == {}, "no metadata"
        browser.vote(task, "left")
    (vote,) = VoteFile(tmp_path / "votes.jsonl").votes
    with PIL.Image.open(tmp_path / vote.left / f"{vote.picture}.png") as file:
        assert np.array_equal(np.asarray(shown), np.asarray(file.convert("RGB")))


def test_pictures_of_two_sizes_are_shown_at_one(tmp_path):
    folders = save_candidates(tmp_path, ["cat"])
    save(tmp_path / "newlook" / "cat.png", 5, size=(96, 64))
    with serving(session_of(folders, tmp_path / "votes.jsonl")) as browser:
        pictures = browser.state()["task"]["pictures"]
        data = (browser.get(f"/picture/{pictures[side]}") for side in ("left", "right"))
        assert {PIL.Image.open(io.BytesIO(one)).size for one in data} == {(48, 32)}


def test_undo_asks_the_last_question_again(session):
    with serving(session) as browser:
        first = browser.state()
        assert not first["can_undo"]
        _, data = browser.vote(first["task"], "tie")
        assert json.loads(data)["can_undo"]
        _, data = browser.ask("POST", "/api/undo", {})
        assert json.loads(data) == first


def test_a_second_page_cannot_answer_a_question_twice(session, tmp_path):
    with serving(session) as browser:
        task = browser.state()["task"]
        browser.vote(task, "left")
        response, data = browser.vote(task, "right")
        assert response.status == 409
        assert json.loads(data)["task"] == browser.state()["task"]
    assert len(VoteFile(tmp_path / "votes.jsonl").votes) == 1


def test_requests_of_other_sites_and_under_other_names_are_refused(session, tmp_path):
    with serving(session) as browser:
        own = f"127.0.0.1:{browser.port}"
        refused = [
            (421, "GET", "/", {"Host": "evil.example"}),
            (421, "GET", "/api/state", {"Host": f"evil.example:{browser.port}"}),
            (421, "GET", "/api/state", {"Host": "127.0.0.1:1"}),
            (403, "GET", "/api/state", {"Sec-Fetch-Site": "cross-site"}),
            (403, "POST", "/api/undo", {"Sec-Fetch-Site": "cross-site"}),
            (403, "POST", "/api/undo", {"Host": own, "Origin": "http://evil.example"}),
            (403, "POST", "/api/undo", {"Host": own, "Origin": "null"}),
        ]
        for status, method, path, headers in refused:
            response, _ = browser.ask(method, path, {} if method == "POST" else None, **headers)
            assert response.status == status, (method, path, headers)
            assert "default-src 'none'" in response.getheader("content-security-policy")
        response, _ = browser.ask("GET", "/", None, Host=f"localhost:{browser.port}")
        assert response.status == 200
    assert not (tmp_path / "votes.jsonl").exists()


@pytest.mark.parametrize("body", [{}, {"id": 1, "answer": "left"}, {"id": "x", "answer": "recognized", "more": 1}, []])
def test_what_is_no_vote_is_refused(session, tmp_path, body):
    with serving(session) as browser:
        response, _ = browser.ask("POST", "/api/vote", body)
        assert response.status == 422
        response, _ = browser.ask("POST", "/api/vote", "x" * 5000)
        assert response.status == 413
        response, _ = browser.vote(browser.state()["task"], "recognized")  # an answer of the other test
        assert response.status == 422
    assert not (tmp_path / "votes.jsonl").exists()


def test_a_picture_that_went_away_is_named_in_the_terminal_and_not_on_the_page(session, tmp_path):
    errors = []
    with serving(session, errors) as browser:
        task = session.pending()[0]
        (tmp_path / task.question.left / f"{task.question.picture}.png").unlink()
        response, data = browser.ask("GET", f"/picture/{task.pictures['left']}")
    assert response.status == 410
    assert task.question.picture.encode() not in data
    assert [task.question.picture in error for error in errors] == [True]


def test_a_vote_that_cannot_be_kept_is_said(session, tmp_path):
    (tmp_path / "votes.jsonl").mkdir()
    errors = []
    with serving(session, errors) as browser:
        response, data = browser.vote(browser.state()["task"], "left")
        assert response.status == 422
        assert json.loads(data) == {"problem": "The vote was not kept. The terminal says why."}
        assert browser.state()["done"] == 0
    assert "cannot be written" in errors[0]


def test_a_port_in_use_is_refused_in_one_line(session):
    with (
        serving(session) as browser,
        pytest.raises(InputError, match=f"port {browser.port}, cannot be used: Address already in use"),
        listening(session, browser.port, print),
    ):
        pass
