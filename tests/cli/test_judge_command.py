"""`impasto judge`: the page, the report and the sheet, as one starts them from a shell."""

import json
import signal
import socket
import urllib.request

import pytest
from judging import save, save_candidates, save_references

from impasto.judge.votes import VoteFile


@pytest.fixture
def folders(folder):
    save_candidates(folder)
    save_references(folder)
    return ["oldlook", "newlook"]


def error_of(outcome):
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    return outcome.err


def call(address, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(address, data), timeout=30) as response:
        return json.loads(response.read())


def start(impasto_process, *arguments):
    """The command with its page, and the address of it."""
    process = impasto_process("judge", *arguments, "--port", "0", "--no-browser")
    line = process.stdout.readline().decode()
    assert line.startswith("The page is at http://127.0.0.1:"), (line, process.stderr.read())
    return process, line.split()[-1]


def test_votes_are_kept_over_a_kill_and_reported(impasto_process, impasto, folders):
    process, address = start(impasto_process, *folders, "--rater", "Ann")
    task = call(f"{address}api/state")["task"]
    call(f"{address}api/vote", {"id": task["id"], "answer": "left"})
    process.kill()
    process.communicate()
    process, address = start(impasto_process, *folders, "--rater", "Ann")
    for done in range(1, 6):
        state = call(f"{address}api/state")
        assert state["done"] == done
        call(f"{address}api/vote", {"id": state["task"]["id"], "answer": "tie"})
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, b"Traceback" in err) == (0, False)
    assert b"6 of 6 answered, kept in judge-votes.jsonl" in out
    shown = impasto("judge", "--report")
    assert (shown.code, shown.err) == (0, "")
    assert "Which would you hang? (1 rater, 2 pictures, 2 votes)" in shown.out
    report = json.loads(impasto("judge", "--report", "--json").out)
    assert [part["question"] for part in report["questions"]] == ["style", "content", "hang"]
    assert report["questions"][0]["preferences"][0]["wins"] == 1


def test_a_model_votes_by_a_sheet_and_is_reported_as_one(impasto, folder, folders):
    given = [*folders, "--photos", "photos", "--paintings", "paintings"]
    made = impasto("judge", *given, "--sheet", "pairs.png", "--questions", "style", "hang", "--rater", "eye")
    assert (made.code, made.err) == (0, "")
    assert made.out.startswith("pairs.png\nsheet ")
    assert "2 pairs; questions: style, hang" in made.out
    (folder / "answers.txt").write_text("1 style left\n2 style right\n2 hang tie\n")
    taken = impasto("judge", "--answers", "answers.txt", "--rater", "eye", "--rater-kind", "model")
    assert (taken.code, taken.out) == (0, "3 votes of eye kept in judge-votes.jsonl\n")
    assert "(1 MODEL, 2 pictures, 2 votes)" in impasto("judge", "--report").out
    assert {vote.rater.kind for vote in VoteFile("judge-votes.jsonl").votes} == {"model"}


def test_crops_are_asked_by_a_sheet_too(impasto, folder):
    save(folder / "results" / "cat-wave.png", 1, size=(96, 64))
    save(folder / "paintings" / "wave.png", 2, size=(192, 128))
    made = impasto("judge", "--crops", "results", "paintings", "--crop", "32", "--trials", "2", "--sheet", "c.png")
    assert (made.code, made.err) == (0, "")
    assert "Answer in lines such as `1 painter left` (left, recognized, right)." in made.out
    (folder / "answers.txt").write_text("1 painter left\n2 painter recognized\n")
    assert impasto("judge", "--answers", "answers.txt").code == 0
    shown = impasto("judge", "--report").out
    assert "of 1 vote; 50% is chance" in shown
    assert "not counted, the subject was recognized: 1 vote" in shown


def test_json_without_a_report_is_refused(impasto, folders):
    outcome = impasto("judge", *folders, "--json")
    assert (outcome.code, json.loads(outcome.out)["hint"]) == (2, "Add --report.")


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["oldlook"], "there are not two folders to compare"),
        (["oldlook", "nothing"], "nothing does not exist"),
        (["oldlook", "oldlook"], "oldlook is given twice"),
        (["oldlook", "newlook", "--photos", "nothing"], "nothing does not exist"),
        (["oldlook", "newlook", "--rater", " "], "--rater has no name"),
        (["oldlook", "newlook", "--votes", "photos"], "photos cannot be read"),
        (["oldlook", "--report"], "takes no folders"),
        (["--report", "--answers", "x"], "--report and --answers contradict each other"),
        (["--report"], "no votes to report on"),
        (["--crops", "oldlook"], "--crops takes two folders"),
        (["--crops", "oldlook", "paintings", "--photos", "photos"], "--crops shows nothing beside"),
        (["--crops", "oldlook", "paintings"], "smaller than a crop of 144 px"),
    ],
)
def test_wrong_use_is_refused_in_one_line(impasto, arguments, words):
    assert words in error_of(impasto("judge", *arguments))


def test_a_port_in_use_and_a_damaged_file_of_votes_are_refused_in_one_line(impasto, folder, folders):
    given = ["judge", *folders, "--photos", "photos", "--paintings", "paintings", "--no-browser"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}, cannot be used" in error_of(impasto(*given, "--port", port))
    (folder / "judge-votes.jsonl").write_text("no vote\n")
    assert "line 1 of judge-votes.jsonl is no vote" in error_of(impasto(*given))
